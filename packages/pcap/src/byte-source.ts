/** Where a capture's bytes come from, front to back: memory, or what its user brings. */

export interface ByteSource {
  /**
   * The next `n` bytes, or fewer at the end. They stay valid until the next call.
   *
   * @throws {starved} while they are not there yet.
   */
  take(n: number): Uint8Array;
  /** Where `rewind` goes back to. */
  mark(): void;
  rewind(): void;
  /** Bytes taken so far: where the next is from. */
  readonly position: number;
  /** Goes on from there, as far as it can: what has no places is only passed over forwards. */
  seek(position: number): void;
  /** Bytes in all, where that is known. */
  readonly size: number | undefined;
  /** Whether its bytes come later, as those of a pipe do. */
  readonly waits: boolean;
  /** Resolves when there is more, or the end. */
  more(): Promise<void>;
  /** Calls back whenever there is more, or the end. @returns ends it. */
  onReady(listener: () => void): () => void;
  close(): void;
}

/** Thrown by `take`: the bytes are not there yet. */
export const starved: unique symbol = Symbol("starved");

/** How much room a source of unknown length begins with. */
export const pieceSize: number = 1 << 18;

/** What sources keep: bytes from the mark on, in `buffer` from `start` to `end`. */
export abstract class BufferedSource {
  protected buffer: Uint8Array;
  protected start = 0;
  protected end = 0;
  private marked = 0;
  position = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
  }

  mark(): void {
    this.marked = this.start;
  }

  rewind(): void {
    this.position -= this.start - this.marked;
    this.start = this.marked;
  }

  get size(): number | undefined {
    return undefined;
  }

  abstract take(n: number): Uint8Array;

  seek(position: number): void {
    while (this.position < position) {
      this.mark();
      if (this.take(Math.min(position - this.position, pieceSize)).length === 0) return;
    }
  }

  /** Has room for `n` bytes after `end`; what is before the mark goes. */
  protected makeRoom(n: number): void {
    if (this.end + n <= this.buffer.length) return;
    const kept = this.end - this.marked;
    if (kept + n > this.buffer.length) {
      const bigger = new Uint8Array(kept + n);
      bigger.set(this.buffer.subarray(this.marked, this.end));
      this.buffer = bigger;
    } else this.buffer.copyWithin(0, this.marked, this.end);
    this.start -= this.marked;
    this.end = kept;
    this.marked = 0;
  }

  protected cut(n: number): Uint8Array {
    const bytes = this.buffer.subarray(this.start, Math.min(this.start + n, this.end));
    this.start += bytes.length;
    this.position += bytes.length;
    return bytes;
  }
}

/** Bytes that are all there. */
export class MemorySource extends BufferedSource implements ByteSource {
  readonly waits = false;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.end = bytes.length;
  }

  override get size(): number {
    return this.end;
  }

  override seek(position: number): void {
    this.start = Math.min(position, this.end);
    this.position = this.start;
  }

  take(n: number): Uint8Array {
    return this.cut(n);
  }

  more(): Promise<void> {
    return Promise.resolve();
  }

  /** All of it is there at once. */
  onReady(): () => void {
    return () => {};
  }

  close(): void {}
}

/** Bytes that are appended as they come, from a pipe, a request, a stream. */
export class PushSource extends BufferedSource implements ByteSource {
  readonly waits = true;
  private finished = false;
  private trouble: Error | undefined;
  /** Whether something came since `take` had too little. */
  private fresh = false;
  private readonly listeners = new Set<{ readonly ready: () => void }>();

  constructor() {
    super(new Uint8Array(pieceSize));
  }

  /** Bytes that were appended and not taken. */
  get held(): number {
    return this.end - this.start;
  }

  append(bytes: Uint8Array): void {
    this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
    this.wake();
  }

  /** There will be no more; `trouble` is why not, when this is not the end. */
  finish(trouble?: Error): void {
    this.finished = true;
    this.trouble = trouble;
    this.wake();
  }

  take(n: number): Uint8Array {
    if (this.held < n) {
      if (!this.finished) {
        this.fresh = false;
        this.wantsMore();
        throw starved;
      }
      if (this.trouble) throw this.trouble;
    }
    return this.cut(n);
  }

  more(): Promise<void> {
    if (this.finished || this.fresh) return Promise.resolve();
    return new Promise((resolve) => {
      const end = this.onReady(() => {
        end();
        resolve();
      });
    });
  }

  onReady(ready: () => void): () => void {
    const listener = { ready };
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  close(): void {
    this.finish();
  }

  /** Called when `take` had too little. */
  protected wantsMore(): void {}

  private wake(): void {
    this.fresh = true;
    for (const { ready } of this.listeners) ready();
  }
}
