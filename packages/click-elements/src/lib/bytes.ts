/** Moves of a length known at build time, and other small staged helpers. */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";

/** Copies `length` bytes in blocks of 16; up to 15 bytes after the end of both are touched too. */
export function copyBytes(c: FunctionBuilder, to: I32, from: I32Like, length: number): void {
  if (length > 512) c.copy(to, from, length);
  else for (let i = 0; i < length; i += 16) c.copy16(to, from, i, i);
}

/** Copies a 6-byte Ethernet address. */
export function copyEther(c: FunctionBuilder, to: I32, toOffset: number, from: I32Like, fromOffset: number): void {
  const high = c.load32(from, fromOffset);
  const low = c.load16(from, fromOffset + 4);
  c.store32(to, high, toOffset);
  c.store16(to, low, toOffset + 4);
}

/** Stores constant bytes at an address, widest stores first. */
export function storeBytes(c: FunctionBuilder, to: I32, bytes: Uint8Array, offset = 0): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) c.store64(to, data.getBigInt64(i, true), offset + i);
  for (; i + 4 <= bytes.length; i += 4) c.store32(to, data.getInt32(i, true), offset + i);
  for (; i + 2 <= bytes.length; i += 2) c.store16(to, data.getUint16(i, true), offset + i);
  for (; i < bytes.length; i++) c.store8(to, data.getUint8(i), offset + i);
}

/** The four bytes of an address as the little-endian word that stands in memory. */
export function memoryWord(address: number): number {
  return ((address >>> 24) | ((address >>> 8) & 0xff00) | ((address << 8) & 0xff0000) | (address << 24)) >>> 0;
}
