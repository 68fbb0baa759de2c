/**
 * The queues in which entries of a hash table wait to expire, in staged code: what all tables share.
 *
 * To put an entry off only its own `expires` is written. Its node keeps the time that it has, and is put where it belongs when it
 * is the first, so that a packet of a flow costs a store beside the entry that it has found.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, type StagedOf, staged } from "@clickos/codegen";
import { heapOf } from "../../compile/heap.ts";
import { entryHeader, header, nodeLayout, nodeSize, placeBits, queueLayout, unbounded } from "./layout.ts";

/** How many entries that were put off are passed over in a search for the one that is due first. */
export const patience = 64;

const placeMask = (1 << placeBits) - 1;

type Node = StagedOf<typeof nodeLayout>;

function nodeAt(c: FunctionBuilder, queue: I32, n: I32): I32 {
  const level = c.i32(31).sub(n.clz());
  const first = c.i32(1).shl(level);
  return staged(c, queueLayout, queue).levels.at(level).get().add(n.sub(first).mul(nodeSize));
}
function node(c: FunctionBuilder, queue: I32, n: I32): Node {
  return staged(c, nodeLayout, nodeAt(c, queue, n));
}

/** Where a queue of a table is. */
export function queueAt(table: I32, number: I32Like): I32 {
  return typeof number === "number"
    ? table.add(header.size + number * queueLayout.size)
    : number.mul(queueLayout.size).add(table).add(header.size);
}
/** The queue that an entry waits in. */
function queueOf(c: FunctionBuilder, table: I32, entry: I32): I32 {
  return queueAt(table, staged(c, entryHeader, entry).place.get().shrU(placeBits).sub(1));
}

/**
 * A function `(queue, entry, place)` that puts an entry into a node which is free or its own, with the time at which it is due, and
 * moves nodes so that none is before its parent.
 */
function settle({ module }: FunctionBuilder): Func<undefined> {
  return module.once("queue settle", () =>
    module.func("queue settle", { queue: "i32", entry: "i32", place: "i32" }, undefined, (c, p) => {
      const { queue, entry, place } = p;
      const { expires, bound } = staged(c, entryHeader, entry);
      const time = expires.get();
      const number = place.and(~placeMask);
      const n = c.var("i32", place.and(placeMask), "n");
      /** Moves what is in another node to node `n`. */
      const take = (from: I32, other: Node): void => {
        const moved = other.entry.get();
        const to = node(c, queue, n.get());
        to.time.set(other.time.get());
        to.entry.set(moved);
        staged(c, entryHeader, moved).place.set(n.get().or(number));
        n.set(from);
      };
      c.while(
        () => n.get().gtU(1),
        () => {
          const above = n.get().shrU(1);
          const parent = node(c, queue, above);
          c.if(parent.time.get().leU(time), () => c.break());
          take(above, parent);
        },
      );
      const count = staged(c, queueLayout, queue).count.get();
      c.loop(() => {
        const left = n.get().shl(1);
        c.if(left.gtU(count), () => c.break());
        const child = c.var("i32", left, "child");
        const at = nodeAt(c, queue, left);
        c.if(left.ltU(count), () =>
          // Two children are beside each other.
          child.set(left.add(c.load64(at, nodeSize).ltU(c.load64(at)))),
        );
        const below = node(c, queue, child.get());
        c.if(below.time.get().geU(time), () => c.break());
        take(child.get(), below);
      });
      const to = node(c, queue, n.get());
      to.time.set(time);
      to.entry.set(entry);
      staged(c, entryHeader, entry).place.set(n.get().or(number));
      c.if(bound.get().ne(unbounded), () => bound.set(time));
    }),
  );
}

/** A function `(table, entry)` that takes an entry out of its queue, if it waits in one. */
export function leaveQueue({ module }: FunctionBuilder): Func<undefined> {
  return module.once("queue leave", () =>
    module.func("queue leave", { table: "i32", entry: "i32" }, undefined, (c, { table, entry }) => {
      const { place, bound } = staged(c, entryHeader, entry);
      const was = place.get();
      c.if(was.eqz(), () => c.return());
      const queue = queueOf(c, table, entry);
      const { count } = staged(c, queueLayout, queue);
      const last = count.get();
      const moved = node(c, queue, last).entry.get();
      count.set(last.sub(1));
      place.set(0);
      bound.set(unbounded);
      c.if(moved.ne(entry), () => {
        c.call(settle(c), queue, moved, was);
      });
    }),
  );
}

/** A function `(table, entry, number, last)` that queues an entry by its `expires`; `last` is the number of the last queue. */
export function requeue({ module }: FunctionBuilder): Func<undefined> {
  return module.once("queue enter", () =>
    module.func("queue enter", { table: "i32", entry: "i32", number: "i32", last: "i32" }, undefined, (c, p) => {
      const { table, entry, number, last } = p;
      const e = staged(c, entryHeader, entry);
      const place = c.var("i32", e.place.get(), "place");
      const queue = queueAt(table, number);
      c.if(place.get().shrU(placeBits).ne(number.add(1)), () => {
        c.call(leaveQueue(c), table, entry);
        const { count } = staged(c, queueLayout, queue);
        count.inc();
        place.set(count.get().or(number.add(1).shl(placeBits)));
      });
      c.if(number.eq(last), () => e.bound.set(0n));
      c.call(settle(c), queue, entry, place.get());
    }),
  );
}

/** A function `(queue)` that gives the entry whose node is the first, or 0; up to `patience` that were put off are queued anew. */
export function firstDue({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("queue first", () =>
    module.func("queue first", { queue: "i32" }, "i32", (c, { queue }) => {
      const left = c.var("i32", patience, "left");
      c.loop(() => {
        c.if(staged(c, queueLayout, queue).count.get().eqz(), () => c.return(0));
        c.if(left.get().eqz().or(refresh(c, queue).eqz()), () => c.return(firstNode(c, queue).entry.get()));
        left.inc(-1);
      });
      c.trap();
    }),
  );
}

/** The first node of a queue that is not empty. */
export function firstNode(c: FunctionBuilder, queue: I32): Node {
  return staged(c, nodeLayout, staged(c, queueLayout, queue).levels.at(0).get());
}

/** Has the first node's entry, where that was put off, wait in the place that is its own now; whether it was. */
export function refresh(c: FunctionBuilder, queue: I32): I32 {
  const first = firstNode(c, queue);
  const entry = first.entry.get();
  const e = staged(c, entryHeader, entry);
  const late = e.expires.get().ne(first.time.get());
  c.if(late, () => {
    c.call(settle(c), queue, entry, e.place.get());
  });
  return late;
}

/** A function `(table, queues)` that gets room in all queues for one entry more than the table has; 0 when there is none. */
export function reserveNode({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("queue reserve", () =>
    module.func("queue reserve", { table: "i32", queues: "i32" }, "i32", (c, { table, queues }) => {
      const n = staged(c, header, table).length.get().add(1);
      c.if(n.geU(1 << (placeBits - 1)), () => c.return(0));
      const level = c.i32(31).sub(n.clz());
      c.for(0, queues, 1, (i) => {
        const block = staged(c, queueLayout, queueAt(table, i)).levels.at(level);
        c.if(block.get().eqz(), () => {
          block.set(heapOf(c).allocate(c, c.i32(nodeSize).shl(level)));
          c.if(block.get().eqz(), () => c.return(0));
        });
      });
      return 1;
    }),
  );
}
