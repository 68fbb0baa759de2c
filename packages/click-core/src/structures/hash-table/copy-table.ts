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

/** Entries are blocks of the heap, the smallest of which has so many bytes. */
const granule = 16;
/** The words of a node: its time has two. */
const entryWord = 2;
const nodeWords = nodeSize >> 2;
const slotWords = slotSize >> 2;

/** Slots that keys are put into: from a word on, by all but `shift` bits of their hashes. */
interface Slots {
  readonly first: number;
  readonly shift: number;
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
  /** By granule from `lowest` on: the new address of an entry. */
  private moved = new Uint32Array(0);
  private lowest = 0;
  /** By granule: a bit for each key of the entry that was found. */
  private seen = new Uint16Array(0);
  private readonly isShared: boolean;
  /** Fields that are more than their bytes, with their offsets in an entry. */
  private readonly special: readonly (readonly [offset: number, type: TransferableField<unknown, unknown>])[];

  constructor(shape: TableShape<V>, mover: StateMover, allocate: (bytes: number, count: number) => number) {
    this.shape = shape;
    this.mover = mover;
    this.allocate = allocate;
    this.isShared = shape.keys > 1;
    this.source = new Uint32Array(mover.from.buffer, 0, mover.from.byteLength >> 2);
    this.target = new Uint32Array(mover.to.buffer, 0, mover.to.byteLength >> 2);
    const offsets = shape.value.offsets as Record<string, number>;
    this.special = Object.entries(shape.value.fields as Record<string, FieldType>)
      .filter(([, type]) => "transfer" in type)
      .map(([name, type]) => [shape.valueAt + (offsets[name] as number), type as TransferableField<unknown, unknown>]);
  }

  run(from: number, to: number): void {
    const { mover, shape, target } = this;
    const { slots, shift, former, formerShift } = header.read(mover.from, from);
    if (slots === 0) return;
    const size = this.slotsAt(slots, shift);
    const formerSize = former === 0 ? 0 : this.slotsAt(former, formerShift);
    const length = this.entries([slots, size], [former, formerSize]);
    if (length === 0) return;
    const words = multiplierCount(shape.keyWords) * 2;
    const multipliers = (from + shape.multipliers) >> 2;
    const drawn = this.source.slice(multipliers, multipliers + words);
    target.set(drawn, (to + shape.multipliers) >> 2);
    const used = this.count(slots, size) + this.count(former, formerSize);
    let next: number = firstShift;
    const [wanted, outOf] = fill.wanted;
    while (used * outOf > 2 ** (32 - next) * wanted) next--;
    const bytes = 2 ** (32 - next) * slotSize;
    const at = this.allocate(bytes, 1);
    target.fill(0, at >> 2, (at + bytes) >> 2);
    const hasher = new KeyHasher(this.source, drawn);
    // Keys that were still to be moved to more slots are by now.
    this.keys(slots, size, { first: at >> 2, shift: next }, hasher);
    this.keys(former, formerSize, { first: at >> 2, shift: next }, hasher);
    for (let queue = 0; queue < shape.queues; queue++) {
      const offset = header.size + queue * queueLayout.size;
      this.queue(from + offset, to + offset, length, queue);
    }
    Object.assign(header.read(mover.to, to), { length, used, slots: at, shift: next });
  }

  /** How many slots there are, which are in the memory. */
  private slotsAt(slots: number, shift: number): number {
    if (shift > firstShift || (slots & 7) !== 0) throw new Damaged();
    const size = 2 ** (32 - shift);
    if (slots + size * slotSize > this.mover.from.byteLength) throw new Damaged();
    return size;
  }
  private addressOf(reference: number): number {
    return this.isShared ? (reference & -64) >>> 0 : reference - this.shape.keyAt;
  }
  /** Copies the entries of some slots, which are found by their first keys; how many there are. */
  private entries(...of: readonly (readonly [slots: number, size: number])[]): number {
    const { source, target, special, mover } = this;
    const { keyAt, entrySize, queues } = this.shape;
    const { place, bound } = entryHeader.offsets;
    const found = new Uint32Array(of.reduce((sum, [, size]) => sum + size, 0));
    let count = 0;
    let [lowest, highest] = [0xffffffff, 0];
    for (const [slots, size] of of)
      for (let word = slots >> 2, end = word + size * slotWords; word < end; word += slotWords) {
        const reference = source[word] as number;
        if (reference <= gone) continue;
        const address = this.addressOf(reference);
        if (reference - address !== keyAt) continue;
        if (address < 0 || address % granule !== 0) throw new Damaged();
        if (address < lowest) lowest = address;
        if (address > highest) highest = address;
        found[count++] = address;
      }
    if (count === 0) return 0;
    if (highest + entrySize > mover.from.byteLength) throw new Damaged();
    const moved = new Uint32Array((highest - lowest) / granule + 1);
    const block = blockBytes(entrySize);
    const words = (entrySize + 3) >> 2;
    let next = this.allocate(entrySize, count);
    for (let i = 0; i < count; i++, next += block) {
      const address = found[i] as number;
      const index = (address - lowest) / granule;
      if (moved[index] !== 0) throw new Damaged();
      moved[index] = next;
      for (let k = 0, s = address >> 2, t = next >> 2; k < words; k++, s++, t++) target[t] = source[s] as number;
      if (queues > 0) {
        // Until its node is found.
        target[(next + place) >> 2] = 0;
        target.fill(0xffffffff, (next + bound) >> 2, (next + bound + 8) >> 2);
      }
      for (const [offset, type] of special) {
        new Uint8Array(mover.to.buffer, next + offset, type.size).fill(0);
        type.transfer(mover, type, address + offset, next + offset);
      }
    }
    this.moved = moved;
    this.seen = new Uint16Array(moved.length);
    this.lowest = lowest;
    return count;
  }
  /** How many slots are in use. */
  private count(slots: number, size: number): number {
    const { source } = this;
    let count = 0;
    for (let s = slots >> 2, end = s + size * slotWords; s < end; s += slotWords)
      if ((source[s] as number) > gone) count++;
    return count;
  }
  /** Puts the keys of some slots into others. */
  private keys(slots: number, size: number, { first, shift }: Slots, hasher: KeyHasher): void {
    const { source, target, moved, lowest, seen } = this;
    const { keyWords, keyAt, keySize, keys } = this.shape;
    const mask = 2 ** (32 - shift) - 1;
    for (let s = slots >> 2, end = s + size * slotWords; s < end; s += slotWords) {
      const reference = source[s] as number;
      if (reference <= gone) continue;
      const hash = source[s + 1] as number;
      const address = this.addressOf(reference);
      const which = (reference - address - keyAt) / keySize;
      if (!Number.isInteger(which) || which < 0 || which >= keys) throw new Damaged();
      const index = (address - lowest) / granule;
      const next = moved[index];
      if (!next || hasher.hash(reference >> 2, keyWords) !== hash) throw new Damaged();
      const known = seen[index] as number;
      if ((known >>> which) & 1) throw new Damaged();
      seen[index] = known | (1 << which);
      let slot = hash >>> shift;
      while (target[first + slot * slotWords] !== 0) slot = (slot + 1) & mask;
      target[first + slot * slotWords] = next + (reference - address);
      target[first + slot * slotWords + 1] = hash;
    }
  }
  private entry(address: number): number {
    const next = this.moved[(address - this.lowest) / granule];
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
