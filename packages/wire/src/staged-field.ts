/** Fields of headers in staged code: loads and stores with constant offsets. */
import {
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type I64Like,
  type Ref,
  staged,
} from "@clickos/codegen";
import { type U32Field, u8, u16, u16be, u32, u32be } from "@clickos/layout";
import { WireError } from "./error.ts";
import type { Field } from "./table.ts";

/** A field of bits: its value is a number, most significant bit first. */
export interface StagedBits extends Ref<I32, I32Like> {
  /** Not 0 where a bit of the field is set; cheaper than `get` for a flag. */
  isSet(): I32;
  /**
   * Of a field of 8, 16 or 32 bits: its bytes as the number that stands in memory, little endian. To copy and to compare
   * with `stored16` and `stored32`, without bringing bytes in order.
   */
  readonly stored: Ref<I32, I32Like>;
}

/** A field of bytes. */
export interface StagedBytes {
  readonly address: I32;
  readonly size: number;
  /** Copies bytes known when the code is made, or those of another field of this size. */
  set(value: Uint8Array | StagedBytes): void;
  equals(value: Uint8Array): I32;
}

/** A field of at most 8 bytes, such as an Ethernet address: also a number as it stands in memory, little endian. */
export interface StagedAddress extends StagedBytes {
  get(): I64;
  set(value: Uint8Array | StagedBytes | I64 | bigint): void;
}

/** A 16-bit number in network order, as the number that stands in memory. */
export function stored16(value: number): number {
  return ((value >>> 8) & 0xff) | ((value & 0xff) << 8);
}
/** A 32-bit number in network order, as the number that stands in memory. */
export function stored32(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
}
/** Up to 8 bytes as the number that stands in memory. */
export function storedBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n);
}

const inOrder: Readonly<Record<number, U32Field>> = { 1: u8, 2: u16be, 4: u32be };
const asStored: Readonly<Record<number, U32Field>> = { 1: u8, 2: u16, 4: u32 };

/** The bytes that hold a field, as one number in network order. */
export function containerOf(c: FunctionBuilder, { offset, size }: Field, base: I32, start: number): Ref<I32, I32Like> {
  return staged(c, inOrder[size] as U32Field, base, start + offset);
}

/** A field's value in those bytes. */
export function valueIn({ shift, mask, size, bits, whole }: Field, container: I32): I32 {
  const shifted = container.shrU(shift);
  return whole || shift + bits === size * 8 ? shifted : shifted.and(mask);
}

export function stagedBits(c: FunctionBuilder, field: Field, base: I32, start: number): StagedBits {
  const container = containerOf(c, field, base, start);
  const { shift, mask, size, whole } = field;
  const inPlace = (mask << shift) >>> 0;
  const get = (): I32 => valueIn(field, container.get());
  const set = (value: I32Like): void => {
    if (whole) {
      container.set(value);
      return;
    }
    const bits = typeof value === "number" ? c.i32(((value << shift) & inPlace) >>> 0) : value.shl(shift).and(inPlace);
    container.set(container.get().and(~inPlace).or(bits));
  };
  return {
    get,
    set,
    inc: (by = 1) => set(get().add(by)),
    isSet: () => (whole ? container.get() : container.get().and(inPlace)),
    get stored() {
      if (!whole) throw new WireError("UNPROVEN", `${field.name} is a part of its bytes, and not stored as they are`);
      return staged(c, asStored[size] as U32Field, base, start + field.offset);
    },
  };
}

/** @param headerSize bytes of the header that are known: a load of 8 bytes may take neighbours of a field with it. */
export function stagedBytes(
  c: FunctionBuilder,
  { size, offset, name }: Field,
  base: I32,
  start: number,
  headerSize: number,
): StagedAddress {
  const at = start + offset;
  const field: StagedAddress = {
    get address() {
      return base.add(at);
    },
    size,
    get: () => loadShort(c, base, start, offset, size, headerSize),
    set(value) {
      if (value instanceof Uint8Array) {
        if (value.length !== size)
          throw new WireError("OUT_OF_BOUNDS", `${name} has ${size} bytes; ${value.length} are given`);
        storeBytes(c, base, value, at);
      } else if (typeof value === "object" && "address" in value) {
        if (value.size !== size)
          throw new WireError("OUT_OF_BOUNDS", `${name} has ${size} bytes; ${value.size} are given`);
        readBytes(c, value.address, size)(base, at);
      } else storeShort(c, base, at, size, value);
    },
    equals(value) {
      if (value.length !== size)
        throw new WireError("OUT_OF_BOUNDS", `${name} has ${size} bytes; it is compared with ${value.length}`);
      return equalBytes(c, base, start, offset, value, headerSize);
    },
  };
  return field;
}

