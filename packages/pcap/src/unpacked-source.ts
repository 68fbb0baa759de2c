/**
 * Bytes of a compressed file, unpacked as they are asked for: gzip by the platform, bzip2 and compress(1) by `bzcat` and
 * `zcat`. A thread unpacks, and stands still while its piece is not taken: no more than that is held. `take` waits for it.
 */
import { Worker } from "node:worker_threads";
import { BufferedSource, type ByteSource, pieceSize } from "./byte-source.ts";

/** What a file is packed with, by its first bytes. */
export type Packing = "gzip" | "bzip2" | "compress";

export function packingOf(head: Uint8Array): Packing | undefined {
  const text = String.fromCharCode(...head.subarray(0, 10));
  if (text.startsWith("\x1f\x8b") && head.length >= 3) return "gzip";
  if (text.startsWith("\x1f\x9d") && head.length >= 3) return "compress";
  // The number of a block, or the end of a file that has none.
  if (/^BZh[1-9]/.test(text) && (text.startsWith("1AY&SY", 4) || head[4] === 0x17)) return "bzip2";
  return undefined;
}

/** States of the piece that both threads share. */
const free = 0;
const filled = 1;
const ended = 2;
const failed = 3;

/** What the thread runs: [0] is the state of the piece, [1] the bytes in it. */
const unpack = `
const { workerData: { path, packing, shared } } = require("node:worker_threads");
const { createReadStream } = require("node:fs");
const { spawn } = require("node:child_process");
const { createGunzip } = require("node:zlib");
const words = new Int32Array(shared, 0, 2);
const piece = new Uint8Array(shared, 8);
const hand = (state, length) => {
  words[1] = length;
  Atomics.store(words, 0, state);
  Atomics.notify(words, 0);
};
const unpacked = () => {
  if (packing === "gzip") {
    const input = createReadStream(path);
    const output = createGunzip();
    input.on("error", (e) => output.destroy(e)).pipe(output);
    return output;
  }
  const program = packing === "bzip2" ? "bzcat" : "zcat";
  const child = spawn(program, [path], { stdio: ["ignore", "pipe", "inherit"] });
  child.on("error", (e) => child.stdout.destroy(new Error(program + ": " + e.message)));
  return child.stdout;
};
(async () => {
  try {
    for await (const chunk of unpacked())
      for (let at = 0; at < chunk.length; at += piece.length) {
        Atomics.wait(words, 0, ${filled});
        const part = chunk.subarray(at, at + piece.length);
        piece.set(part);
        hand(${filled}, part.length);
      }
    Atomics.wait(words, 0, ${filled});
    hand(${ended}, 0);
  } catch (e) {
    Atomics.wait(words, 0, ${filled});
    const message = new TextEncoder().encode(String(e.message)).subarray(0, piece.length);
    piece.set(message);
    hand(${failed}, message.length);
  }
})();
`;

export class UnpackedSource extends BufferedSource implements ByteSource {
  readonly waits = false;
  private readonly worker: Worker;
  private readonly words: Int32Array;
  private readonly piece: Uint8Array;
  private over = false;
  private trouble: Error | undefined;

  constructor(path: string, packing: Packing) {
    super(new Uint8Array(pieceSize));
    const shared = new SharedArrayBuffer(8 + pieceSize);
    this.words = new Int32Array(shared, 0, 2);
    this.piece = new Uint8Array(shared, 8);
    this.worker = new Worker(unpack, { eval: true, workerData: { path, packing, shared } });
    this.worker.unref();
  }

  take(n: number): Uint8Array {
    while (this.end - this.start < n && !this.over) this.wait();
    if (this.end - this.start < n && this.trouble) throw this.trouble;
    return this.cut(n);
  }

  /** Takes over the thread's next piece. */
  private wait(): void {
    Atomics.wait(this.words, 0, free);
    const state = Atomics.load(this.words, 0);
    const bytes = this.piece.subarray(0, this.words[1]);
    if (state === filled) {
      this.makeRoom(bytes.length);
      this.buffer.set(bytes, this.end);
      this.end += bytes.length;
      Atomics.store(this.words, 0, free);
      Atomics.notify(this.words, 0);
      return;
    }
    this.over = true;
    if (state === failed) this.trouble = new Error(new TextDecoder().decode(bytes.slice()));
  }

  more(): Promise<void> {
    return Promise.resolve();
  }

  onReady(): () => void {
    return () => {};
  }

  close(): void {
    this.over = true;
    void this.worker.terminate();
  }
}
