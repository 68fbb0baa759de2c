/**
 * Bytes of a file, front to back: of a regular file or a device as they are asked for, of a pipe as they come. Nothing waits
 * for a pipe's other side, so that the process goes on hearing signals.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { BufferedSource, type ByteSource, PushSource, pieceSize } from "./byte-source.ts";

/** Opens a path. @throws the system's error. */
export function openSource(path: string): ByteSource {
  // A pipe without a writer is open at once that way; other files do not care.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(fd).isFIFO()) return new PipeSource(fd);
  return new FileSource(fd);
}

class FileSource extends BufferedSource implements ByteSource {
  readonly waits = false;
  private fd: number;

  constructor(fd: number) {
    super(new Uint8Array(pieceSize));
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

  /** What is in a file is there at once. */
  onReady(): () => void {
    return () => {};
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
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