/** Up to 8 bytes as a number, in as few loads as the bytes around them allow. */
function loadShort(
  c: FunctionBuilder,
  base: I32,
  start: number,
  offset: number,
  size: number,
  headerSize: number,
): I64 {
  if (size > 8) throw new WireError("OUT_OF_BOUNDS", `${size} bytes are no number of 64 bits`);
  const mask = (1n << BigInt(size * 8)) - 1n;
  if (size === 8) return c.load64(base, start + offset);
  if (offset + 8 <= headerSize) return c.load64(base, start + offset).and(mask);
  if (offset + size >= 8) return c.load64(base, start + offset + size - 8).shrU(BigInt((8 - size) * 8));
  let value = c.i64(0n);
  for (let i = 0; i < size; i++)
    value = value.or(
      c
        .load8(base, start + offset + i)
        .toI64()
        .shl(BigInt(i * 8)),
    );
  return value;
}

function storeShort(c: FunctionBuilder, base: I32, at: number, size: number, value: I64Like): void {
  if (size > 8) throw new WireError("OUT_OF_BOUNDS", `${size} bytes are no number of 64 bits`);
  const whole = c.i64(value);
  if (size === 8) {
    c.store64(base, whole, at);
    return;
  }
  for (let i = 0; i < size; ) {
    const width = size - i >= 4 ? 4 : size - i >= 2 ? 2 : 1;
    const part = whole.shrU(BigInt(i * 8)).toI32();
    if (width === 4) c.store32(base, part, at + i);
    else if (width === 2) c.store16(base, part, at + i);
    else c.store8(base, part, at + i);
    i += width;
  }
}

/** Writes bytes known when the code is made, widest stores first. */
export function storeBytes(c: FunctionBuilder, to: I32, bytes: Uint8Array, offset = 0): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) c.store64(to, data.getBigInt64(i, true), offset + i);
  for (; i + 4 <= bytes.length; i += 4) c.store32(to, data.getInt32(i, true), offset + i);
  for (; i + 2 <= bytes.length; i += 2) c.store16(to, data.getUint16(i, true), offset + i);
  for (; i < bytes.length; i++) c.store8(to, data.getUint8(i), offset + i);
}

/** Reads bytes now; what it gives writes them elsewhere, those and no byte more. */
export function readBytes(c: FunctionBuilder, from: I32, size: number): (to: I32, at?: number) => void {
  const writes: ((to: I32, at: number) => void)[] = [];
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const [value, offset] = [c.load64(from, i), i];
    writes.push((to, at) => c.store64(to, value, at + offset));
  }
  for (; i < size; ) {
    const [width, offset] = [size - i >= 4 ? 4 : size - i >= 2 ? 2 : 1, i];
    const value = width === 4 ? c.load32(from, i) : width === 2 ? c.load16(from, i) : c.load8(from, i);
    writes.push((to, at) => {
      if (width === 4) c.store32(to, value, at + offset);
      else if (width === 2) c.store16(to, value, at + offset);
      else c.store8(to, value, at + offset);
    });
    i += width;
  }
  return (to, at = 0) => {
    for (const write of writes) write(to, at);
  };
}

/** Whether bytes of a header are these; where `mask` is given, in its bits only. */
export function equalBytes(
  c: FunctionBuilder,
  base: I32,
  start: number,
  offset: number,
  bytes: Uint8Array,
  headerSize: number,
  mask: Uint8Array = new Uint8Array(bytes.length).fill(0xff),
): I32 {
  let result: I32 | undefined;
  for (let i = 0; i < bytes.length; ) {
    if (mask[i] === 0) {
      i++;
      continue;
    }
    let run = i;
    while (run < bytes.length && run < i + 8 && mask[run] !== 0) run++;
    const fits = (width: number): boolean => offset + i + width <= headerSize;
    const width = [1, 2, 4, 8].find((w) => w >= run - i && fits(w)) ?? ([8, 4, 2, 1].find(fits) as number);
    const known = storedBytes(mask.subarray(i, Math.min(run, i + width)));
    const value = storedBytes(bytes.subarray(i, Math.min(run, i + width))) & known;
    const at = start + offset + i;
    const full = (1n << BigInt(width * 8)) - 1n;
    const same =
      width === 8
        ? masked64(c.load64(base, at), known, full).eq(value)
        : masked32(
            width === 4 ? c.load32(base, at) : width === 2 ? c.load16(base, at) : c.load8(base, at),
            known,
            full,
          ).eq(Number(value));
    result = result ? result.and(same) : same;
    i += Math.min(run - i, width);
  }
  return result ?? c.i32(1);
}

const masked64 = (value: I64, mask: bigint, full: bigint): I64 => (mask === full ? value : value.and(mask));
const masked32 = (value: I32, mask: bigint, full: bigint): I32 => (mask === full ? value : value.and(Number(mask)));
