/** Elements with routing tables: what they do with packets, their handlers, and the same in native Click where there is one. */
import { spawnSync } from "node:child_process";
import { arg, element, elementSet, HandlerError, required } from "@clickos/click-core";
import { parseIpAddress } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IpRouteTable } from "../src/iproute/route-lookup.ts";
import { ip, make, pass } from "./packets.ts";

const dynamic = ["RadixIPLookup", "LinearIPLookup", "DirectIPLookup", "RangeIPLookup"] as const;
const all = [...dynamic, "StaticIPLookup"] as const;

const config = (name: string, routes: string): string =>
  `FromDevice(0) -> CheckIPHeader(CHECKSUM false, BADSRC "") -> rt :: ${name}(${routes}); rt[0] -> ToDevice(0); rt[1] -> ToDevice(1); rt[2] -> ToDevice(2)`;
const to = (dst: string): Uint8Array => ip({ dst });
/** What a handler refuses to do, without the path before it. */
const refusal = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (e) {
    if (!(e instanceof HandlerError)) throw e;
    return e.message.slice(e.message.indexOf(": ") + 2);
  }
};

describe.each(all)("%s", (name) => {
  it("takes the longest match, and drops what has none", async () => {
    const told: string[] = [];
    using r = await make(config(name, "10.0.0.0/8 0, 10.1.0.0/16 1, 10.1.2.0/24 10.9.9.9 2, 10.1.2.3 0"), {
      chatter: (text) => told.push(text),
    });
    const out = pass(r, ["10.2.0.1", "10.1.9.9", "10.1.2.4", "10.1.2.3", "9.255.255.255", "11.0.0.0"].map(to));
    expect(out.slice(0, 3)).toEqual([[to("10.2.0.1"), to("10.1.2.3")], [to("10.1.9.9")], [to("10.1.2.4")]]);
    expect(r.drops()).toEqual([{ element: "rt", reason: "no route", count: 2 }]);
    const who = { RadixIPLookup: "IPRouteTable", LinearIPLookup: "LinearIPLookup", StaticIPLookup: "LinearIPLookup" };
    const teller = who[name as keyof typeof who];
    expect(told).toEqual(teller ? ["9.255.255.255", "11.0.0.0"].map((a) => `${teller}: no route for ${a}\n`) : []);
    pass(
      r,
      Array.from({ length: 9 }, () => to("8.8.8.8")),
    );
    expect(told.length).toBe(teller ? 5 : 0);
  });

  it("sets the destination annotation to the gateway's address", async () => {
    using r = await make(
      `FromDevice(0) -> CheckIPHeader -> rt :: ${name}(10.0.0.0/8 1.2.3.4 0, 0/0 0) -> again :: ${name}(1.2.3.4/32 1, 0/0 0); again[0] -> ToDevice(0); again[1] -> ToDevice(1)`,
    );
    expect(pass(r, [to("10.0.0.1"), to("11.0.0.1")]).slice(0, 2)).toEqual([[to("11.0.0.1")], [to("10.0.0.1")]]);
  });

  it("shows its table and looks up", async () => {
    using r = await make(
      `AddressInfo(host 10.1.2.3); ${config(name, "10.0.0.0/8 0, 0/0 1.2.3.4 1, 123.123.123.123 - 2")}`,
    );
    const lines = r.read("rt.table").split("\n");
    expect(lines.pop()).toBe("");
    expect(new Set(lines)).toEqual(
      new Set(["10.0.0.0/8\t\t-\t\t0", "0.0.0.0/0\t\t1.2.3.4\t\t1", "123.123.123.123/32\t-\t\t2"]),
    );
    expect(["10.1.1.1", "9.9.9.9", "host", " 123.123.123.123 "].map((a) => r.read("rt.lookup", a))).toEqual([
      "0",
      "1 1.2.3.4",
      "0",
      "2",
    ]);
    expect(refusal(() => r.read("rt.lookup", "nobody"))).toBe("expected IP address");
    expect(refusal(() => r.read("rt.lookup"))).toBe("expected IP address");
    using empty = await make(`Idle -> rt :: ${name} -> Discard`);
    expect([empty.read("rt.lookup", "1.1.1.1"), empty.read("rt.table")]).toEqual(["-1", ""]);
  });

  it("keeps the first of several routes for a prefix, and says so", async () => {
    const warnings: string[] = [];
    using r = await make(config(name, "10.0.0.0/8 0, 10.1.1.1/8 1, 10/8 2"), {
      warn: (list) => warnings.push(...list.map((d) => d.message)),
    });
    expect(r.read("rt.lookup", "10.0.0.1")).toBe("0");
    expect(warnings.join()).toContain("2 routes replaced by later versions");
  });

  it("does without outputs", async () => {
    using r = await make(`FromDevice(0) -> MarkIPHeader -> rt :: ${name}`);
    pass(r, [to("1.2.3.4")]);
    expect(r.drops()).toEqual([{ element: "rt", reason: "no route", count: 1 }]);
  });
});

