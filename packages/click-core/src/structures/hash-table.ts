/**
 * A hash table of fixed capacity in the router's memory, as a field of an element's state.
 *
 * Keys are whole 32-bit words. Entries are chained from buckets and taken from a free list, so addresses of
 * entries stay valid until they are removed. Expiry is the user's: entries are visited with `sweep`.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, type StagedFields, staged } from "@clickos/codegen";
import { alignUp, type Fields, struct } from "@clickos/layout";
import { fieldPlaces } from "../compile/memory-plan.ts";
import type { PlainField } from "../element/handler.ts";
import { copyBytes, type TransferableField, transferFields } from "../runtime/transfer.ts";

export interface HashTableOptions<V extends Fields> {
  /** A name, unique in the module for tables of one shape. */
  readonly name: string;
  /** Number of 32-bit words in a key. */
  readonly keyWords: number;
  readonly value: V;
  readonly capacity: number;
}

export interface StagedHashTable<V extends Fields> {
  /** The entry's address, or 0. */
  find(key: readonly I32[]): I32;
  /** Adds an entry for a key that is not there; its value is zero. 0 when the table is full. */
  insert(key: readonly I32[]): I32;
  /** Removes an entry. */
  remove(entry: I32): void;
  value(entry: I32): StagedFields<V>;
  /** A word of the key of an entry. */
  key(entry: I32, word: number): I32;
  /** Visits up to `count` entries in use, going round the table from call to call. The visitor may remove the entry. */
  sweep(count: number, visit: (entry: I32) => void): void;
  length(): I32;
}

export interface HostHashTable {
  readonly length: number;
}

