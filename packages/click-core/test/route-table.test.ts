import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routerControl } from "../src/compile/platform.ts";
import { HostMemory } from "../src/runtime/host-memory.ts";
import type { StateMover } from "../src/runtime/transfer.ts";
import { type HostRouteTable, type Route, type RoutePlaces, routeTable } from "../src/structures/route-table.ts";

/** Where things are in the memories of these tests. */
const at = { control: 64, table: 1024, heap: 4096 } as const;
type Lookup = (address: number) => bigint;
const modules = new Map<string, WebAssembly.Module>();

/** Staged code that looks addresses up in the table of a memory. */
function stagedLookup(
  memory: WebAssembly.Memory,
): (address: number) => { output: number; gateway: number } | undefined {
  const pages = memory.buffer.byteLength / 65536;
  let module = modules.get(String(pages));
  if (!module) {
    const m = moduleBuilder({ memory: { import: ["env", "memory"], pages } });
    m.export(
      "lookup",
      m.func("lookup", { address: "i32" }, "i64", (c, { address }) => {
        const { output, gateway } = routeTable().stage(c, at.table, 0).lookup(address);
        return output.toI64().shl(32n).or(gateway.toI64());
      }),
    );
    module = new WebAssembly.Module(wasmBackend.encode(m.toIr()) as BufferSource);
    modules.set(String(pages), module);
  }
  const { lookup } = new WebAssembly.Instance(module, { env: { memory } }).exports as { lookup: Lookup };
  return (address) => {
    const both = BigInt.asUintN(64, lookup(address | 0));
    const output = Number(BigInt.asIntN(32, both >> 32n));
    return output < 0 ? undefined : { output, gateway: Number(both & 0xffffffffn) };
  };
}

interface Rig {
  readonly memory: WebAssembly.Memory;
  readonly heap: HostMemory;
  readonly table: HostRouteTable;
  readonly lookup: ReturnType<typeof stagedLookup>;
  /** Bytes of the heap that are in use, and that ever were. */
  readonly inUse: () => number;
  readonly ever: () => number;
}
function rig(bytes = 1 << 20, places: RoutePlaces = "freed last"): Rig {
  const pages = Math.ceil((at.heap + bytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const control = routerControl.view(memory.buffer, at.control);
  control.heapNext = at.heap;
  control.heapEnd = at.heap + bytes;
  const heap = new HostMemory(memory, { control: at.control, pool: { base: 0, count: 0 } });
  const ever = (): number => control.heapNext - at.heap;
  return {
    memory,
    heap,
    table: routeTable({ places }).read(heap.data, at.table),
    lookup: stagedLookup(memory),
    ever,
    inUse: () => {
      let free = 0;
      for (let size = 4; size < 31; size++)
        for (let block = control.heapFree[size] as number; block !== 0; block = heap.data.getUint32(block, true))
          free += 2 ** size;
      return ever() - free;
    },
  };
}

const maskOf = (length: number): number => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);
const masked = (address: number, length: number): number => (address & maskOf(length)) >>> 0;

/** The obvious table: a list of prefixes. */
class Model {
  readonly routes: Route[] = [];

  set(route: Route): void {
    this.delete(route.address, route.length);
    this.routes.push(route);
  }
  delete(address: number, length: number): boolean {
    const i = this.routes.findIndex((r) => r.address === address && r.length === length);
    if (i >= 0) this.routes.splice(i, 1);
    return i >= 0;
  }
  lookup(address: number): { output: number; gateway: number } | undefined {
    let best: Route | undefined;
    for (const r of this.routes)
      if (masked(address, r.length) === r.address && (!best || r.length > best.length)) best = r;
    return best && { output: best.output, gateway: best.gateway };
  }
}

/** Addresses at a prefix's ends and just outside it. */
const around = ({ address, length }: { address: number; length: number }): number[] => {
  const last = address + 2 ** (32 - length) - 1;
  return [address, last, (address - 1) >>> 0, (last + 1) >>> 0, address + Math.floor((last - address) / 3)];
};

/** Prefixes, crowded in a few places, so that they nest and meet. */
const prefix = fc
  .record({
    base: fc.constantFrom(0, 0x0a000000, 0x0a0000c0, 0x7fffff00, 0x80000000, 0xc0a80000, 0xffffff00),
    offset: fc.oneof(fc.nat(15), fc.nat(255), fc.nat(0xffff), fc.nat(0xffffffff)),
    length: fc.oneof(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 22, max: 32 }), fc.constantFrom(0, 1, 32)),
  })
  .map(({ base, offset, length }) => ({ address: masked((base + offset) >>> 0, length), length }));