describe.each(dynamic)("%s", (name) => {
  it("adds, sets and removes routes while it runs", async () => {
    using r = await make(config(name, "10.0.0.0/8 0"));
    r.write("rt.add", "10.1.0.0/16 1.1.1.1 1");
    r.write("rt.set", "0/0 2");
    const where = (a: string): string => r.read("rt.lookup", a);
    expect(["10.0.0.1", "10.1.0.1", "1.1.1.1"].map(where)).toEqual(["0", "1 1.1.1.1", "2"]);
    expect(pass(r, ["10.0.0.1", "10.1.0.1", "1.1.1.1"].map(to)).slice(0, 3)).toEqual([
      [to("10.0.0.1")],
      [to("10.1.0.1")],
      [to("1.1.1.1")],
    ]);
    r.write("rt.set", "10.1.0.0/16 2");
    r.write("rt.remove", "0/0");
    r.write("rt.remove", "10.0.0.0/8 0");
    expect(["10.0.0.1", "10.1.0.1", "1.1.1.1"].map(where)).toEqual(["-1", "2", "-1"]);
    expect(r.read("rt.table")).toBe("10.1.0.0/16\t\t-\t\t2\n");
  });

  it("refuses in Click's words, and changes nothing then", async () => {
    using r = await make(config(name, "10.0.0.0/8 1.2.3.4 0"));
    const before = r.read("rt.table");
    const cases: [handler: string, text: string, words: string][] = [
      ["add", "10.0.0.0/8 1", "conflict with existing route '10.0.0.0/8 1.2.3.4 0'"],
      ["add", "12/8 3", "bad OUTPUT"],
      ["set", "12/8 -1", "bad OUTPUT"],
      ["add", "12/8", "expected 'ADDR/MASK [GATEWAY] OUTPUT'"],
      ["add", "12/8 1.1.1.1", "expected 'ADDR/MASK [GATEWAY] OUTPUT'"],
      ["set", "nobody 1", "expected 'ADDR/MASK [GATEWAY] OUTPUT'"],
      ["add", "12/8 - 1 1", "expected 'ADDR/MASK [GATEWAY] OUTPUT'"],
      ["add", "1.0.3.0/255.0.255.0 1", "the mask of '1.0.3.0/255.0.255.0 - 1' is not a prefix"],
      ["remove", "13/8", "route '13.0.0.0/8 - -1' not found"],
      ["remove", "10/8 0", "route '10.0.0.0/8 - 0' not found"],
      ["remove", "10/8 1.2.3.4 1", "route '10.0.0.0/8 1.2.3.4 1' not found"],
      ["remove", "10/8 1.2.3.4 1 1", "expected 'ADDR/MASK [GATEWAY OUTPUT]'"],
      ["remove", "10/8 -2", "bad OUTPUT"],
      ["ctrl", "drop 10/8", "bad command 'drop'"],
    ];
    for (const [handler, text, words] of cases)
      expect([handler, text, refusal(() => r.write(`rt.${handler}`, text))]).toEqual([handler, text, words]);
    expect(r.read("rt.table")).toBe(before);
    r.write("rt.remove", "10/8 1.2.3.4");
    expect(r.read("rt.table")).toBe("");
  });

  it("does all commands of a text, or none", async () => {
    using r = await make(config(name, "10.0.0.0/8 0, 11.0.0.0/8 1, 0/0 2"));
    const before = r.read("rt.table");
    const commands = "add 20/8 0 // new\n\n  set 10/8 5.5.5.5 1\nremove 0/0\nset 21/8 1\nremove 11/8 1\n";
    expect(refusal(() => r.write("rt.ctrl", `${commands}add 20.0.0.0/8 1`))).toBe(
      "conflict with existing route '20.0.0.0/8 - 0'",
    );
    expect(r.read("rt.table")).toBe(before);
    r.write("rt.ctrl", commands);
    expect(new Set(r.read("rt.table").split("\n"))).toEqual(
      new Set(["20.0.0.0/8\t\t-\t\t0", "10.0.0.0/8\t\t5.5.5.5\t\t1", "21.0.0.0/8\t\t-\t\t1", ""]),
    );
  });

  it("reads names that the configuration defines", async () => {
    using r = await make(`AddressInfo(lan 10.1.2.0/24, hop 1.2.3.4); ${config(name, "lan:ipnet hop 0")}`);
    r.write("rt.set", "lan:ipnet hop 2");
    r.write("rt.add", "hop 1");
    expect(r.read("rt.lookup", "10.1.2.9")).toBe("2 1.2.3.4");
    expect(r.read("rt.lookup", "hop")).toBe("1");
  });

  it("refuses masks that are no prefixes", async () => {
    await expect(make(config(name, "10.0.0.0/8 0, 1.0.3.0/255.0.255.0 1"))).rejects.toThrow(
      "argument 2: the mask of '1.0.3.0/255.0.255.0 - 1' is not a prefix",
    );
  });

  it("keeps its routes in a hot swap, unless its arguments are others", async () => {
    using r = await make(config(name, "10.0.0.0/8 0, 11.0.0.0/8 1"), { reconfigurable: true });
    r.write("rt.remove", "11/8");
    r.write("rt.add", "12/8 9.9.9.9 2");
    const table = r.read("rt.table");
    r.hotswap(`${config(name, "10.0.0.0/8 0, 11.0.0.0/8 1")}; Idle -> Discard`);
    expect(r.read("rt.table")).toBe(table);
    expect(pass(r, [to("12.0.0.1"), to("11.0.0.1")])[2]).toEqual([to("12.0.0.1")]);
    r.write("rt.add", "11/8 2");
    r.hotswap(config(name, "10.0.0.0/8 1"));
    expect(r.read("rt.table")).toBe("10.0.0.0/8\t\t-\t\t1\n");
    expect(["10.0.0.1", "12.0.0.1"].map((a) => r.read("rt.lookup", a))).toEqual(["1", "-1"]);
  });

  it("drops packets of routes to outputs that a hot swap took away", async () => {
    using r = await make(config(name, "10.0.0.0/8 0"), { reconfigurable: true });
    r.write("rt.add", "11/8 2");
    r.hotswap(
      `FromDevice(0) -> CheckIPHeader(CHECKSUM false, BADSRC "") -> rt :: ${name}(10.0.0.0/8 0); rt[0] -> ToDevice(0)`,
    );
    expect(pass(r, [to("10.0.0.1"), to("11.0.0.1")])[0]).toEqual([to("10.0.0.1")]);
    expect(r.drops()).toEqual([{ element: "rt", reason: "no route", count: 1 }]);
  });
});

