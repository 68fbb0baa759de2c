/** Hash tables on the host: for handlers, and to carry them over to another memory. The router stands still meanwhile. */
import type { Fields, HostFields } from "@clickos/layout";
import { fieldPlaces } from "../../compile/memory-plan.ts";
import type { HostHeap } from "../../element/handler.ts";
import { copyBytes, type StateMover, transferFields } from "../../runtime/transfer.ts";
import { copyTable } from "./copy-table.ts";
import type { TableShape } from "./hash-table.ts";
import { HostQueue } from "./host-queue.ts";
import { hostKeyHash, hostMultipliers, multiplierCount } from "./key-hash.ts";
import {
  entryHeader,
  fill,
  firstShift,
  firstSlots,
  gone,
  header,
  nodeSize,
  placeBits,
  queueLayout,
  slotSize,
  unbounded,
} from "./layout.ts";

/** An entry as the host sees it: a view of its memory. */
export interface HostTableEntry<V extends Fields> {
  readonly address: number;
  key(which?: number): number[];
  readonly value: HostFields<V>;
  /** When it is due. */
  readonly expires: bigint;
  /** The number of the queue that it waits in; `undefined` when it does not expire. */
  readonly queue: number | undefined;
}

export interface HostHashTable<V extends Fields> {
  readonly length: number;
  find(key: readonly number[]): HostTableEntry<V> | undefined;
  /** Every key with its entry, in no order that means anything. */
  found(): Iterable<{ readonly entry: HostTableEntry<V>; readonly which: number }>;
  /** Every entry once. */
  entries(): Iterable<HostTableEntry<V>>;
  /** The entry that has a key; one is made where there is none. `undefined` when there is no memory. */
  findOrAdd(heap: HostHeap, key: readonly number[]): HostTableEntry<V> | undefined;
  /** Gives an entry another of its keys; it is found by that unless one is already. `false` when there is no memory. */
  addKey(heap: HostHeap, entry: HostTableEntry<V>, which: number, key: readonly number[]): boolean;
  remove(heap: HostHeap, entry: HostTableEntry<V>): void;
  expiresAt(entry: HostTableEntry<V>, time: bigint, queue?: number): void;
  /** The entry of a queue that is due first. */
  first(queue?: number): HostTableEntry<V> | undefined;
}

interface HostSide<V extends Fields> {
  read(data: DataView, offset: number): HostHashTable<V>;
  transfer(mover: StateMover, from: number, to: number): void;
}

export function hostHashTable<V extends Fields>(shape: TableShape<V>): HostSide<V> {
  const places = fieldPlaces(shape.value);
  const read = (data: DataView, offset: number): Table<V> => new Table(shape, data, offset);
  return {
    read,
    transfer(mover, from, to) {
      if (copyTable(shape, mover, from, to)) return;
      // As much as there is room for.
      const before = read(mover.from, from);
      const after = read(mover.to, to);
      const moved = new Map<number, HostTableEntry<V>>();
      for (const { entry, which } of before.found()) {
        if (which !== 0) continue;
        const next = after.findOrAdd(mover.heap, entry.key());
        if (!next) break;
        if (moved.has(entry.address)) continue;
        moved.set(entry.address, next);
        const { keyAt, keySize, keys, valueAt } = shape;
        copyBytes(mover, entry.address + keyAt, next.address + keyAt, keys * keySize);
        transferFields(mover, places, shape.value, entry.address + valueAt, next.address + valueAt);
        if (entry.queue !== undefined) after.expiresAt(next, entry.expires, entry.queue);
      }
      if (shape.keys === 1) return;
      for (const { entry, which } of before.found()) {
        const next = which === 0 ? undefined : moved.get(entry.address);
        if (next) after.addKey(mover.heap, next, which, entry.key(which));
      }
    },
  };
}

/** How many slots there are. */
const sizeOf = (shift: number): number => 2 ** (32 - shift);

class Table<V extends Fields> implements HostHashTable<V> {
  private readonly shape: TableShape<V>;
  private readonly data: DataView;
  private readonly offset: number;
  private readonly view: HostFields<typeof header.fields>;

  constructor(shape: TableShape<V>, data: DataView, offset: number) {
    this.shape = shape;
    this.data = data;
    this.offset = offset;
    this.view = header.read(data, offset);
  }

  get length(): number {
    return this.view.length;
  }

