/** What lookups read of a frame, in TypeScript: numbers of two and four bytes at any place. Callers check the length before. */
import type { FrameBatch } from "../frame-batch.ts";

/** A 32-bit word, its first byte lowest, as staged code loads it. */
export function word32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
export function word16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
/** Has copies of a frame that others can write to go with the addresses that were looked up. */
export function keepAddresses(batch: FrameBatch, i: number, at: number): void {
  if (!batch.memory.shared) return;
  const { bytes } = batch.memory;
  batch.keep(i, word32(bytes, at), word32(bytes, at + 4), word32(bytes, at + 8));
}
