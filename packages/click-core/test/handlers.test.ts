import { element, elementSet, type HandlerEntry, HandlerError, Router } from "@clickos/click-core";
import { arg, keyword, live } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { array, u8, u32, u64 } from "@clickos/layout";
import { describe, expect, it } from "vitest";

const config = `
  FromDevice(0) -> q :: Queue(5) -> u :: Unqueue -> c :: Counter -> f :: IPFilter(allow all) -> ToDevice(1);
  t :: TimedSource(0.5) -> Discard; s :: RatedSource(DATA x, RATE 7, ACTIVE false) -> sw :: Switch(-1) -> Discard;
`;

describe("the handler tree", () => {
  using router = Router.compileSync(config, { elements, clock: () => 5n });

  it("describes values by kind and unit, and says where plain ones are", () => {
    const { at: count, ...c } = router.describe("c.count");
    expect(c).toEqual({ path: "c.count", access: "r", kind: "counter", unit: "packets" });
    expect(count?.type).toBe("u64");
    expect(router.describe("c.byte_count")).toMatchObject({ kind: "counter", unit: "bytes" });
    expect(router.describe("q.length")).toMatchObject({ kind: "gauge", unit: "packets", at: { type: "span" } });
    expect(router.describe("q.capacity")).toMatchObject({ access: "rw", kind: "gauge", text: "5" });
    expect(router.describe("q.reset")).toEqual({ path: "q.reset", access: "w", kind: "button" });
    expect(router.describe("s.active")).toMatchObject({ access: "rw", kind: "flag", at: { type: "u32" } });
    expect(router.describe("s.rate")).toMatchObject({ access: "rw", kind: "rate", unit: "packets/s" });
    expect(router.describe("f.program")).toEqual({ path: "f.program", access: "r", kind: "table" });
    expect(router.describe("c.class")).toEqual({
      path: "c.class",
      access: "r",
      kind: "text",
      text: "Counter",
      flags: ".",
    });
    expect(router.describe("u.scheduled")).toMatchObject({ access: "r", kind: "flag" });
    expect(router.describe("version")).toEqual({ path: "version", access: "r", kind: "text" });
  });

  it("reads plain values as Click shows them", () => {
    expect([router.read("s.active"), router.read("sw.switch"), router.read("q.length")]).toEqual(["false", "-1", "0"]);
    router.write("s.active", "true");
    expect(router.read("s.active")).toBe("true");
  });

  it("lists what there is, and what matches a pattern", () => {
    const all = router.list();
    expect(all).toContain("version");
    expect(all.filter((p) => !p.includes(".")).length).toBeGreaterThan(5);
    expect(router.list("*.count")).toEqual(all.filter((path) => path.endsWith(".count")));
    expect(router.list("*.count").length).toBe(8);
    expect(router.list("q.l*")).toEqual(["q.length"]);
    expect(router.list("nothing*")).toEqual([]);
    for (const path of all) expect(router.describe(path).path).toBe(path);
  });

  it("tells who watches when a value is another one, and nobody else", () => {
    using r = Router.compileSync("FromDevice(0) -> c :: Counter -> Discard", { elements });
    const seen: string[] = [];
    const watch = r.watch("c.count", (value) => seen.push(value));
    r.run();
    expect(seen).toEqual([]);
    r.device(0).send([new Uint8Array(60), new Uint8Array(60)]);
    r.run();
    expect(seen).toEqual(["2"]);
    r.write("c.reset", "");
    expect(seen).toEqual(["2", "0"]);
    // The next configuration's counter is the same one.
    r.hotswap("FromDevice(0) -> c :: Counter -> Paint(1) -> Discard");
    r.device(0).send([new Uint8Array(60)]);
    r.run();
    expect(seen).toEqual(["2", "0", "1"]);
    watch[Symbol.dispose]();
    watch[Symbol.dispose]();
    r.device(0).send([new Uint8Array(60)]);
    r.run();
    expect([seen.length, r.read("c.count")]).toEqual([3, "2"]);
    expect(() => r.watch("c.reset", () => {})).toThrow(HandlerError);
    expect(() => r.watch("d.count", () => {})).toThrow("no element named 'd'");
  });

  it("lists them as Click does: what was added last first, with flags", () => {
    const Odd = element({
      name: "Odd",
      ports: "0/0-1",
      processing: "a/h",
      config: { ACTIVE: keyword(live(arg.bool), true), DETAILS: keyword(arg.bool, false) },
      handlerOrder: ["active", "count", "secret", "seen"],
      handlers: {
        count: { read: () => 0 },
        reset: { write: () => {} },
        add: { kind: "text", write: () => {} },
        find: { flags: "+", read: (_s, _c, text) => `<${text}>` },
      },
      furtherHandlers: ({ config, outputs }) => ({
        ...(config.DETAILS ? { details: { kind: "table", read: () => "none" } } : {}),
        ...Object.fromEntries(outputs.map((use, i) => [`output${i}`, { constant: () => use }])),
      }),
      service: () => ({ handlers: { seen: { read: () => 1 }, secret: { hidden: true, read: () => "s" } } }),
    });
    const all = { ...elements, ...elementSet(Odd) };
    using r = Router.compileSync("o :: Odd; p :: Odd(DETAILS true) -> Discard", { elements: all });
    const standard = "handlers r.\nports r.\nconfig r.\nclass r.\nname r.\n";
    const lines = (path: string): string => r.read(path).replaceAll("\t", " ");
    expect(lines("o.handlers")).toBe(`find r+\nadd w\nreset wb\nseen r\ncount r\nactive rwc\n${standard}`);
    expect(lines("p.handlers")).toBe(
      `output0 r\ndetails r\nfind r+\nadd w\nreset wb\nseen r\ncount r\nactive rwc\n${standard}`,
    );
    expect([r.read("o.secret"), r.read("p.output0"), r.read("p.details")]).toEqual(["s", "push", "none"]);
    expect(r.list("o.*")).not.toContain("o.secret");
    expect(r.read("o.find", "x")).toBe("<x>");
    expect(() => r.read("o.count", "x")).toThrow("read handler 'o.count' does not take parameters");
    expect(lines("handlers")).toBe(
      "version r\ndriver r\nconfig r\nflatconfig r\nrequirements r\nhandlers r\nlist r\nstop w\nclasses r\npackages r\ntimewarp rw\n",
    );
    expect([r.read(".driver"), r.read("timewarp")]).toEqual(["userlevel", "1"]);
    expect(() => r.write("timewarp", "0")).toThrow("timefactor must be > 0");
    expect(() => r.write("timewarp", "fast")).toThrow("expected double");
    expect(() => r.read("o.cont")).toThrow(expect.objectContaining({ hint: "did you mean 'count'?" }));
  });

  it("has every handler of every element described with something to read or write", () => {
    for (const cls of Object.values(elements))
      for (const [name, handler] of Object.entries((cls.handlers ?? {}) as Record<string, Partial<HandlerEntry>>)) {
        const uses = ["counter", "gauge", "rate", "flag", "constant", "read", "write"].filter((k) => k in handler);
        expect([cls.name, name, uses.length > 0]).toEqual([cls.name, name, true]);
      }
  });
});