const hop = fc.record({
  output: fc.oneof(fc.nat(3), fc.constant(0x7ffffffe)),
  gateway: fc.oneof(fc.constant(0), fc.nat(2), fc.nat(0xffffffff)),
});
const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant("set" as const), prefix, hop) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("delete" as const), prefix, hop) },
  // Takes one that is there.
  { weight: 2, arbitrary: fc.tuple(fc.constant("deleteAt" as const), prefix, hop) },
);

describe("a route table", () => {
  it("looks up as a list of prefixes does, in staged code and on the host, and leaves nothing behind", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), fc.array(fc.nat(0xffffffff)), (steps, probes) => {
        const { table, heap, lookup, inUse } = rig();
        const model = new Model();
        const addresses = new Set(probes);
        for (const [what, where, next] of steps) {
          const route = { ...where, ...next };
          for (const a of around(where)) addresses.add(a);
          const known = model.routes[where.address % (model.routes.length || 1)];
          if (what === "set") {
            model.set(route);
            expect(table.set(heap, route)).toBe(true);
          } else {
            const { address, length } = what === "deleteAt" && known ? known : where;
            expect(table.delete(heap, address, length)).toBe(model.delete(address, length));
          }
          expect(table.length).toBe(model.routes.length);
        }
        for (const a of addresses) {
          const expected = model.lookup(a);
          expect([a, lookup(a)]).toEqual([a, expected]);
          expect([a, table.lookup(a)]).toEqual([a, expected]);
        }
        const listed = [...table.routes()].map(({ added, ...r }) => r);
        const order = (a: Route, b: Route): number => a.address - b.address || a.length - b.length;
        expect(listed.sort(order)).toEqual([...model.routes].sort(order));
        for (const { address, length } of model.routes) expect(table.delete(heap, address, length)).toBe(true);
        expect([table.length, inUse()]).toEqual([0, 0]);
        for (const a of addresses) expect(lookup(a)).toBe(undefined);
      }),
      { numRuns: 120 },
    );
  });

  it("lists routes in the places that were freed last, or first, as a list with gaps does", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<RoutePlaces>("freed last", "first free"),
        fc.array(fc.tuple(fc.boolean(), fc.nat(9), fc.nat(3)), { maxLength: 60, size: "max" }),
        (places, steps) => {
          const { table, heap } = rig(undefined, places);
          const list: (Route | undefined)[] = [];
          let freed: number[] = [];
          const take = (): number => {
            if (places === "first free") freed.sort((a, b) => b - a);
            return freed.pop() ?? list.push(undefined) - 1;
          };
          for (const [add, n, output] of steps) {
            const route = { address: n << 24, length: 8, gateway: 0, output };
            const former = list.findIndex((r) => r?.address === route.address);
            if (add) {
              if (former >= 0 && places === "first free") list[former] = route;
              else {
                list[take()] = route;
                if (former >= 0) {
                  list[former] = undefined;
                  freed.push(former);
                }
              }
              expect(table.set(heap, route)).toBe(true);
            } else if (former >= 0) {
              list[former] = undefined;
              freed.push(former);
              expect(table.delete(heap, route.address, 8)).toBe(true);
            }
            // A table without routes has no places.
            if (table.length === 0) [list.length, freed] = [0, []];
            expect([...table.routes()].map(({ added, ...r }) => r)).toEqual(list.filter((r) => r !== undefined));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("counts routes as they are added", () => {
    const { table, heap } = rig();
    for (const address of [3, 1, 2]) table.set(heap, { address, length: 32, gateway: 0, output: 0 });
    table.delete(heap, 1, 32);
    table.set(heap, { address: 9, length: 32, gateway: 0, output: 0 });
    expect([...table.routes()].map(({ address, added }) => [address, added])).toEqual([
      [3, 0],
      [9, 3],
      [2, 2],
    ]);
  });

  /** As many different prefixes as told, by a rule. */
  const many = (count: number, make: (i: number) => { address: number; length: number }): Route[] => {
    const known = new Map<string, Route>();
    for (let i = 0; known.size < count; i++) {
      const { address, length } = make(i);
      const a = masked(address >>> 0, length);
      known.set(`${a}/${length}`, { address: a, length, gateway: i % 3, output: i % 7 });
    }
    return [...known.values()];
  };
  const mixed = (i: number): number => {
    let h = Math.imul(i + 1, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    return (h ^ (h >>> 13)) >>> 0;
  };
  const kinds: Record<string, (i: number) => { address: number; length: number }> = {
    "hosts all over": (i) => ({ address: mixed(i), length: 32 }),
    "hosts in a row": (i) => ({ address: 0x0a000000 + i, length: 32 }),
    "hosts in clumps": (i) => ({ address: Math.imul(Math.floor(i / 17), 0x9e3779b1) + (i % 17), length: 32 }),
    "nets of all lengths": (i) => ({ address: mixed(i), length: 8 + (mixed(i + 77) % 25) }),
    "nets as the Internet has them": (i) => ({
      address: mixed(i),
      length: [24, 24, 24, 24, 24, 22, 23, 20, 16, 19][i % 10] as number,
    }),
    "hosts and the nets that they are in": (i) => ({ address: mixed(i >> 3), length: 32 - (i & 7) }),
  };
  it.each(Object.keys(kinds))("takes less than 100 bytes for each of 50,000 routes: %s", (kind) => {
    const count = 50_000;
    const routes = many(count, kinds[kind] as (typeof kinds)[string]);
    const { table, heap, lookup, inUse, ever } = rig(8 << 20);
    for (const route of routes) if (!table.set(heap, route)) throw new Error("no memory");
    expect(ever()).toBeLessThan(count * 100);
    // The longest route that an address is in, by exact matches.
    const longest = new Map(routes.map((r) => [r.address * 64 + r.length, r]));
    for (let i = 0; i < 3000; i++) {
      const address = i % 3 ? mixed(i + 1_000_000) : ((routes[mixed(i) % count] as Route).address + (i % 2)) >>> 0;
      let expected: { output: number; gateway: number } | undefined;
      for (let length = 32; length >= 0 && !expected; length--) {
        const found = longest.get(masked(address, length) * 64 + length);
        if (found) expected = { output: found.output, gateway: found.gateway };
      }
      expect([address, lookup(address)]).toEqual([address, expected]);
    }
    for (const { address, length } of routes) table.delete(heap, address, length);
    expect([table.length, inUse()]).toEqual([0, 0]);
  });

  it("takes less than 64 MiB for a million hosts all over", () => {
    const { table, heap, lookup, inUse, ever } = rig(64 << 20);
    const route = (i: number): Route => ({ address: mixed(i), length: 32, gateway: 0, output: i % 5 });
    for (let i = 0; i < 1_000_000; i++) if (!table.set(heap, route(i))) throw new Error("no memory");
    expect(ever()).toBeLessThan(64 << 20);
    for (let i = 0; i < 1_001_000; i += 997)
      expect(lookup(mixed(i))).toEqual(i < 1_000_000 ? { output: i % 5, gateway: 0 } : undefined);
    table.clear(heap);
    expect(inUse()).toBe(0);
  });

  it("takes less than 1 KiB for three routes", () => {
    const { table, heap, ever } = rig();
    for (const [address, length] of [
      [0x1a040000, 16],
      [0x0a000000, 8],
      [0, 0],
    ] as const)
      table.set(heap, { address, length, gateway: 0x01020304, output: 1 });
    expect(ever()).toBeLessThan(1024);
  });

  it("changes nothing when there is no memory, and goes on when there is some again", () => {
    let full = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 64, max: 4096 }),
        fc.array(step, { minLength: 10, maxLength: 150, size: "max" }),
        (bytes, steps) => {
          const { table, heap, lookup, inUse } = rig(bytes);
          const model = new Model();
          const listing = (): string => JSON.stringify([...table.routes()].map((r) => [r.address, r.length, r.output]));
          for (const [what, where, next] of steps) {
            const known = model.routes[where.address % (model.routes.length || 1)];
            const { address, length } = what === "deleteAt" && known ? known : where;
            if (what !== "set") {
              expect(table.delete(heap, address, length)).toBe(model.delete(address, length));
              continue;
            }
            const before = [listing(), inUse()];
            if (table.set(heap, { ...where, ...next })) model.set({ ...where, ...next });
            else {
              full++;
              const now = [listing(), inUse()];
              expect(now[0]).toEqual(before[0]);
              // What was made ready for routes to come may stay, in a table that has some.
              if (table.length === 0) expect(now[1]).toBe(0);
            }
            for (const a of around(where)) expect([a, lookup(a)]).toEqual([a, model.lookup(a)]);
          }
          for (const { address, length } of model.routes) expect(table.delete(heap, address, length)).toBe(true);
          expect(inUse()).toBe(0);
        },
      ),
      { numRuns: 120 },
    );
    expect(full).toBeGreaterThan(100);
  });

  const mover = (from: Rig, to: Rig): StateMover => ({
    from: from.heap.data,
    to: to.heap.data,
    heap: to.heap,
    mostPackets: 0,
    packet: () => 0,
  });
  const fields = (places: RoutePlaces) => {
    const type = routeTable({ places });
    return { type, before: { name: type.name, size: type.size } };
  };

  it("is carried over with its places and what is free of them", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<RoutePlaces>("freed last", "first free"),
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.array(step, { maxLength: 20, size: "max" }),
        (places, steps, more) => {
          const [from, to] = [rig(undefined, places), rig(undefined, places)];
          const apply = ({ table, heap }: Rig, list: typeof steps): void => {
            for (const [what, where, next] of list)
              if (what === "set") table.set(heap, { ...where, ...next });
              else table.delete(heap, where.address, where.length);
          };
          const listing = ({ table }: Rig): unknown => [table.length, ...table.routes()];
          apply(from, steps);
          // What was in the other table is given back.
          apply(to, more);
          const { type, before } = fields(places);
          type.transfer(mover(from, to), before, at.table, at.table);
          expect(listing(to)).toEqual(listing(from));
          apply(from, more);
          apply(to, more);
          expect(listing(to)).toEqual(listing(from));
          to.table.clear(to.heap);
          expect(to.inUse()).toBe(0);
        },
      ),
      { numRuns: 80 },
    );
  });

  it("is not carried over where there is no memory for it", () => {
    const [from, to] = [rig(1 << 20), rig(4096)];
    for (const route of many(1000, kinds["hosts all over"] as (typeof kinds)[string])) from.table.set(from.heap, route);
    const { type, before } = fields("freed last");
    expect(() => type.transfer(mover(from, to), before, at.table, at.table)).toThrow(
      new RangeError("there is no memory for the 1000 routes of the former table"),
    );
  });

  it("ends every operation on memory that a guest has written over", () => {
    let faults = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 120, size: "max" }),
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(0xffffffff), fc.nat(40), fc.nat(65536))), {
          minLength: 1,
          maxLength: 40,
        }),
        (steps, damage) => {
          const from = rig(1 << 16);
          const { table, heap, ever } = from;
          for (const [what, where, next] of steps) if (what === "set") table.set(heap, { ...where, ...next });
          const words = (at.heap - at.table + ever()) / 4;
          for (const [where, value] of damage) heap.data.setUint32(at.table + (where % words) * 4, value, true);
          const survive = (run: () => unknown): void => {
            try {
              run();
            } catch (e) {
              faults++;
              if (!(e instanceof RangeError)) throw e;
            }
          };
          const { type, before } = fields("freed last");
          for (const [what, where, next] of steps) {
            survive(() => table.lookup(where.address));
            survive(() => table.get(where.address, where.length));
            survive(() => [...table.routes()].length);
            survive(() =>
              what === "set" ? table.delete(heap, where.address, 0) : table.set(heap, { ...where, ...next }),
            );
          }
          survive(() => type.transfer(mover(from, rig()), before, at.table, at.table));
          survive(() => table.set(heap, { address: 0, length: 0, gateway: 1, output: 1 }));
          survive(() => table.clear(heap));
        },
      ),
      { numRuns: 80 },
    );
    expect(faults).toBeGreaterThan(100);
  });
});
