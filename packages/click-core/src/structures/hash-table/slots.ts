/** The slots of a hash table in staged code: what all tables share, whatever their keys. */
import { type Func, type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { heapOf } from "../../compile/heap.ts";
import { fill, firstShift, firstSlots, gone, header, movedAtOnce, slotSize } from "./layout.ts";

/** What a slot has: a reference and a hash. */
export function slotOf(reference: I32, hash: I32): I64 {
  return hash.toI64().shl(32n).or(reference.toI64());
}
export function referenceOf(slot: I64): I32 {
  return slot.toI32();
}
export function hashOf(slot: I64): I32 {
  return slot.shrU(32n).toI32();
}

/** How many slots there are. */
function sizeOf(c: FunctionBuilder, shift: I32): I32 {
  return c.i32(-1).shrU(shift).add(1);
}

/**
 * Visits slots from where a hash belongs to the first free one; the body leaves the loop when it has found what it looks for.
 * There is always a free one.
 */
export function probe(
  c: FunctionBuilder,
  slots: I32,
  shift: I32,
  hash: I32,
  body: (slot: I64, address: I32) => void,
): void {
  const index = c.var("i32", hash.shrU(shift), "index");
  c.loop(() => {
    const address = index.get().mul(slotSize).add(slots);
    const slot = c.load64(address);
    body(slot, address);
    c.if(referenceOf(slot).eqz(), () => c.break());
    index.set(index.get().add(1).and(c.i32(-1).shrU(shift)));
  });
}

/** A function `(slots, shift, slot)` that puts a slot into the first free place. */
function put({ module }: FunctionBuilder): Func<undefined> {
  return module.once("hash table put", () =>
    module.func(
      "hash table put",
      { slots: "i32", shift: "i32", slot: "i64" },
      undefined,
      (c, { slots, shift, slot }) => {
        const index = c.var("i32", hashOf(slot).shrU(shift), "index");
        c.loop(() => {
          const at = index.get().mul(slotSize).add(slots);
          c.if(referenceOf(c.load64(at)).eqz(), () => {
            c.store64(at, slot);
            c.return();
          });
          index.set(index.get().add(1).and(c.i32(-1).shrU(shift)));
        });
      },
    ),
  );
}

/** A function `(table)` that makes room for one more key, and moves some of the former slots; 0 when there is no room. */
function makeRoom({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("hash table room", () =>
    module.func("hash table room", { table: "i32" }, "i32", (c, { table }) => {
      const t = staged(c, header, table);
      const heap = heapOf(c);
      c.if(t.former.get(), () => {
        const former = t.former.get();
        const moved = t.moved.get();
        const size = sizeOf(c, t.formerShift.get());
        c.for(moved, moved.add(movedAtOnce), 1, (i) => {
          c.if(i.geU(size), () => c.break());
          const at = i.mul(slotSize).add(former);
          const slot = c.load64(at);
          c.if(referenceOf(slot).gtU(gone), () => {
            c.call(put(c), t.slots.get(), t.shift.get(), slot);
            c.store64(at, BigInt(gone));
          });
        });
        t.moved.set(moved.add(movedAtOnce));
        c.if(moved.add(movedAtOnce).geU(size), () => {
          heap.free(c, former, size.mul(slotSize));
          t.former.set(0);
        });
      });
      const size = c.select(t.slots.get(), sizeOf(c, t.shift.get()), c.i32(0));
      const used = t.used.get().add(1);
      const [wanted, outOf] = fill.wanted;
      c.if(used.mul(outOf).leU(size.mul(wanted)), () => c.return(1));
      const larger = c.select(size, size.shl(1), c.i32(firstSlots));
      const slots = c.var("i32", 0, "slots");
      c.if(t.former.get().eqz(), () => slots.set(heap.allocateCleared(c, larger.mul(slotSize))));
      c.if(slots.get().eqz(), () => {
        const [most, of] = fill.most;
        c.return(used.mul(of).leU(size.mul(most)));
      });
      const shift = t.shift.get();
      t.shift.set(c.select(t.slots.get(), shift.sub(1), c.i32(firstShift)));
      t.former.set(t.slots.get());
      t.formerShift.set(shift);
      t.moved.set(0);
      t.slots.set(slots.get());
      return 1;
    }),
  );
}

/** A function `(table, reference, hash)` that adds a key; 0 when there is no room. */
export function addSlot(outer: FunctionBuilder): Func<"i32"> {
  const { module } = outer;
  return module.once("hash table add", () =>
    module.func(
      "hash table add",
      { table: "i32", reference: "i32", hash: "i32" },
      "i32",
      (c, { table, reference, hash }) => {
        c.if(c.call(makeRoom(c), table).eqz(), () => c.return(0));
        const t = staged(c, header, table);
        t.used.inc();
        c.call(put(c), t.slots.get(), t.shift.get(), slotOf(reference, hash));
        return 1;
      },
    ),
  );
}

/** A function `(table, reference, hash)` that takes a key out; nothing where it is not. */
export function removeSlot(outer: FunctionBuilder): Func<undefined> {
  const { module } = outer;
  return module.once("hash table remove", () =>
    module.func(
      "hash table remove",
      { table: "i32", reference: "i32", hash: "i32" },
      undefined,
      (c, { table, reference, hash }) => {
        const t = staged(c, header, table);
        const slots = t.slots.get();
        const shift = t.shift.get();
        const wanted = slotOf(reference, hash);
        probe(c, slots, shift, hash, (slot, address) => {
          c.if(slot.eq(wanted), () => {
            t.used.inc(-1);
            c.call(closeGap(c), slots, shift, address.sub(slots).divU(slotSize));
            c.return();
          });
        });
        const former = t.former.get();
        c.if(former, () => {
          probe(c, former, t.formerShift.get(), hash, (slot, address) => {
            c.if(slot.eq(wanted), () => {
              t.used.inc(-1);
              // Others may lie behind it: the place is not free.
              c.store64(address, BigInt(gone));
              c.return();
            });
          });
        });
      },
    ),
  );
}

/** A function `(slots, shift, gap)` that moves keys into a gap that they would otherwise be behind (Knuth, TAOCP 3, algorithm 6.4R). */
function closeGap({ module }: FunctionBuilder): Func<undefined> {
  return module.once("hash table close", () =>
    module.func("hash table close", { slots: "i32", shift: "i32", gap: "i32" }, undefined, (c, p) => {
      const { slots, shift } = p;
      const mask = c.i32(-1).shrU(shift);
      const gap = c.var("i32", p.gap, "gap");
      const index = c.var("i32", p.gap, "index");
      c.loop(() => {
        index.set(index.get().add(1).and(mask));
        const slot = c.load64(index.get().mul(slotSize).add(slots));
        c.if(referenceOf(slot).eqz(), () => c.break());
        const fromHome = index.get().sub(hashOf(slot).shrU(shift)).and(mask);
        c.if(fromHome.geU(index.get().sub(gap.get()).and(mask)), () => {
          c.store64(gap.get().mul(slotSize).add(slots), slot);
          gap.set(index.get());
        });
      });
      c.store64(gap.get().mul(slotSize).add(slots), 0n);
    }),
  );
}
