/**
 * Bytes of a file, front to back: of a regular file or a device as they are asked for, of a pipe as they come. Nothing waits
 * for a pipe's other side, so that the process goes on hearing signals.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { BufferedSource, type ByteSource, PushSource, pieceSize } from "./byte-source.ts";
import { packingOf, UnpackedSource } from "./unpacked-source.ts";

/**
 * Opens a path, `-` for standard input. Compressed files are unpacked. With `waiting`, what a pipe does not have yet is
 * waited for. @throws the system's error.
 */
export function openSource(path: string, { waiting = false }: { readonly waiting?: boolean } = {}): ByteSource {
  // A pipe without a writer is open at once that way; other files do not care.
  const flags = constants.O_RDONLY | (waiting ? 0 : (constants.O_NONBLOCK ?? 0));
  const fd = path === "-" ? 0 : openSync(path, flags);
  const stat = fstatSync(fd);
  if (stat.isFIFO() && !waiting) return new PipeSource(fd);
  const source = new FileSource(fd, stat.isFile() ? stat.size : undefined);
  if (path === "-" || !stat.isFile()) return source;
  try {
    const packing = packingOf(source.take(10));
    source.seek(0);
    if (!packing) return source;
    source.close();
    return new UnpackedSource(path, packing);
  } catch (e) {
    source.close();
    throw e;
  }
}

/** Between looks at a standard input that somebody else has made one that does not wait. */
const pauseMs = 10;

class FileSource extends BufferedSource implements ByteSource {
  readonly waits = false;
  private fd: number;
  /** Where the next bytes are read from; `null` in what has no places. */
  private from: number | null;

  constructor(fd: number, size: number | undefined) {
    super(new Uint8Array(pieceSize));
    this.fd = fd;
    this.from = size === undefined ? null : 0;
  }

  override get size(): number | undefined {
    return this.from === null || this.fd < 0 ? undefined : fstatSync(this.fd).size;
  }

  take(n: number): Uint8Array {
    if (this.end - this.start < n && this.fd >= 0) {
      this.makeRoom(Math.max(n, this.buffer.length >> 1));
      while (this.end - this.start < n) {
        const got = this.read();
        if (got === 0) break;
        this.end += got;
        if (this.from !== null) this.from += got;
      }
    }
    return this.cut(n);
  }

  private read(): number {
    for (;;)
      try {
        return readSync(this.fd, this.buffer, this.end, this.buffer.length - this.end, this.from);
      } catch (e) {
        const { code } = e as { code?: string };
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") throw e;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      }
  }

  override seek(position: number): void {
    if (this.from === null) {
      super.seek(position);
      return;
    }
    this.from = position;
    this.start = 0;
    this.end = 0;
    this.mark();
    this.position = position;
  }

  more(): Promise<void> {
    return Promise.resolve();
  }

  /** What is in a file is there at once. */
  onReady(): () => void {
    return () => {};
  }

  close(): void {
    if (this.fd > 0) closeSync(this.fd);
    this.fd = -1;
  }
}

class PipeSource extends PushSource {
  private readonly socket: Socket;

  constructor(fd: number) {
    super();
    let trouble: Error | undefined;
    this.socket = new Socket({ fd, readable: true, writable: false });
    this.socket.on("data", (bytes) => {
      this.append(bytes);
      // Its other side has to wait.
      if (this.held >= pieceSize) this.socket.pause();
    });
    this.socket.on("error", (e) => {
      trouble = e;
    });
    this.socket.on("close", () => this.finish(trouble));
  }

  protected override wantsMore(): void {
    this.socket.resume();
  }

  override close(): void {
    this.socket.destroy();
  }
}