describe("a table of 20,000 routes in the configuration", () => {
  const dotted = (n: number): string => [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");
  const host = (i: number): string => dotted(Math.imul(i + 1, 0x9e3779b1) >>> 0);

  it("is there from the start, and changes", async () => {
    const routes = Array.from({ length: 20_000 }, (_, i) => `${host(i)} ${dotted(i + 1)} ${i % 3}`);
    using r = await make(config("RadixIPLookup", routes.join(", ")));
    for (let i = 0; i < 20_000; i += 371) expect(r.read("rt.lookup", host(i))).toBe(`${i % 3} ${dotted(i + 1)}`);
    expect(pass(r, [to(host(7)), to(host(19_999))])[1]).toEqual([to(host(7)), to(host(19_999))]);
    r.write("rt.remove", host(7));
    r.write("rt.add", "0/0 2");
    expect(pass(r, [to(host(7))])[2]).toEqual([to(host(7))]);
    expect(r.read("rt.table").split("\n").length).toBe(20_001);
    r.write("rt.flush", "");
    expect([r.read("rt.table"), r.read("rt.lookup", host(1))]).toEqual(["", "-1"]);
  });
});

describe("the interface of routing tables to other elements", () => {
  /** Paints packets with the output that a table has for their destination, plus 1. */
  const Where = element({
    name: "Where",
    ports: "1/1",
    processing: "a/a",
    config: { TABLE: required(arg.raw) },
    peers: ({ config, named }) => named(config.TABLE, IpRouteTable, 0),
    handlers: {
      where: {
        flags: "+",
        read: (_s, { peers, peer }, text) =>
          JSON.stringify((peers && peer(peers).lookup(parseIpAddress(text) ?? 0)) ?? null),
      },
    },
    action(c, packet, { peers, peer }) {
      if (!peers) return;
      const { output, gateway } = peer(peers).lookup(packet.dstIp.get());
      c.store8(packet.data, output.add(1), 1);
      c.if(gateway, () => c.store32(packet.data, gateway, 12, "be"));
    },
  });

  it.each(all)("%s says where an address goes", async (name) => {
    using r = await make(
      `FromDevice(0) -> CheckIPHeader -> w :: Where(rt) -> ToDevice(0); Idle -> rt :: ${name}(10/8 0, 11/8 1.2.3.4 1); rt[0] -> Discard; rt[1] -> Discard`,
      { elements: { ...elements, ...elementSet(Where) } },
    );
    const out = pass(r, ["10.0.0.1", "11.0.0.1", "12.0.0.1"].map(to))[0] as Uint8Array[];
    expect(out.map((p) => [p[1], [...p.subarray(12, 16)].join(".")])).toEqual([
      [1, "10.0.0.1"],
      [2, "1.2.3.4"],
      [0, "10.0.0.1"],
    ]);
    const where = ["10.0.0.1", "11.0.0.1", "12.0.0.1"].map((a) => JSON.parse(r.read("w.where", a)));
    expect(where).toMatchObject([{ output: 0, gateway: 0 }, { output: 1, gateway: 0x01020304 }, null]);
  });
});

const { CLICK } = process.env;

// Set the variable CLICK to the path of native Click's program for these.
describe.skipIf(!CLICK)("beside native Click", () => {
  /** Prefixes that nest; a table that is empty for a while has no places here, so that one route is none of these. */
  const always = "200.0.0.0/8 0";
  const text = fc
    .record({
      base: fc.constantFrom("10.0.0.0", "10.0.0.0", "10.1.2.3", "192.168.7.200", "255.255.255.255", "0.0.0.0"),
      length: fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 17, 20, 24, 25, 29, 31, 32),
      gateway: fc.constantFrom("", "- ", "1.2.3.4 ", "100.100.100.100 "),
      output: fc.integer({ min: 0, max: 2 }),
    })
    // 0.0.0.0/32 is what Click's LinearIPLookup has in empty places.
    .filter(({ base, length }) => !(base === "0.0.0.0" && length === 32))
    // In Click's DirectIPLookup, routes that share the default route's next hop go when that goes.
    .map(({ base, length, gateway, output }) => ({
      prefix: `${base}/${length}`,
      next: `${length === 0 ? "9.9.9.9 " : gateway}${output}`,
    }));
  const command = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constantFrom("add", "set"), text).map(([c, r]) => `${c} ${r.prefix} ${r.next}`),
    },
    { weight: 2, arbitrary: text.map((r) => `remove ${r.prefix}`) },
    { weight: 1, arbitrary: text.map((r) => `remove ${r.prefix} ${r.next}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("add 10/8 7", "set nobody 1", "add 10/8", "remove 1/8 1.1.1.1 0 0", "remove x"),
    },
  );
  const step = fc.oneof(
    { weight: 5, arbitrary: command },
    { weight: 1, arbitrary: fc.array(command, { minLength: 1, maxLength: 4 }).map((l) => `ctrl ${l.join("\n")}`) },
  );
  const probes = ["10.0.0.1", "10.1.2.3", "192.168.7.201", "11.0.0.1", "255.255.255.255", "128.0.0.0"];

  interface Report {
    /** The table and where addresses go, at the beginning and after each step. */
    readonly shown: string[];
    readonly refused: string[];
  }
  const native = (name: string, routes: string, steps: readonly string[]): Report => {
    const show = `print rt.table, ${probes.map((p) => `print $(rt.lookup ${p})`).join(", ")}, print "=="`;
    const script = [show, ...steps.map((s) => `write rt.${s}, ${show}`), "stop"].join(", ");
    const text = `Idle -> rt :: ${name}(${routes}); rt[0] -> Discard; rt[1] -> Discard; rt[2] -> Discard; Script(${script})`;
    const { stdout, stderr } = spawnSync(CLICK as string, ["-w", "-e", text], {
      encoding: "latin1",
      env: { ...process.env, LC_ALL: "C" },
    });
    return {
      // Its DirectIPLookup remembers the gateway of a default route that has gone.
      shown: stdout.replaceAll("-1 9.9.9.9", "-1").split("==\n").slice(0, -1),
      refused: [...stderr.matchAll(/^ {4}(.*)$/gm)].map((m) => m[1] as string),
    };
  };
  const ours = async (name: string, routes: string, steps: readonly string[]): Promise<Report> => {
    using r = await make(config(name, routes));
    const show = (): string => r.read("rt.table") + probes.map((p) => `${r.read("rt.lookup", p)}\n`).join("");
    const report: Report = { shown: [show()], refused: [] };
    for (const s of steps) {
      const space = s.indexOf(" ");
      const refused = refusal(() => r.write(`rt.${s.slice(0, space)}`, s.slice(space + 1)));
      if (refused !== undefined) report.refused.push(refused);
      report.shown.push(show());
    }
    return report;
  };

  // Click's RangeIPLookup goes through 48 MiB for every change.
  it.each(dynamic)(
    "%s",
    async (name) => {
      const [numRuns, maxLength] = name === "RangeIPLookup" ? [5, 8] : [25, 40];
      await fc.assert(
        fc.asyncProperty(
          fc.array(text, { maxLength: 6 }),
          fc.array(step, { maxLength, size: "max" }),
          async (first, steps) => {
            const routes = [always, ...first.map((r) => `${r.prefix} ${r.next}`)].join(", ");
            expect(await ours(name, routes, steps)).toEqual(native(name, routes, steps));
          },
        ),
        { numRuns },
      );
    },
    60_000,
  );

  it("StaticIPLookup", async () => {
    const mask = fc.constantFrom("255.0.255.0", "255.255.0.0", "0.0.0.255", "255.255.255.0");
    const odd = fc.tuple(text, mask).map(([r, m]) => ({ ...r, prefix: r.prefix.replace(/\/.*/, `/${m}`) }));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 12 }), fc.array(odd, { maxLength: 1 }), async (first, second) => {
        const routes = [always, ...first, ...second].map((r) => (typeof r === "string" ? r : `${r.prefix} ${r.next}`));
        expect(await ours("StaticIPLookup", routes.join(", "), [])).toEqual(
          native("StaticIPLookup", routes.join(", "), []),
        );
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
