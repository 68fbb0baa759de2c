/**
 * A table of IPv4 routes that changes while the router runs, as a field of an element's state: the longest prefix decides.
 *
 * Staged code looks addresses up; the host adds and removes routes while the router stands still, in memory of the router's
 * heap. How it lies there is in route-format.ts: a few hundred bytes for a few routes, less than 50 for each of a million.
 *
 * Budget of a lookup: three loads that depend on one another, and one for each halving of the ranges behind an entry of the
 * root, five at most; `npm run bench:routes` guards it. Adding and removing: a few memory accesses, and as many for each entry
 * of the root or an index that the prefix covers.
 */
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import type { HostHeap, PlainField } from "../element/handler.ts";
import type { TransferableField } from "../runtime/transfer.ts";
import { hopShift, hopSizeBits, indexBits, indexTag, table, tagMask } from "./route-format.ts";
import { HostRoutes } from "./route-host.ts";

/** Where a packet goes: an output, and the next router's address, or 0 where it is delivered itself. */
export interface NextHop {
  readonly gateway: number;
  readonly output: number;
}

export interface Route extends NextHop {
  /** No bits beyond `length` are set. */
  readonly address: number;
  readonly length: number;
}

export interface StagedRouteTable {
  /** The output of the longest route to an address, -1 where there is none, and its gateway, 0 where it has none. */
  lookup(address: I32): { readonly output: I32; readonly gateway: I32 };
  length(): I32;
}

/** Where a table lists a route that comes: in the place that was freed last, or in the first one that is free. */
export type RoutePlaces = "freed last" | "first free";

/** What the host sees of a table. A prefix is an address without further bits, and a length. */
export interface HostRouteTable {
  readonly length: number;
  /** The route of exactly that prefix. */
  get(address: number, length: number): Route | undefined;
  /** Where an address goes. */
  lookup(address: number): NextHop | undefined;
  /** All routes, in the order of their places. `added` counts the routes that were added before. */
  routes(): Iterable<Route & { readonly added: number }>;
  /**
   * Adds a route, or gives the route of its prefix another next hop; a table whose places are `freed last` lists it in another
   * place then. `false` when there is no memory: nothing has changed.
   */
  set(heap: HostHeap, route: Route): boolean;
  /** Removes the route of a prefix, if there is one. */
  delete(heap: HostHeap, address: number, length: number): boolean;
  /** Removes all routes, and gives their memory back. */
  clear(heap: HostHeap): void;
}

export function routeTable(
  options: { readonly places?: RoutePlaces } = {},
): TransferableField<StagedRouteTable, HostRouteTable> & PlainField {
  const { places = "freed last" } = options;
  const { offsets } = table;
  return {
    kind: "other",
    name: `routeTable ${places}`,
    size: table.size,
    align: 8,
    inHeap: true,
    plain: { type: "u32", offset: offsets.length },
    stage: (c: FunctionBuilder, base: I32Like, offset: number): StagedRouteTable => ({
      length: () => c.load32(base, offset + offsets.length),
      lookup: (address) => stageLookup(c, c.i32(base), offset, address),
    }),
    read: (data, offset) => new HostRoutes(data, offset, places),
    write() {},
    /** The routes, in their places. @throws {RangeError} when there is no memory for them. */
    transfer(mover, before, from, to) {
      if (before.name !== this.name || before.size !== this.size) return;
      new HostRoutes(mover.to, to, places).copy(mover.heap, new HostRoutes(mover.from, from, places));
    },
  };
}

function stageLookup(c: FunctionBuilder, base: I32, offset: number, address: I32): { output: I32; gateway: I32 } {
  const { offsets } = table;
  const { noGateway, noOutput, smallRoot } = offsets;
  const at = (index: I32): I32 => (base.constant === undefined ? index.add(base) : index);
  const fixed = offset + (base.constant ?? 0);
  const bits = c.var("i32", c.i32(31).sub(c.load32(base, offset + offsets.rootBits)), "bits");
  const root = c.load32(base, offset + offsets.root);
  const entry = c.var("i32", c.load32(at(address.shrU(bits.get()).shl(2).add(root)), fixed + smallRoot), "entry");
  c.while(
    () => entry.get().and(indexTag),
    () => {
      bits.inc(-indexBits);
      const index = address
        .shrU(bits.get())
        .and((1 << indexBits) - 1)
        .shl(2);
      entry.set(c.load32(index.add(entry.get().sub(indexTag))));
    },
  );
  const tag = entry.get().and(tagMask);
  c.if(tag, () => {
    const range = c.var("i32", entry.get().sub(tag), "range");
    const step = c.var("i32", c.i32(2).shl(tag), "step");
    const last = step.get().shl(1);
    c.loop(() => {
      const end = c.load32(range.get().add(step.get()));
      // A branch: those of packets that follow each other are often the same, and a guess does not wait for memory.
      c.if(end.ltU(address), () => range.set(range.get().add(step.get())));
      step.set(step.get().shrU(1));
      c.if(step.get().ltU(4), () => c.break());
    });
    entry.set(c.load32(range.get().add(last)));
  });
  const hop = at(
    entry
      .get()
      .shrU(hopShift)
      .shl(hopSizeBits)
      .add(c.load32(base, offset + offsets.hops)),
  );
  return { output: c.load32(hop, fixed + noOutput).sub(1), gateway: c.load32(hop, fixed + noGateway) };
}
