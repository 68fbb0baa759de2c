/**
 * A hash table as a field of an element's state: entries that are found by one key or by several, and expire.
 *
 *   state: { flows: hashTable({ keyWords: 4, keys: 2, value: { output: u32 } }) }
 *
 * Keys are whole 32-bit words. The table grows with its entries, out of the router's heap and a few keys at a time; an empty one
 * is a few hundred bytes. Entries keep their addresses until they are removed. What nobody can foresee is which keys meet: see
 * key-hash.ts. To find an entry costs a cache line for its slot and one for the entry, whose key and times are in its first.
 *
 * Entries wait to expire in one queue or several: `expiresAt` says when one is due, and in which queue, in a few instructions.
 * `first` is the one of a queue that is due first; `expire` visits those that are due.
 */
import {
  type Func,
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type I64Like,
  type StagedFields,
  type StagedOf,
  staged,
} from "@clickos/codegen";
import { alignUp, type Fields, type Struct, struct } from "@clickos/layout";
import { heapOf } from "../../compile/heap.ts";
import type { PlainField } from "../../element/handler.ts";
import type { TransferableField } from "../../runtime/transfer.ts";
import { type HostHashTable, hostHashTable } from "./host-hash-table.ts";
import { drawMultipliers, keyHash, multiplierCount } from "./key-hash.ts";
import { entryHeader, entryHeaderSize, gone, header, placeBits, queueLayout, unbounded } from "./layout.ts";
import { firstDue, firstNode, leaveQueue, queueAt, refresh, requeue, reserveNode } from "./queue.ts";
import { addSlot, hashOf, probe, referenceOf, removeSlot } from "./slots.ts";

export interface HashTableOptions<V extends Fields> {
  /** Number of 32-bit words in a key. */
  readonly keyWords: number;
  /** How many keys an entry may have; 1 when absent. */
  readonly keys?: number;
  readonly value: V;
  /** How many queues there are for entries that expire; 1 when absent. */
  readonly queues?: number;
}

export interface StagedHashTable<V extends Fields> {
  /** How many entries there are. */
  length(): I32;
  /** The entry that has a key, or 0. Where entries have several keys it says which as well: see `entryOf` and `whichOf`. */
  find(key: readonly I32[]): I32;
  /**
   * The entry that has a key, made where there is none: `added` gets such a one, whose value is zero and which does not
   * expire. 0 when there is no memory.
   */
  findOrAdd(key: readonly I32[], added?: (entry: I32) => void): I32;
  /**
   * Gives an entry another of its keys, by which it is found then, but not where an entry is found by that already; `which` counts
   * from 1. 0 when there is no memory.
   */
  addKey(entry: I32, which: number, key: readonly I32[]): I32;
  /** Removes an entry with all of its keys. */
  remove(entry: I32): void;
  /** The entry of what was found. */
  entryOf(found: I32): I32;
  /** Which of the entry's keys it was found by. */
  whichOf(found: I32): I32;
  value(entry: I32): StagedFields<V>;
  /** A word of the key that something was found by. */
  keyWord(found: I32, word: number): I32;
  /** What is found by that key of an entry. */
  foundBy(entry: I32, which: number): I32;
  /** What is found by the other key, where entries have two. */
  foundByOther(found: I32): I32;
  /** When an entry is due. */
  expires(entry: I32): I64;
  /** Says when an entry is due, and in which queue it waits for that. */
  expiresAt(entry: I32, time: I64Like, queue?: number): void;
  /** The number of the queue that an entry waits in. */
  queueOf(entry: I32): I32;
  /** The entry of a queue that is due first, or 0; it may be another one when more than 64 before it were put off of late. */
  first(queue?: number): I32;
  /**
   * Visits entries of a queue that are due, the earliest first, and looks at `limit` at most. The visitor removes the entry, or
   * says when it is due now. Nonzero when there may be more.
   */
  expire(now: I64, limit: number, visit: (entry: I32) => void, queue?: number): I32;
}

/** Where the parts of a table's state and of its entries are. */
export interface TableShape<V extends Fields> {
  readonly keyWords: number;
  readonly keys: number;
  readonly queues: number;
  /** In the state. */
  readonly multipliers: number;
  readonly size: number;
  /** In an entry. */
  readonly keyAt: number;
  readonly keySize: number;
  readonly valueAt: number;
  readonly entrySize: number;
  readonly value: Struct<V>;
}

/** Bytes of a cache line: a reference to a key is in the entry's first one. */
const line = 64;

function shapeOf<V extends Fields>({ keyWords, keys = 1, queues = 1, value }: HashTableOptions<V>): TableShape<V> {
  const layout = struct(value, { name: "value" });
  const keySize = keyWords * 4;
  const keyAt = queues > 0 ? entryHeaderSize : 0;
  if (keyAt + (keys - 1) * keySize >= line)
    throw new RangeError(`${keys} keys of ${keyWords} words do not fit an entry of a hash table`);
  const valueAt = alignUp(keyAt + keys * keySize, layout.align);
  const multipliers = alignUp(header.size + queues * queueLayout.size, 8);
  return {
    keyWords,
    keys,
    queues,
    multipliers,
    size: multipliers + multiplierCount(keyWords) * 8,
    keyAt,
    keySize,
    valueAt,
    entrySize: valueAt + layout.size,
    value: layout,
  };
}

