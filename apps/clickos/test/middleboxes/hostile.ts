/** Frames that lie, for middleboxes: none of them traps, and every frame is accounted for. */
import { ethernet } from "@clickos/wire/ethernet";
// @ts-expect-error: plain JavaScript
import { hostileFrame } from "../../../../test/fuzz/frames.mjs";
// @ts-expect-error: plain JavaScript
import { random } from "../../../../test/hostile/random.mjs";
import type { Middlebox } from "./support.ts";

const together = 16;
const longest = 1514;

/** Sends so many frames, of an Ethernet header at least, to the devices in turn; how many were sent, and how many left. */
export function sendHostile(
  box: Middlebox,
  devices: readonly number[],
  { count = 2000, seed = 1 } = {},
): { readonly sent: number; readonly left: number } {
  const r = random(seed);
  let left = 0;
  const add = (frames: Readonly<Record<number, readonly unknown[]>>): void => {
    for (const list of Object.values(frames)) left += list.length;
  };
  for (let sent = 0; sent < count; sent += together) {
    const frames = Array.from({ length: together }, () => {
      for (;;) {
        const frame = (hostileFrame(r) as Uint8Array).slice(0, longest);
        if (frame.length >= ethernet.size) return frame;
      }
    });
    add(box.send(devices[(sent / together) % devices.length] as number, ...frames));
    if (r.once(16)) add(box.wait(0.1));
  }
  return { sent: Math.ceil(count / together) * together, left };
}

/** Packets that were dropped, by whatever. */
export const dropped = (box: Middlebox): number => Object.values(box.drops()).reduce((sum, count) => sum + count, 0);
