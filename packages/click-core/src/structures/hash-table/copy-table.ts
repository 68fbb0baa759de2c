/**
 * A hash table of one layout, copied to another memory whole: entries as they stand, keys by their hashes, queues node by node, in
 * a few loops over words. The router stands still meanwhile.
 *
 * The memory that it comes from may hold anything: nothing is read or written outside of the two, and what the table says of
 * itself is counted again, so that what comes of it is a table in any case.
 */

import type { Fields, FieldType } from "@clickos/layout";
import { blockBytes } from "../../runtime/host-memory.ts";
import type { StateMover, TransferableField } from "../../runtime/transfer.ts";
import type { TableShape } from "./hash-table.ts";
import { KeyHasher, multiplierCount } from "./key-hash.ts";
import { entryHeader, fill, firstShift, gone, header, nodeSize, placeBits, queueLayout, slotSize } from "./layout.ts";

/** Entries are blocks of the heap, the smallest of which has so many bytes; those with several keys begin with a cache line. */
const smallest = 16;
const line = 64;
/** The words of a node: its time has two. */
const entryWord = 2;
const nodeWords = nodeSize >> 2;
const slotWords = slotSize >> 2;

/** Slots, as words: from the first one to before the end. */
interface Part {
  readonly first: number;
  readonly end: number;
}

/** What a table that does not make sense throws inside here. */
class Damaged extends Error {}

/** Copies a table to a place where there is an empty one. `false`, and nothing is changed, where it has no room or is damaged. */
export function copyTable<V extends Fields>(
  shape: TableShape<V>,
  mover: StateMover,
  from: number,
  to: number,
): boolean {
  const { heap } = mover;
  if (header.read(mover.to, to).slots !== 0) return false;
  const blocks: [address: number, bytes: number, count: number][] = [];
  const allocate = (bytes: number, count: number): number => {
    const address = heap.allocateMany(bytes, count);
    if (address === 0) throw new Damaged();
    blocks.push([address, bytes, count]);
    return address;
  };
  try {
    new TableCopy(shape, mover, allocate).run(from, to);
    return true;
  } catch (e) {
    if (!(e instanceof Damaged)) throw e;
    new Uint8Array(mover.to.buffer, to, shape.size).fill(0);
    for (const [address, bytes, count] of blocks)
      for (let i = 0; i < count; i++) heap.free(address + i * blockBytes(bytes), bytes);
    return false;
  }
}

class TableCopy<V extends Fields> {
  private readonly shape: TableShape<V>;
  private readonly mover: StateMover;
  private readonly allocate: (bytes: number, count: number) => number;
  private readonly source: Uint32Array;
  private readonly target: Uint32Array;
  /** Entries begin at multiples of so many bytes. */
  private readonly granule: number;
  /** By granule from `lowest` on: a bit for each key that an entry is found by, and its new address. */
  private lowest = 0;
  private found = new Uint16Array(0);
  private moved = new Uint32Array(0);
  /** Fields that are more than their bytes, with their offsets in an entry. */
  private readonly special: readonly (readonly [offset: number, type: TransferableField<unknown, unknown>])[];

  constructor(shape: TableShape<V>, mover: StateMover, allocate: (bytes: number, count: number) => number) {
    this.shape = shape;
    this.mover = mover;
    this.allocate = allocate;
    this.granule = shape.keys > 1 ? line : smallest;
    this.source = new Uint32Array(mover.from.buffer, 0, mover.from.byteLength >> 2);
    this.target = new Uint32Array(mover.to.buffer, 0, mover.to.byteLength >> 2);
    const offsets = shape.value.offsets as Record<string, number>;
    this.special = Object.entries(shape.value.fields as Record<string, FieldType>)
      .filter(([, type]) => "transfer" in type)
      .map(([name, type]) => [shape.valueAt + (offsets[name] as number), type as TransferableField<unknown, unknown>]);
  }

  run(from: number, to: number): void {
    const { mover, shape, source, target } = this;
    const { slots, shift, former, formerShift } = header.read(mover.from, from);
    if (slots === 0) return;
    // Those of a table that grows are in the former slots until they are moved.
    const parts: Part[] = [this.part(slots, shift)];
    if (former !== 0) parts.push(this.part(former, formerShift));
    const { length, used } = this.find(parts);
    if (length === 0) return;
    const words = multiplierCount(shape.keyWords) * 2;
    const multipliers = (from + shape.multipliers) >> 2;
    const drawn = source.slice(multipliers, multipliers + words);
    target.set(drawn, (to + shape.multipliers) >> 2);
    let next: number = firstShift;
    const [wanted, outOf] = fill.wanted;
    while (used * outOf > 2 ** (32 - next) * wanted) next--;
    const bytes = 2 ** (32 - next) * slotSize;
    const at = this.allocate(bytes, 1);
    target.fill(0, at >> 2, (at + bytes) >> 2);
    this.entries(length, at >> 2, next, new KeyHasher(source, drawn));
    for (let queue = 0; queue < shape.queues; queue++) {
      const offset = header.size + queue * queueLayout.size;
      this.queue(from + offset, to + offset, length, queue);
    }
    Object.assign(header.read(mover.to, to), { length, used, slots: at, shift: next });
  }

