import { Router } from "@clickos/click-core";
import { element, elementSet, parseIpAddress, positional, routeTable } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { ConfigurationError } from "@clickos/click-language";
import { moduleBuilder } from "@clickos/codegen";
import { struct, u32 } from "@clickos/layout";
import { describe, expect, it } from "vitest";
import type { ElementInstance } from "../src/compile/check.ts";
import { prefill } from "../src/compile/prefill.ts";
import { arg } from "../src/index.ts";

const hosts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    address: Math.imul(i + 1, 0x9e3779b1) >>> 0,
    length: 32,
    gateway: 0,
    output: i,
  }));

const Hosts = element({
  name: "Hosts",
  ports: "1/1",
  processing: "a/a",
  config: { COUNT: positional(arg.u32, 0) },
  state: { before: u32, table: routeTable(), after: u32 },
  initial: () => ({ before: 7, after: 9 }),
  fill: {
    table: (table, { heap, config }) => {
      for (const host of hosts(config.COUNT)) table.set(heap, host);
    },
  },
  handlers: {
    length: { gauge: "table" },
    sides: { read: (s) => `${s.before} ${s.after}` },
    output: { flags: "+", read: (s, _c, text) => s.table.lookup(parseIpAddress(text) ?? 0)?.output ?? -1 },
    clear: { write: (s, _v, { heap }) => s.table.clear(heap) },
  },
  action() {},
});
const all = { ...elements, ...elementSet(Hosts) };

describe("what structures have from the start", () => {
  it("is in the program's data, beside what `initial` gives", async () => {
    using r = await Router.compile("Idle -> a :: Hosts(5000) -> b :: Hosts(1) -> c :: Hosts -> Discard", {
      elements: all,
    });
    expect(["a.length", "b.length", "c.length"].map((h) => r.read(h))).toEqual(["5000", "1", "0"]);
    expect(["a.sides", "b.sides"].map((h) => r.read(h))).toEqual(["7 9", "7 9"]);
    expect(["158.55.121.177", "0.0.0.1"].map((a) => r.read("a.output", a))).toEqual(["0", "-1"]);
    r.write("a.clear", "");
    expect([r.read("a.length"), r.read("b.output", "158.55.121.177")]).toEqual(["0", "0"]);
  });

  it("starts anew in a hot swap where the arguments are others", async () => {
    using r = await Router.compile("Idle -> a :: Hosts(3) -> Discard", { elements: all, reconfigurable: true });
    r.write("a.clear", "");
    r.hotswap("Idle -> a :: Hosts(3) -> Null -> Discard");
    expect(r.read("a.length")).toBe("0");
    r.hotswap("Idle -> a :: Hosts(4) -> Discard");
    expect(r.read("a.length")).toBe("4");
  });

  it("takes as much memory as it needs, and no more than there is", () => {
    const state = struct(Hosts.state);
    const place = (count: number, limit: number) => ({
      module: moduleBuilder({ memory: { import: ["env", "memory"], pages: 1 } }),
      elements: [{ index: 0, class: Hosts, config: { COUNT: count }, plan: undefined, state } as ElementInstance],
      states: [{ address: 4096, layout: state }],
      control: 64,
      heap: 8192,
      limit,
    });
    expect(prefill(place(0, 65536))).toBe(8192);
    const [few, many] = [prefill(place(3, 1 << 20)), prefill(place(10_000, 64 << 20))];
    expect(few).toBeLessThan(8192 + 1024);
    expect(many).toBeGreaterThan(few + 160_000);
    expect(() => prefill(place(10_000, 65536))).toThrow(
      new ConfigurationError([
        {
          severity: "error",
          message: "the tables of the configuration need more than the 56 KiB of memory that are left for them",
          place: undefined,
        },
      ]),
    );
  });

  it("may not depend on addresses otherwise than by words that are some", async () => {
    const hashed = element({
      name: "Hashed",
      ports: "1/1",
      processing: "a/a",
      state: { table: routeTable() },
      fill: {
        table: (table, { heap }) => {
          const block = heap.allocate(64);
          table.set(heap, { address: Math.imul(block, 3), length: 32, gateway: 0, output: 0 });
        },
      },
      action() {},
    });
    await expect(
      Router.compile("Idle -> Hashed -> Discard", { elements: { ...elements, ...elementSet(hashed) } }),
    ).rejects.toThrow("what `fill` leaves depends on where the heap is, otherwise than by addresses");
  });
});