export function hashTable<V extends Fields>(
  options: HashTableOptions<V>,
): TransferableField<StagedHashTable<V>, HostHashTable<V>> & PlainField {
  const shape = shapeOf(options);
  const { keyWords, keys, queues, keyAt, keySize, valueAt, entrySize, value } = shape;
  const name = `hashTable ${keyWords}x${keys}/${queues} ${value.rows.map((r) => `${r.name}:${r.type}@${r.offset}`).join()}`;
  const host = hostHashTable(shape);
  /** What a reference, which is a key's address, has on top of what is found. */
  const bias = keys > 1 ? 0 : keyAt;

  const keyParams = Object.fromEntries(Array.from({ length: keyWords }, (_, i) => [`k${i}`, "i32" as const]));
  const wordsOf = (params: object): I32[] =>
    Array.from({ length: keyWords }, (_, i) => (params as Record<string, I32>)[`k${i}`] as I32);
  const once = (outer: FunctionBuilder, what: string, make: (name: string) => Func<"i32">): Func<"i32"> =>
    outer.module.once(`${name} ${what}`, () => make(`hash table ${what}`));
  const hashOfKey = (c: FunctionBuilder, table: I32, key: readonly I32[]): I32 =>
    keyHash(c, table.add(shape.multipliers), key);
  const storedKey = (c: FunctionBuilder, at: I32): I32[] =>
    Array.from({ length: keyWords }, (_, i) => c.load32(at, i * 4));
  const storeKey = (c: FunctionBuilder, at: I32, key: readonly I32[]): void =>
    key.forEach((word, i) => {
      c.store32(at, word, i * 4);
    });
  const same = (c: FunctionBuilder, at: I32, key: readonly I32[]): I32 =>
    storedKey(c, at)
      .map((word, i) => word.xor(key[i] as I32))
      .reduce((a, b) => a.or(b))
      .eqz();

  /** Looks for a key; the code that `some` gives leaves, as that is not the place for what follows. */
  const lookUp = (c: FunctionBuilder, table: I32, hash: I32, key: readonly I32[], some: (found: I32) => void): void => {
    const t = staged(c, header, table);
    const check = (reference: I32): void => c.if(same(c, reference, key), () => some(reference.sub(bias)));
    probe(c, t.slots.get(), t.shift.get(), hash, (slot) => {
      // The hash of a key of zeros may be that of a free slot.
      c.if(hashOf(slot).eq(hash), () => c.if(referenceOf(slot), () => check(referenceOf(slot))));
    });
    const former = t.former.get();
    c.if(former, () =>
      probe(c, former, t.formerShift.get(), hash, (slot) => {
        c.if(hashOf(slot).eq(hash).and(referenceOf(slot).gtU(gone)), () => check(referenceOf(slot)));
      }),
    );
  };
  const find = (outer: FunctionBuilder): Func<"i32"> =>
    once(outer, "find", (label) =>
      outer.module.func(label, { table: "i32", ...keyParams }, "i32", (c, params) => {
        const { table } = params as { table: I32 };
        const key = wordsOf(params);
        c.if(staged(c, header, table).slots.get().eqz(), () => c.return(0));
        lookUp(c, table, hashOfKey(c, table, key), key, (found) => c.return(found));
        return 0;
      }),
    );
  /** Makes an entry for a key that is not there. */
  const make = (outer: FunctionBuilder): Func<"i32"> =>
    once(outer, "make", (label) =>
      outer.module.func(label, { table: "i32", hash: "i32", ...keyParams }, "i32", (c, params) => {
        const { table, hash } = params as { table: I32; hash: I32 };
        if (queues > 0) c.if(c.call(reserveNode(c), table, queues).eqz(), () => c.return(0));
        const entry = heapOf(c).allocate(c, entrySize);
        c.if(entry.eqz(), () => c.return(0));
        if (entrySize <= 2 * line) for (let at = 0; at < entrySize; at += 16) c.zero16(entry, at);
        else c.fill(entry, 0, entrySize);
        if (queues > 0) staged(c, entryHeader, entry).bound.set(unbounded);
        storeKey(c, entry.add(keyAt), wordsOf(params));
        c.if(c.call(addSlot(c), table, entry.add(keyAt), hash).eqz(), () => {
          heapOf(c).free(c, entry, entrySize);
          c.return(0);
        });
        staged(c, header, table).length.inc();
        return entry;
      }),
    );
  /** With bit 0 set, the entry is a fresh one. */
  const findOrAdd = (outer: FunctionBuilder): Func<"i32"> =>
    once(outer, "find or add", (label) =>
      outer.module.func(label, { table: "i32", ...keyParams }, "i32", (c, params) => {
        const { table } = params as { table: I32 };
        const key = wordsOf(params);
        const hash = c.var("i32", 0, "hash");
        c.if(
          staged(c, header, table).slots.get(),
          () => {
            hash.set(hashOfKey(c, table, key));
            lookUp(c, table, hash.get(), key, (found) => c.return(found));
          },
          () => {
            c.call(drawMultipliers(c), table.add(shape.multipliers), multiplierCount(keyWords));
            hash.set(hashOfKey(c, table, key));
          },
        );
        const entry = c.call(make(c), table, hash.get(), ...key);
        return entry.or(entry.ne(0));
      }),
    );
  const addKey = (outer: FunctionBuilder): Func<"i32"> =>
    once(outer, "add key", (label) =>
      outer.module.func(label, { table: "i32", at: "i32", ...keyParams }, "i32", (c, params) => {
        const { table, at } = params as { table: I32; at: I32 };
        const key = wordsOf(params);
        const hash = hashOfKey(c, table, key);
        lookUp(c, table, hash, key, () => {
          storeKey(c, at, key);
          c.return(1);
        });
        storeKey(c, at, key);
        return c.call(addSlot(c), table, at, hash);
      }),
    );
  const remove = (outer: FunctionBuilder): Func<undefined> =>
    outer.module.once(`${name} remove`, () =>
      outer.module.func("hash table remove", { table: "i32", entry: "i32" }, undefined, (c, { table, entry }) => {
        for (let which = 0; which < keys; which++) {
          const at = entry.add(keyAt + which * keySize);
          c.call(removeSlot(c), table, at, hashOfKey(c, table, storedKey(c, at)));
        }
        if (queues > 0) c.call(leaveQueue(c), table, entry);
        heapOf(c).free(c, entry, entrySize);
        staged(c, header, table).length.inc(-1);
      }),
    );

  const stage = (c: FunctionBuilder, base: I32Like, offset: number): StagedHashTable<V> => {
    const table = c.i32(base).add(offset);
    const entryOf = (found: I32): I32 => (keys > 1 ? found.and(-line) : found);
    const head = (entry: I32): StagedOf<typeof entryHeader> => staged(c, entryHeader, entry);
    const queue = (number: number): I32 => queueAt(table, number);
    return {
      length: () => staged(c, header, table).length.get(),
      find: (key) => c.call(find(c), table, ...key),
      findOrAdd(key, added) {
        const found = c.var("i32", c.call(findOrAdd(c), table, ...key), "found");
        c.if(found.get().and(1), () => {
          found.set(found.get().sub(1));
          added?.(found.get());
        });
        return entryOf(found.get());
      },
      addKey: (entry, which, key) => c.call(addKey(c), table, entry.add(keyAt + which * keySize), ...key),
      remove: (entry) => {
        c.call(remove(c), table, entry);
      },
      entryOf,
      whichOf(found) {
        if (keys === 1) return c.i32(0);
        const at = found.and(line - 1);
        return keys === 2 ? at.gtU(keyAt) : at.sub(keyAt).divU(keySize);
      },
      value: (entry) => staged(c, value, entry, valueAt),
      keyWord: (found, word) => c.load32(found, bias + word * 4),
      foundBy: (entry, which) => (keys > 1 ? entry.add(keyAt + which * keySize) : entry),
      // Entries are at multiples of a line's size.
      foundByOther: (found) => found.xor(keyAt ^ (keyAt + keySize)),
      expires: (entry) => head(entry).expires.get(),
      queueOf: (entry) => head(entry).place.get().shrU(placeBits).sub(1),
      expiresAt(entry, time, number = 0) {
        const e = head(entry);
        const at = c.i64(time);
        e.expires.set(at);
        const sooner = at.ltU(e.bound.get());
        const elsewhere =
          number < queues - 1
            ? e.place
                .get()
                .shrU(placeBits)
                .ne(number + 1)
            : c.i32(0);
        c.if(sooner.or(elsewhere), () => {
          c.call(requeue(c), table, entry, number, queues - 1);
        });
      },
      first: (number = 0) => c.call(firstDue(c), queue(number)),
      expire(now, limit, visit, number = 0) {
        const left = c.var("i32", limit, "left");
        c.loop(() => {
          c.if(left.get().eqz(), () => c.break());
          c.if(staged(c, queueLayout, queue(number)).count.get().eqz(), () => c.break());
          c.if(firstNode(c, queue(number)).time.get().gtU(now), () => c.break());
          left.inc(-1);
          c.if(refresh(c, queue(number)), () => c.continue());
          visit(firstNode(c, queue(number)).entry.get());
        });
        return left.get().eqz();
      },
    };
  };

  return {
    kind: "other",
    name,
    size: shape.size,
    align: 8,
    plain: { type: "u32", offset: header.offsets.length },
    stage,
    read: host.read,
    write() {},
    transfer(mover, before, from, to) {
      if (before.name === name) host.transfer(mover, from, to);
    },
  };
}