  /** Slots that are in the memory. */
  private part(slots: number, shift: number): Part {
    const size = 2 ** (32 - shift);
    if (shift > firstShift || (slots & 7) !== 0 || slots + size * slotSize > this.mover.from.byteLength)
      throw new Damaged();
    return { first: slots >> 2, end: (slots >> 2) + size * slotWords };
  }
  /** Notes which entries there are, and by which keys they are found; how many there are of either. */
  private find(parts: readonly Part[]): { readonly length: number; readonly used: number } {
    const { source, granule } = this;
    const { keyAt, keySize, keys, entrySize } = this.shape;
    // References are to keys, the first of which stands in the first granule of an entry.
    let lowest = 0xffffffff;
    let highest = 0;
    for (const { first, end } of parts)
      for (let s = first; s < end; s += slotWords) {
        const reference = source[s] as number;
        if (reference <= gone) continue;
        if (reference < lowest) lowest = reference;
        if (reference > highest) highest = reference;
      }
    if (highest === 0) return { length: 0, used: 0 };
    lowest = Math.floor((lowest - keyAt) / granule) * granule;
    if (lowest < 0 || highest + entrySize > this.mover.from.byteLength) throw new Damaged();
    const found = new Uint16Array((highest - lowest) / granule + 1);
    let length = 0;
    let used = 0;
    for (const { first, end } of parts)
      for (let s = first; s < end; s += slotWords) {
        const reference = source[s] as number;
        if (reference <= gone) continue;
        const offset = reference - keyAt - lowest;
        const index = Math.floor(offset / granule);
        const which = (offset - index * granule) / keySize;
        if (offset < 0 || which >= keys || !Number.isInteger(which)) throw new Damaged();
        const known = found[index] as number;
        if ((known >>> which) & 1) throw new Damaged();
        found[index] = known | (1 << which);
        if (which === 0) length++;
        used++;
      }
    this.lowest = lowest;
    this.found = found;
    this.moved = new Uint32Array(found.length);
    return { length, used };
  }
  /** Copies the entries in the order in which they stand, and puts their keys into slots from the word `first` on. */
  private entries(length: number, first: number, shift: number, hasher: KeyHasher): void {
    const { source, target, special, mover, found, moved, lowest, granule } = this;
    const { keyAt, keySize, keyWords, entrySize, queues } = this.shape;
    const { place, bound } = entryHeader.offsets;
    const block = blockBytes(entrySize);
    const words = (entrySize + 3) >> 2;
    const mask = 2 ** (32 - shift) - 1;
    let next = this.allocate(entrySize, length);
    for (let index = 0; index < found.length; index++) {
      let keys = found[index] as number;
      if (keys === 0) continue;
      // Each is found by its first key.
      if ((keys & 1) === 0) throw new Damaged();
      const address = lowest + index * granule;
      moved[index] = next;
      for (let k = 0, s = address >> 2, t = next >> 2; k < words; k++, s++, t++) target[t] = source[s] as number;
      for (let key = keyAt; keys !== 0; keys >>>= 1, key += keySize) {
        if ((keys & 1) === 0) continue;
        const hash = hasher.hash((address + key) >> 2, keyWords);
        let slot = first + (hash >>> shift) * slotWords;
        while (target[slot] !== 0) slot = first + (((slot - first) / slotWords + 1) & mask) * slotWords;
        target[slot] = next + key;
        target[slot + 1] = hash;
      }
      if (queues > 0) {
        // Until its node is found.
        target[(next + place) >> 2] = 0;
        target[(next + bound) >> 2] = 0xffffffff;
        target[(next + bound + 4) >> 2] = 0xffffffff;
      }
      for (const [offset, type] of special) {
        new Uint8Array(mover.to.buffer, next + offset, type.size).fill(0);
        type.transfer(mover, type, address + offset, next + offset);
      }
      next += block;
    }
  }
  private entry(address: number): number {
    const next = this.moved[(address - this.lowest) / this.granule];
    if (!next) throw new Damaged();
    return next;
  }
  /** Copies a queue of a table with so many entries: there is a node for each. */
  private queue(from: number, to: number, length: number, number: number): void {
    const { source, target, mover } = this;
    const { place, bound } = entryHeader.offsets;
    const isLast = number === this.shape.queues - 1;
    const before = queueLayout.read(mover.from, from);
    const after = queueLayout.read(mover.to, to);
    const { count } = before;
    if (count > length) throw new Damaged();
    for (let level = 0; 2 ** level <= length; level++) {
      const first = 2 ** level;
      const block = this.allocate(nodeSize << level, 1);
      after.levels[level] = block;
      const nodes = Math.min(count - first + 1, first);
      if (nodes <= 0) continue;
      const were = before.levels[level] as number;
      if ((were & 15) !== 0 || were + nodes * nodeSize > mover.from.byteLength) throw new Damaged();
      for (let n = 0, s = were >> 2, t = block >> 2; n < nodes; n++, s += nodeWords, t += nodeWords) {
        const entry = this.entry(source[s + entryWord] as number);
        const at = (entry + place) >> 2;
        // It waits in one place.
        if (target[at] !== 0) throw new Damaged();
        target[at] = (first + n) | ((number + 1) << placeBits);
        for (const half of [0, 1]) {
          const time = source[s + half] as number;
          target[t + half] = time;
          if (isLast) target[((entry + bound) >> 2) + half] = time;
        }
        target[t + entryWord] = entry;
      }
    }
    after.count = count;
  }
}
