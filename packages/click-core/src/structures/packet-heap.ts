/**
 * A bounded heap of packets, the one with the least key first, as a field of an element's state. Each has a tag besides. Which one of
 * several equal ones comes first is as in Click's heaps (include/click/heap.hh).
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, type I64Like, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import type { TransferableField } from "../runtime/transfer.ts";

const entry: Struct<{ key: U64Field; address: U32Field; tag: U32Field }> = struct(
  { key: u64, address: u32, tag: u32 },
  { name: "packetHeapEntry" },
);
/** The length lies before the entries. */
const first = 8;

export interface StagedPacketHeap {
  length(): I32;
  /** Adds a packet that is stored; only when there is room. */
  push(address: I32, key: I64Like, tag: I32Like): void;
  /** Removes the first one; only when there is one. */
  pop(): { readonly address: I32; readonly tag: I32 };
}

export interface HostPacketHeap {
  readonly length: number;
}

/** What is in it goes over to a heap of the same `capacity`, whose tags are below the same number. */
export function packetHeap(capacity: number, tags: number): TransferableField<StagedPacketHeap, HostPacketHeap> {
  return {
    kind: "other",
    name: `packetHeap[${capacity}, ${tags}]`,
    size: first + capacity * entry.size,
    align: 8,
    stage(c, base, offset) {
      const at = c.i32(base).add(offset);
      return {
        length: () => c.load32(at),
        push: (address, key, tag) => c.call(pushFunction(c), at, address, c.i64(key), c.i32(tag)),
        pop() {
          c.call(popFunction(c), at);
          // It lies behind the last one now.
          const { address, tag } = staged(c, entry, entryAt(at, c.load32(at)));
          return { address: address.get(), tag: tag.get() };
        },
      };
    },
    read: (data, offset) => ({
      get length() {
        return data.getUint32(offset, true);
      },
    }),
    write() {},
    transfer(mover, before, fromOffset, toOffset) {
      if (before.name !== this.name) return;
      const count = Math.min(mover.from.getUint32(fromOffset, true), capacity);
      const moved = Array.from({ length: count }, (_, i) => {
        const { key, address, tag } = entry.read(mover.from, fromOffset + first + i * entry.size);
        return { key, address: mover.packet(address), tag: tag % tags };
      }).filter(({ address }) => address !== 0);
      // Without some of them it may be no heap any more; in order, it is one.
      if (moved.length < count) moved.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
      moved.forEach((one, i) => entry.write(mover.to, toOffset + first + i * entry.size, one));
      mover.to.setUint32(toOffset, moved.length, true);
    },
  };
}

function entryAt(heap: I32, index: I32): I32 {
  return heap.add(index.mul(entry.size)).add(first);
}

type Staged = ReturnType<typeof entryOf>;
const entryOf = (c: FunctionBuilder, heap: I32, index: I32) => staged(c, entry, entryAt(heap, index));

function exchange(a: Staged, b: Staged): void {
  const [key, address, tag] = [a.key.get(), a.address.get(), a.tag.get()];
  a.key.set(b.key.get());
  a.address.set(b.address.get());
  a.tag.set(b.tag.get());
  b.key.set(key);
  b.address.set(address);
  b.tag.set(tag);
}

function pushFunction({ module }: FunctionBuilder): Func<undefined> {
  return module.once("packet heap push", () =>
    module.func("packet heap push", { heap: "i32", address: "i32", key: "i64", tag: "i32" }, undefined, (c, p) => {
      const i = c.var("i32", c.load32(p.heap), "i");
      c.store32(p.heap, i.get().add(1));
      const added = entryOf(c, p.heap, i.get());
      added.key.set(p.key);
      added.address.set(p.address);
      added.tag.set(p.tag);
      c.while(
        () => i.get().ne(0),
        () => {
          const parent = i.get().sub(1).shrU(1);
          const [child, above] = [entryOf(c, p.heap, i.get()), entryOf(c, p.heap, parent)];
          c.if(child.key.get().geU(above.key.get()), () => c.break());
          exchange(child, above);
          i.set(parent);
        },
      );
    }),
  );
}

function popFunction({ module }: FunctionBuilder): Func<undefined> {
  return module.once("packet heap pop", () =>
    module.func("packet heap pop", { heap: "i32" }, undefined, (c, { heap }) => {
      const length = c.load32(heap).sub(1);
      c.store32(heap, length);
      c.if(length.ne(0), () => exchange(entryOf(c, heap, c.i32(0)), entryOf(c, heap, length)));
      const i = c.var("i32", 0, "i");
      c.loop(() => {
        const least = c.var("i32", i.get(), "least");
        const trial = i.get().shl(1).add(1);
        for (const child of [trial, trial.add(1)])
          c.if(child.ltU(length), () => {
            const isLess = entryOf(c, heap, child)
              .key.get()
              .ltU(entryOf(c, heap, least.get()).key.get());
            c.if(isLess, () => least.set(child));
          });
        c.if(least.get().eq(i.get()), () => c.break());
        exchange(entryOf(c, heap, i.get()), entryOf(c, heap, least.get()));
        i.set(least.get());
      });
    }),
  );
}