  *found(): Generator<{ entry: HostTableEntry<V>; which: number }> {
    for (const { reference } of this.slots()) yield this.of(reference);
  }
  *entries(): Generator<HostTableEntry<V>> {
    for (const { entry, which } of this.found()) if (which === 0) yield entry;
  }
  find(key: readonly number[]): HostTableEntry<V> | undefined {
    const { view } = this;
    if (view.slots === 0) return undefined;
    const hash = this.hash(key);
    return (
      this.lookUp(view.slots, view.shift, hash, key) ??
      (view.former === 0 ? undefined : this.lookUp(view.former, view.formerShift, hash, key))
    );
  }
  findOrAdd(heap: HostHeap, key: readonly number[]): HostTableEntry<V> | undefined {
    const known = this.find(key);
    if (known) return known;
    const { data, shape, view } = this;
    if (!this.reserveNodes(heap)) return undefined;
    const entry = heap.allocate(shape.entrySize);
    if (entry === 0) return undefined;
    new Uint8Array(data.buffer, entry, shape.entrySize).fill(0);
    if (shape.queues > 0) entryHeader.read(data, entry).bound = unbounded;
    const made = this.entry(entry);
    if (!this.addKey(heap, made, 0, key)) {
      heap.free(entry, shape.entrySize);
      return undefined;
    }
    view.length++;
    return made;
  }
  addKey(heap: HostHeap, { address }: HostTableEntry<V>, which: number, key: readonly number[]): boolean {
    const { data, shape, view } = this;
    const at = address + shape.keyAt + which * shape.keySize;
    key.forEach((word, i) => {
      data.setUint32(at + i * 4, word, true);
    });
    if (this.find(key)) return true;
    if (!this.makeRoom(heap)) return false;
    this.put(view.slots, view.shift, at, this.hash(key));
    view.used++;
    return true;
  }
  remove(heap: HostHeap, entry: HostTableEntry<V>): void {
    const { shape, view } = this;
    for (let which = 0; which < shape.keys; which++) this.removeKey(entry, which);
    if (entry.queue !== undefined) this.queue(entry.queue).leave(entry.address);
    heap.free(entry.address, shape.entrySize);
    view.length--;
  }
  expiresAt({ address }: HostTableEntry<V>, time: bigint, queue = 0): void {
    const { data, shape } = this;
    if (queue >= shape.queues) throw new RangeError(`the table has ${shape.queues} queues`);
    const e = entryHeader.read(data, address);
    e.expires = time;
    if (e.place !== 0) this.queue((e.place >>> placeBits) - 1).leave(address);
    this.queue(queue).enter(address);
  }
  first(queue = 0): HostTableEntry<V> | undefined {
    const address = this.queue(queue).first();
    return address === undefined ? undefined : this.entry(address);
  }

  // ---- keys

