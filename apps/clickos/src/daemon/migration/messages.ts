/**
 * What two daemons say to each other while a domain moves: a line that says so, then messages of a type (one byte), a length (four,
 * little endian) and as many bytes. The other side may be anybody: each type has a longest length, and what is waited for comes in time
 * or not at all.
 */
import type { Socket } from "node:net";
import { DaemonError } from "../daemon-error.ts";

/** How a migration begins; no request of HTTP or JSON-RPC does. */
export const preface = "CLICKOS MIGRATE 1\n";

export const message = {
  /** From the source: the domain, as JSON; an image for each of its routers. */
  hello: 1,
  image: 2,
  /** Frames of memory: the number of each, and its 4,096 bytes. */
  frames: 3,
  /** All that it held when it was gone through first: the destination rehearses, and says that it is ready again. */
  rehearse: 8,
  /** It stands still: its time. Then all has been said of its memory. */
  stopped: 4,
  /** It is the destination's from here on. */
  go: 5,
  /** A frame that came for a device while it moved: a byte with the device's number, then the frame. */
  held: 6,
  /** There are no more of them. */
  done: 7,
  /** From the destination: it has room for it; it stands there; it runs; it is kept. */
  ready: 64,
  prepared: 65,
  running: 66,
  kept: 67,
  /** It is not taken: why, as JSON. */
  refused: 68,
} as const;
export type MessageType = (typeof message)[keyof typeof message];

const frameSize = 4096;
/** Frames in a message. */
export const framesAtOnce = 64;
const longest: Readonly<Record<number, number>> = {
  [message.hello]: 512 * 1024,
  [message.image]: 16 * 1024 * 1024,
  [message.frames]: framesAtOnce * (frameSize + 4),
  [message.stopped]: 256,
  [message.held]: 65536,
  [message.refused]: 65536,
};
const headerSize = 5;
/** Bytes that may wait to be sent, and to be read. */
const backlog = 4 * 1024 * 1024;
const most = 32 * 1024 * 1024;
/** How long a connection that was ended stays for what is still to be sent. */
const lingerMs = 1000;

export interface Message {
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The other daemon, at the other end of a connection. One thing at a time is sent to it or waited for. */
export class Peer {
  private readonly socket: Socket;
  /** Bytes that have come, in pieces. */
  private readonly pieces: Buffer[] = [];
  private length = 0;
  private waiter: (() => void) | undefined;
  /** How long the other side may be silent, in milliseconds. */
  patienceMs = 20_000;
  private failure: Error | undefined;

  /** `first` has bytes that came before. */
  constructor(socket: Socket, first: Buffer = Buffer.alloc(0)) {
    this.socket = socket;
    socket.setNoDelay?.(true);
    const fail = (why: string): void => {
      this.failure ??= new DaemonError("MIGRATION", why);
      this.waiter?.();
    };
    const take = (bytes: Buffer): void => {
      if (bytes.length === 0) return;
      this.pieces.push(bytes);
      this.length += bytes.length;
      if (this.length > most) socket.pause();
      this.waiter?.();
    };
    socket.on("data", take);
    socket.on("drain", () => this.waiter?.());
    socket.on("error", (e) => fail(`the connection was lost: ${e.message}`));
    socket.on("close", () => fail("the other side closed the connection"));
    take(first);
  }

  /** Sends a message; resolves at once, or when not too much waits. @throws {DaemonError} `MIGRATION` */
  async send(type: MessageType, ...parts: readonly Uint8Array[]): Promise<void> {
    const header = Buffer.alloc(headerSize);
    header[0] = type;
    header.writeUInt32LE(
      parts.reduce((sum, { length }) => sum + length, 0),
      1,
    );
    if (this.failure) throw this.failure;
    this.socket.cork();
    for (const part of [header, ...parts]) this.socket.write(part);
    this.socket.uncork();
    while (this.socket.writableLength > backlog) await this.wait();
  }
  sendJson(type: MessageType, value: unknown): Promise<void> {
    return this.send(type, Buffer.from(JSON.stringify(value)));
  }

  /** The next message. @throws {DaemonError} `MIGRATION` */
  async receive(): Promise<Message> {
    const header = await this.take(headerSize);
    const type = header[0] as number;
    const length = header.readUInt32LE(1);
    if (length > (longest[type] ?? 0))
      throw new DaemonError("MIGRATION", `a message of type ${type} with ${length} bytes`);
    return { type, bytes: new Uint8Array(await this.take(length)) };
  }
  /** A message of a type. @throws {DaemonError} `MIGRATION`, or what the other side says is wrong. */
  async expect(type: MessageType): Promise<Message> {
    const next = await this.receive();
    if (next.type === message.refused) throw refusal(next.bytes);
    if (next.type !== type) throw new DaemonError("MIGRATION", `a message of type ${next.type} in place of ${type}`);
    return next;
  }
  close(): void {
    this.socket.end();
    setTimeout(() => this.socket.destroy(), lingerMs).unref();
  }

  /** So many bytes that came, once they have. */
  private async take(count: number): Promise<Buffer> {
    while (this.length < count) {
      this.socket.resume();
      await this.wait();
    }
    const taken: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = this.pieces[0] as Buffer;
      taken.push(piece.subarray(0, left));
      if (piece.length > left) this.pieces[0] = piece.subarray(left);
      else this.pieces.shift();
      left -= Math.min(left, piece.length);
    }
    this.length -= count;
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken);
  }
  /** Until anything has happened to the connection. @throws {DaemonError} when it is lost, or the other side is silent. */
  private async wait(): Promise<void> {
    if (this.failure) throw this.failure;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.waiter = resolve;
      timer = setTimeout(() => {
        this.failure ??= new DaemonError("MIGRATION", `the other side was silent for ${this.patienceMs / 1000} s`);
        resolve();
      }, this.patienceMs);
    });
    clearTimeout(timer);
    this.waiter = undefined;
    // What came before the end is there to be read.
    if (this.failure && this.length === 0) throw this.failure;
  }
}

/** Why the other side refuses: its words, which may be any. */
function refusal(bytes: Uint8Array): DaemonError {
  let said: { message?: unknown } = {};
  try {
    said = JSON.parse(Buffer.from(bytes).toString()) as typeof said;
  } catch {
    // It says nothing that can be read.
  }
  const words = typeof said?.message === "string" ? said.message.slice(0, 1000) : "it does not say why";
  return new DaemonError("REFUSED", `the other daemon refuses it: ${words}`);
}