describe("an element's state, as its handlers see it", () => {
  const Grid = element({
    name: "Grid",
    ports: "0/0",
    processing: "a/a",
    state: { cells: array(u32, 4), sums: array(u64, 2), tag: u8 },
    handlers: {
      cells: { read: (s) => [...s.cells].join() },
      set: {
        write: (s, value) => {
          s.cells[Number(value)] = 7;
          s.sums[1] = 9n;
        },
      },
      all: {
        read: (s) => `${s.cells.length} ${s.cells.indexOf(7)} ${s.cells.map((n) => n + 1).join()} ${s.sums[1]}`,
        write: (s) => {
          s.cells = [1, 2, 3, 4];
        },
      },
      tag: { gauge: "tag" },
    },
  });

  it("keeps what is written to one item of an array", () => {
    using router = Router.compileSync("g :: Grid", { elements: elementSet(Grid) });
    router.write("g.set", "2");
    expect([router.read("g.cells"), router.read("g.all")]).toEqual(["0,0,7,0", "4 2 1,1,8,1 9"]);
    router.write("g.all", "");
    expect(router.read("g.cells")).toBe("1,2,3,4");
  });

  it("has no field that a handler names and is not there", () => {
    const Wrong = element({ name: "Wrong", ports: "0/0", processing: "a/a", handlers: { n: { counter: "count" } } });
    expect(() => Router.compileSync("w :: Wrong", { elements: elementSet(Wrong) })).toThrow(
      "Wrong: a handler shows 'count', which is no field of the state that is a number or has a length",
    );
  });
});
