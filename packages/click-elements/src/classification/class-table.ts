/**
 * From a field's value to a number, by tables in memory and without a branch. A table of few ranges is indexed by one byte of the
 * value after the other. In a large one a bit is set where a run of equal entries begins: how many are set up to a place is
 * where the run's entry lies. That takes the high 16 bits of an address at once, and then 8 and 8.
 *
 * Memory: up to 64 KiB, or 16 KiB, 64 bytes for each network in which there are different numbers, and 2 for each run.
 * Budget: 2 ns a field, from the second-level cache 6 ns.
 */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { PlaceData } from "./range-table.ts";

/** Numbers from 0 to 65,535 by ranges of values, which end with `ends`. */
export interface NumberedRanges {
  readonly ends: readonly number[];
  readonly numbers: readonly number[];
}

/** Reads a table that has been placed. */
export type ClassTable = (c: FunctionBuilder, value: I32) => I32;

/** Tables that are indexed by bytes have so many blocks of 256 entries. */
const mostBlocks = 1024;

/** Places a table for values of 8, 16 or 32 bits. `undefined` where it would have too many blocks. */
export function classTable(place: PlaceData, bits: 8 | 16 | 32, ranges: NumberedRanges): ClassTable | undefined {
  const levels = bits / 8;
  const plain = new Trie(
    ranges,
    Array.from({ length: levels }, () => 8),
    mostBlocks,
  );
  if (plain.fits) return indexed(place, plain.levels);
  const counted = new Trie(ranges, bits === 32 ? [16, 8, 8] : [bits], 65_535);
  return counted.fits ? counting(place, counted.levels) : undefined;
}

/** The blocks of each level. Entries are numbers of blocks of the next, or in the last level what is looked up. */
class Trie {
  readonly levels: Uint16Array[][];
  readonly fits: boolean;
  private readonly ranges: NumberedRanges;
  private readonly strides: readonly number[];
  private readonly uniform: Map<number, number>[];
  private readonly most: number;
  /** The range that was looked at last: blocks are made in the order of values. */
  private at = 0;

  constructor(ranges: NumberedRanges, strides: readonly number[], most: number) {
    this.ranges = ranges;
    this.strides = strides;
    this.most = most;
    this.levels = strides.map(() => []);
    this.uniform = strides.map(() => new Map());
    this.fits = this.block(0, 0) !== undefined;
  }

  private block(level: number, from: number): number | undefined {
    const blocks = this.levels[level] as Uint16Array[];
    if (blocks.length >= this.most) return undefined;
    const entries = new Uint16Array(2 ** (this.strides[level] as number));
    const number = blocks.push(entries) - 1;
    const span = 2 ** this.strides.slice(level + 1).reduce((sum, bits) => sum + bits, 0);
    const { ends, numbers } = this.ranges;
    for (let i = 0; i < entries.length; i++) {
      const low = from + i * span;
      while ((ends[this.at] as number) < low) this.at++;
      const alike = (ends[this.at] as number) >= low + span - 1;
      const entry = alike ? this.same(level + 1, numbers[this.at] as number) : this.block(level + 1, low);
      if (entry === undefined) return undefined;
      entries[i] = entry;
    }
    return number;
  }

  /** The block of a level all of whose values have one number. */
  private same(level: number, number: number): number | undefined {
    const known = this.uniform[level];
    if (!known) return number;
    let block = known.get(number);
    if (block === undefined) {
      const entry = this.same(level + 1, number);
      const blocks = this.levels[level] as Uint16Array[];
      if (entry === undefined || blocks.length >= this.most) return undefined;
      block = blocks.push(new Uint16Array(2 ** (this.strides[level] as number)).fill(entry)) - 1;
      known.set(number, block);
    }
    return block;
  }
}

/** Blocks as they are, of bytes where all entries are so small. */
function indexed(place: PlaceData, levels: readonly (readonly Uint16Array[])[]): ClassTable {
  const tables = levels.map((blocks) => {
    const entries = joined(blocks);
    const small = entries.every((entry) => entry < 256);
    return { small, address: place(small ? Uint8Array.from(entries) : words16(entries), 4) };
  });
  return (c, value) => {
    let block: I32 | undefined;
    for (const [level, { small, address }] of tables.entries()) {
      const shift = 8 * (levels.length - 1 - level);
      const byte = level === 0 ? value.shrU(shift) : value.shrU(shift).and(255);
      const entry = block ? block.shl(8).or(byte) : byte;
      block = small ? c.load8(entry, address) : c.load16(entry.shl(1), address);
    }
    return block as I32;
  };
}

const recordSize = 16;

/**
 * Blocks in records for 64 entries: bits where runs begin, and the place before the first run's entry.
 *
 *   0  runs u64   8  before u32   12  -
 */
function counting(place: PlaceData, levels: readonly (readonly Uint16Array[])[]): ClassTable {
  const placed = levels.map((blocks) => {
    const size = (blocks[0] as Uint16Array).length;
    const records = new DataView(new ArrayBuffer((blocks.length * size * recordSize) / 64));
    const entries: number[] = [];
    blocks.forEach((block, b) => {
      for (let from = 0; from < size; from += 64) {
        const record = ((b * size + from) / 64) * recordSize;
        records.setUint32(record + 8, entries.length - 1, true);
        for (let i = 0; i < 64; i++) {
          if (i > 0 && block[from + i] === block[from + i - 1]) continue;
          const half = record + (i >> 5) * 4;
          records.setUint32(half, records.getUint32(half, true) | (1 << (i & 31)), true);
          entries.push(block[from + i] as number);
        }
      }
    });
    return {
      bits: Math.log2(size),
      records: place(new Uint8Array(records.buffer), recordSize),
      entries: place(words16(entries), 4),
    };
  });
  return (c, value) => {
    let left = placed.reduce((sum, { bits }) => sum + bits, 0);
    let block: I32 | undefined;
    for (const { bits, records, entries } of placed) {
      left -= bits;
      const high = value.shrU(left + 6).and(2 ** (bits - 6) - 1);
      const record = (block ? block.shl(bits - 6).or(high) : high).shl(Math.log2(recordSize));
      // Bits up to the value's come to the top.
      const above = c.i32(63).sub(value.shrU(left).and(63));
      const runs = c.load64(record, records).shl(above.toI64()).popcnt().toI32();
      block = c.load16(runs.add(c.load32(record, records + 8)).shl(1), entries);
    }
    return block as I32;
  };
}

function joined(blocks: readonly Uint16Array[]): Uint16Array {
  const size = blocks[0]?.length ?? 0;
  const all = new Uint16Array(blocks.length * size);
  blocks.forEach((block, i) => {
    all.set(block, i * size);
  });
  return all;
}

/** Numbers of two bytes each. */
export function words16(numbers: ArrayLike<number>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(numbers.length * 2));
  for (let i = 0; i < numbers.length; i++) bytes.setUint16(i * 2, numbers[i] as number, true);
  return new Uint8Array(bytes.buffer);
}
