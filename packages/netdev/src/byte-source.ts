/**
 * Bytes of a file, front to back: of a regular file or a device as they are asked for, of a pipe as they come. Nothing waits
 * for a pipe's other side, so that the process goes on hearing signals.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

export interface ByteSource {
  /**
   * The next `n` bytes, or fewer at the end. They stay valid until the next call.
   *
   * @throws {starved} while a pipe does not have them.
   */
  take(n: number): Uint8Array;
  /** Where `rewind` goes back to. */
  mark(): void;
  rewind(): void;
  /** Bytes taken so far. */
  readonly position: number;
  /** Whether it is a pipe. */
  readonly waits: boolean;
  /** Resolves when a pipe has more, or has ended. */
  more(): Promise<void>;
  close(): void;
}

/** Thrown by `take`: the bytes are not there yet. */
export const starved: unique symbol = Symbol("starved");

/** Read at once from a file; and how much of a pipe is kept before its other side has to wait. */
const pieceSize = 1 << 18;

/** Opens a path. @throws the system's error. */
export function openSource(path: string): ByteSource {
  // A pipe without a writer is open at once that way; other files do not care.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(fd).isFIFO()) return new PipeSource(fd);
  return new FileSource(fd);
}

/** What both keep: bytes from the mark on. */
abstract class BufferedSource {
  protected buffer = new Uint8Array(pieceSize);
  protected start = 0;
  protected end = 0;
  private marked = 0;
  position = 0;

  mark(): void {
    this.marked = this.start;
  }

  rewind(): void {
    this.position -= this.start - this.marked;
    this.start = this.marked;
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

class FileSource extends BufferedSource implements ByteSource {
  readonly waits = false;
  private fd: number;

  constructor(fd: number) {
    super();
    this.fd = fd;
  }

  take(n: number): Uint8Array {
    if (this.end - this.start < n) {
      this.makeRoom(Math.max(n, this.buffer.length >> 1));
      while (this.end - this.start < n) {
        const got = readSync(this.fd, this.buffer, this.end, this.buffer.length - this.end, null);
        if (got === 0) break;
        this.end += got;
      }
    }
    return this.cut(n);
  }

  more(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

class PipeSource extends BufferedSource implements ByteSource {
  readonly waits = true;
  private readonly socket: Socket;
  private ended = false;
  private trouble: Error | undefined;
  /** Whether something came since `take` had too little. */
  private fresh = false;
  private waiting: (() => void)[] = [];

  constructor(fd: number) {
    super();
    this.socket = new Socket({ fd, readable: true, writable: false });
    this.socket.on("data", (bytes) => {
      this.makeRoom(bytes.length);
      this.buffer.set(bytes, this.end);
      this.end += bytes.length;
      if (this.end - this.start >= pieceSize) this.socket.pause();
      this.wake();
    });
    this.socket.on("error", (e) => {
      this.trouble = e;
    });
    this.socket.on("close", () => {
      this.ended = true;
      this.wake();
    });
  }

  private wake(): void {
    this.fresh = true;
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  take(n: number): Uint8Array {
    if (this.end - this.start < n) {
      if (!this.ended) {
        this.fresh = false;
        this.socket.resume();
        throw starved;
      }
      if (this.trouble) throw this.trouble;
    }
    return this.cut(n);
  }

  more(): Promise<void> {
    return this.ended || this.fresh ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  close(): void {
    this.socket.destroy();
  }
}