  private of(reference: number): { entry: HostTableEntry<V>; which: number } {
    const { keyAt, keySize, keys } = this.shape;
    const address = keys > 1 ? (reference & -64) >>> 0 : reference - keyAt;
    return { entry: this.entry(address), which: (reference - address - keyAt) / keySize };
  }
  private entry(address: number): HostTableEntry<V> {
    const { data, shape } = this;
    const { keyAt, keySize, keyWords, queues, valueAt } = shape;
    const head = entryHeader.read(data, address);
    return {
      address,
      key: (which = 0) =>
        Array.from({ length: keyWords }, (_, i) => data.getUint32(address + keyAt + which * keySize + i * 4, true)),
      value: shape.value.read(data, address + valueAt),
      get expires() {
        return queues > 0 ? head.expires : 0n;
      },
      get queue() {
        const place = queues > 0 ? head.place : 0;
        return place === 0 ? undefined : (place >>> placeBits) - 1;
      },
    };
  }
  private hash(key: readonly number[]): number {
    return hostKeyHash((i) => this.data.getBigUint64(this.offset + this.shape.multipliers + i * 8, true), key);
  }
  /** Slots in use. */
  private *slots(): Generator<{ reference: number; hash: number }> {
    const { view, data } = this;
    for (const [slots, shift] of [
      [view.slots, view.shift],
      [view.former, view.formerShift],
    ] as const)
      for (let i = 0; slots !== 0 && i < sizeOf(shift); i++) {
        const at = slots + i * slotSize;
        const reference = data.getUint32(at, true);
        if (reference > gone) yield { reference, hash: data.getUint32(at + 4, true) };
      }
  }
  /** Visits slots from where a hash belongs to the first free one, until the visitor is content. */
  private probe(slots: number, shift: number, hash: number, content: (reference: number, at: number) => boolean): void {
    const size = sizeOf(shift);
    for (let tries = 0, i = hash >>> shift; tries < size; tries++, i = (i + 1) % size) {
      const at = slots + i * slotSize;
      const reference = this.data.getUint32(at, true);
      if (content(reference, at) || reference === 0) return;
    }
  }
  private lookUp(slots: number, shift: number, hash: number, key: readonly number[]): HostTableEntry<V> | undefined {
    let result: HostTableEntry<V> | undefined;
    this.probe(slots, shift, hash, (reference, at) => {
      if (reference <= gone || this.data.getUint32(at + 4, true) !== hash) return false;
      const { entry, which } = this.of(reference);
      const stored = entry.key(which);
      if (key.every((word, i) => word >>> 0 === stored[i])) result = entry;
      return result !== undefined;
    });
    return result;
  }
  private put(slots: number, shift: number, reference: number, hash: number): void {
    this.probe(slots, shift, hash, (used, at) => {
      if (used === 0) {
        this.data.setUint32(at, reference, true);
        this.data.setUint32(at + 4, hash, true);
      }
      return false;
    });
  }
  private removeKey(entry: HostTableEntry<V>, which: number): void {
    const { view, data, shape } = this;
    const wanted = entry.address + shape.keyAt + which * shape.keySize;
    const hash = this.hash(entry.key(which));
    const take = (slots: number, shift: number, free: (at: number) => void): void =>
      this.probe(slots, shift, hash, (reference, at) => {
        if (reference !== wanted) return false;
        view.used--;
        free(at);
        return true;
      });
    take(view.slots, view.shift, (at) => this.closeGap((at - view.slots) / slotSize));
    if (view.former !== 0) take(view.former, view.formerShift, (at) => data.setBigUint64(at, BigInt(gone), true));
  }
  private closeGap(from: number): void {
    const { data } = this;
    const { slots, shift } = this.view;
    const mask = sizeOf(shift) - 1;
    let gap = from;
    for (let i = (from + 1) & mask; data.getUint32(slots + i * slotSize, true) !== 0; i = (i + 1) & mask) {
      const home = data.getUint32(slots + i * slotSize + 4, true) >>> shift;
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      data.setBigUint64(slots + gap * slotSize, data.getBigUint64(slots + i * slotSize, true), true);
      gap = i;
    }
    data.setBigUint64(slots + gap * slotSize, 0n, true);
  }
  /** Room for one key more; all at once, unlike what the router does. */
  private makeRoom(heap: HostHeap): boolean {
    const { view, data, shape, offset } = this;
    const size = view.slots === 0 ? 0 : sizeOf(view.shift);
    const [wanted, outOf] = fill.wanted;
    if ((view.used + 1) * outOf <= size * wanted) return true;
    const next = size === 0 ? firstSlots : size * 2;
    const slots = heap.allocate(next * slotSize);
    const [most, of] = fill.most;
    if (slots === 0) return (view.used + 1) * of <= size * most;
    if (size === 0)
      hostMultipliers(heap.seed, offset + shape.multipliers, multiplierCount(shape.keyWords)).forEach((m, i) => {
        data.setBigUint64(offset + shape.multipliers + i * 8, m, true);
      });
    new Uint8Array(data.buffer, slots, next * slotSize).fill(0);
    const shift = size === 0 ? firstShift : view.shift - 1;
    for (const { reference, hash } of this.slots()) this.put(slots, shift, reference, hash);
    if (view.former !== 0) heap.free(view.former, sizeOf(view.formerShift) * slotSize);
    if (size !== 0) heap.free(view.slots, size * slotSize);
    Object.assign(view, { slots, shift, former: 0 });
    return true;
  }

  // ---- queues

  private queue(number: number): HostQueue {
    const at = this.offset + header.size + number * queueLayout.size;
    return new HostQueue(this.data, at, number, number === this.shape.queues - 1);
  }
  private reserveNodes(heap: HostHeap): boolean {
    const n = this.length + 1;
    if (n >= 2 ** (placeBits - 1)) return false;
    const level = 31 - Math.clz32(n);
    for (let i = 0; i < this.shape.queues; i++) {
      const { levels } = queueLayout.read(this.data, this.offset + header.size + i * queueLayout.size);
      if (levels[level] === 0) levels[level] = heap.allocate(nodeSize << level);
      if (levels[level] === 0) return false;
    }
    return true;
  }
}
