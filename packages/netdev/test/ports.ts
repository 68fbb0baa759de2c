/** What tests do with ports by hand. */
import type { PortUnderTest } from "@clickos/netdev/compliance";
import { FrameBatch, type Port } from "@clickos/vale";

/** A frame with a content of its own. */
export function frame(number: number, length = 60): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (number * 17 + i) & 255);
}

/** Delivers frames as a switch does; how many were taken. */
export function deliver(port: Port, ...frames: readonly Uint8Array[]): number {
  const stride = 9216;
  const batch = new FrameBatch(new ArrayBuffer(frames.length * stride));
  frames.forEach((bytes, i) => {
    batch.memory.bytes.set(bytes, i * stride);
    batch.offsets[i] = i * stride;
    batch.lengths[i] = bytes.length;
  });
  batch.count = frames.length;
  const taken = port.deliver(
    batch,
    Int32Array.from(frames, (_, i) => i),
    frames.length,
  );
  port.flush();
  return taken;
}

/** The frames of one poll. */
export function take(port: Port): Uint8Array[] {
  const batch = port.poll();
  if (!batch) return [];
  const frames = Array.from({ length: batch.count }, (_, i) => {
    const at = batch.offsets[i] as number;
    return batch.memory.bytes.slice(at, at + (batch.lengths[i] as number));
  });
  port.release();
  return frames;
}

/** Frames that come by events, for who waits for them. */
export class Mailbox {
  private readonly frames: Uint8Array[] = [];
  private waiting: (() => void) | undefined;

  put(bytes: Uint8Array): void {
    this.frames.push(Uint8Array.from(bytes));
    this.waiting?.();
  }
  async next(timeoutMs: number): Promise<Uint8Array | undefined> {
    if (this.frames.length === 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.waiting = undefined;
    return this.frames.shift();
  }
}

/** A port whose far end is a port too. */
export function joined(port: Port, far: Port): PortUnderTest {
  const mailbox = new Mailbox();
  const collect = (): void => {
    for (let frames = take(far); frames.length > 0; frames = take(far)) for (const each of frames) mailbox.put(each);
  };
  far.onReady?.(collect);
  return {
    port,
    async send(bytes) {
      // While there is no room at the port, for a moment.
      for (let tries = 0; tries < 20 && deliver(far, bytes) === 0; tries++)
        await new Promise((resolve) => setTimeout(resolve, 1));
    },
    receive: (timeoutMs) => mailbox.next(timeoutMs),
  };
}

/** Waits until something holds. */
export async function until(holds: () => unknown, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); ) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