export function hashTable<V extends Fields>(
  options: HashTableOptions<V>,
): TransferableField<StagedHashTable<V>, HostHashTable> & PlainField {
  const { keyWords, capacity, name } = options;
  const value = struct(options.value, { name: `${name} value` });
  const valuePlaces = fieldPlaces(value);
  const buckets = 2 ** Math.ceil(Math.log2(Math.max(capacity, 8)));
  // State: length, free list, entries ever used, sweep position; then buckets; then entries.
  const at = { length: 0, free: 4, used: 8, cursor: 12, buckets: 16 };
  const entries = alignUp(at.buckets + buckets * 4, 8);
  // Entry: next, in use, key words, value.
  const keyAt = 8;
  const valueAt = alignUp(keyAt + keyWords * 4, 8);
  const entrySize = alignUp(valueAt + value.size, 8);

  const keyParams = Object.fromEntries(Array.from({ length: keyWords }, (_, i) => [`k${i}`, "i32" as const]));
  const params = { base: "i32", ...keyParams } as Record<string, "i32">;
  const words = (p: Record<string, I32>): I32[] => Array.from({ length: keyWords }, (_, i) => p[`k${i}`] as I32);
  const hash = (key: readonly I32[]): I32 => {
    let h = (key[0] as I32).mul(0x9e3779b1);
    for (const word of key.slice(1)) h = h.rotl(13).xor(word).mul(0x85ebca6b);
    return h.xor(h.shrU(15)).and(buckets - 1);
  };
  const helper = (c: FunctionBuilder, what: string, make: () => Func<"i32">): Func<"i32"> =>
    c.module.once(`${name} ${keyWords} ${capacity} ${entrySize} ${what}`, make);

  const find = (outer: FunctionBuilder): Func<"i32"> =>
    helper(outer, "find", () =>
      outer.module.func(`${name} find`, params, "i32", (c, p) => {
        const key = words(p as Record<string, I32>);
        const entry = c.var(
          "i32",
          c.load32(
            hash(key)
              .shl(2)
              .add((p as Record<string, I32>).base as I32),
            at.buckets,
          ),
          "entry",
        );
        c.loop(() => {
          const e = entry.get();
          c.if(e.eqz(), () => c.return(0));
          let same = c.load32(e, keyAt).xor(key[0] as I32);
          for (let i = 1; i < keyWords; i++) same = same.or(c.load32(e, keyAt + i * 4).xor(key[i] as I32));
          c.if(same.eqz(), () => c.return(e));
          entry.set(c.load32(e));
        });
        c.trap();
      }),
    );
  const insert = (outer: FunctionBuilder): Func<"i32"> =>
    helper(outer, "insert", () =>
      outer.module.func(`${name} insert`, params, "i32", (c, p) => {
        const base = (p as Record<string, I32>).base as I32;
        const key = words(p as Record<string, I32>);
        const entry = c.var("i32", c.load32(base, at.free), "entry");
        c.if(
          entry.get(),
          () => c.store32(base, c.load32(entry.get()), at.free),
          () => {
            const used = c.load32(base, at.used);
            c.if(used.geU(capacity), () => c.return(0));
            c.store32(base, used.add(1), at.used);
            entry.set(used.mul(entrySize).add(base).add(entries));
          },
        );
        const e = entry.get();
        c.fill(e, 0, entrySize);
        const bucket = hash(key).shl(2).add(base);
        c.store32(e, c.load32(bucket, at.buckets));
        c.store32(e, 1, 4);
        key.forEach((word, i) => {
          c.store32(e, word, keyAt + i * 4);
        });
        c.store32(bucket, e, at.buckets);
        c.store32(base, c.load32(base, at.length).add(1), at.length);
        return e;
      }),
    );
  const remove = (outer: FunctionBuilder): Func<"i32"> =>
    helper(outer, "remove", () =>
      outer.module.func(`${name} remove`, { base: "i32", entry: "i32" }, "i32", (c, { base, entry }) => {
        const key = Array.from({ length: keyWords }, (_, i) => c.load32(entry, keyAt + i * 4));
        const link = c.var("i32", hash(key).shl(2).add(base).add(at.buckets), "link");
        c.loop(() => {
          const e = c.load32(link.get());
          c.if(e.eqz(), () => c.return(0));
          c.if(e.eq(entry), () => c.break());
          link.set(e);
        });
        c.store32(link.get(), c.load32(entry));
        c.store32(entry, c.load32(base, at.free));
        c.store32(entry, 0, 4);
        c.store32(base, entry, at.free);
        c.store32(base, c.load32(base, at.length).sub(1), at.length);
        return 1;
      }),
    );

  return {
    kind: "other",
    name: `hashTable ${name}[${capacity}]`,
    size: entries + capacity * entrySize,
    align: 8,
    plain: { type: "u32", offset: at.length },
    stage(c: FunctionBuilder, base: I32Like, offset: number): StagedHashTable<V> {
      const table = c.i32(base).add(offset);
      return {
        find: (key) => c.call(find(c), table, ...key),
        insert: (key) => c.call(insert(c), table, ...key),
        remove: (entry) => {
          c.call(remove(c), table, entry);
        },
        value: (entry) => staged(c, value, entry, valueAt),
        key: (entry, word) => c.load32(entry, keyAt + word * 4),
        length: () => c.load32(table, at.length),
        sweep(count, visit) {
          const used = c.load32(table, at.used);
          const turns = c.select(used.ltU(count), used, c.i32(count));
          c.for(0, turns, 1, () => {
            const cursor = c.load32(table, at.cursor);
            const index = c.select(cursor.geU(used), c.i32(0), cursor);
            c.store32(table, index.add(1), at.cursor);
            const entry = index.mul(entrySize).add(table).add(entries);
            c.if(c.load32(entry, 4), () => visit(entry));
          });
        },
      };
    },
    read: (data, offset) => ({ length: data.getUint32(offset + at.length, true) }),
    write() {},
    /** Only between tables of one shape; a table of another size starts empty. */
    transfer(mover, before, from, to) {
      if (before.name !== this.name || before.size !== this.size) return;
      copyBytes(mover, from, to, before.size);
      const relocate = (address: number): void => {
        const link = mover.to.getUint32(address, true);
        if (link !== 0) mover.to.setUint32(address, link - from + to, true);
      };
      relocate(to + at.free);
      for (let i = 0; i < buckets; i++) relocate(to + at.buckets + i * 4);
      const used = Math.min(mover.to.getUint32(to + at.used, true), capacity);
      for (let i = 0; i < used; i++) {
        const entry = entries + i * entrySize;
        relocate(to + entry);
        if (mover.to.getUint32(to + entry + 4, true) !== 0)
          transferFields(mover, valuePlaces, value, from + entry + valueAt, to + entry + valueAt);
      }
    },
  };
}
