/** The kin of IPRewriter, mappers, and what rewriters have together. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serverTree } from "../src/nat/source-ip-tree.ts";
import { ip, make, pass, tcp, transportSum, udp } from "./packets.ts";

const second = 1_000_000_000n;
const words = (p: Uint8Array): string =>
  `${p.subarray(12, 16).join(".")}:${(p[20]! << 8) | p[21]!}>${p.subarray(16, 20).join(".")}:${(p[22]! << 8) | p[23]!}`;
const both = (rewriter: string, before = ""): string =>
  `${before} FromDevice(0) -> MarkIPHeader -> [0] rw :: ${rewriter}; FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0)`;
const away = { src: "10.0.0.5", dst: "8.8.8.8" };

describe("rewriters", () => {
  it("UDPRewriter has one flow for the protocols that have ports", async () => {
    using router = await make(both("UDPRewriter(pattern 1.0.0.1 5000-5009# - - 0 1, drop)"), { clock: () => 1n });
    const out = pass(router, [udp(7, 53, away), tcp(7, 53, 2, away)])[1]!;
    expect(out.map(words)).toEqual(["1.0.0.1:5000>8.8.8.8:53", "1.0.0.1:5000>8.8.8.8:53"]);
    expect(out.map(transportSum)).toEqual([0, 0]);
    expect(router.read("rw.size")).toBe("1");
    expect(pass(router, [tcp(53, 5000, 2, { src: "8.8.8.8", dst: "1.0.0.1" })], 1)[0]!.map(words)).toEqual([
      "8.8.8.8:53>10.0.0.5:7",
    ]);
  });

  it("IPAddrRewriter gives a host an address of its own, and gets back what comes there", async () => {
    using router = await make(both("IPAddrRewriter(pattern 1.0.0.1-1.0.0.2# - 0 1, drop)"), { clock: () => 1n });
    const from = (src: string, dst = "8.8.8.8"): string[] => pass(router, [udp(7, 53, { src, dst })])[1]!.map(words);
    expect([from("10.0.0.5"), from("10.0.0.6"), from("10.0.0.7"), from("10.0.0.5", "9.9.9.9")]).toEqual([
      ["1.0.0.1:7>8.8.8.8:53"],
      ["1.0.0.2:7>8.8.8.8:53"],
      [],
      ["1.0.0.1:7>9.9.9.9:53"],
    ]);
    expect(router.read("rw.mapping_failures")).toBe("1");
    const back = pass(
      router,
      [1, 2, 3].map((n) => udp(1, 2, { src: "7.7.7.7", dst: `1.0.0.${n}` })),
      1,
    )[0]!;
    expect(back.map(words)).toEqual(["7.7.7.7:1>10.0.0.5:2", "7.7.7.7:1>10.0.0.6:2"]);
    expect(back.map(transportSum)).toEqual([0, 0]);
  });

  it.each([
    ["UDPRewriter", "udp"],
    ["TCPRewriter", "tcp"],
    ["IPAddrRewriter", "udp"],
    ["IPAddrPairRewriter", "tcp"],
  ])("what %s sends out comes back as it was", async (kind, protocol) => {
    const hasPorts = !kind.startsWith("IPAddr");
    const pattern = hasPorts ? "pattern 1.0.0.1 1024-65535? - - 0 1" : "pattern 1.0.0.0/16 - 0 1";
    using router = await make(both(`${kind}(${pattern}, drop)`), { clock: () => 1n });
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(
      fc.property(fc.tuple(port, port, fc.integer({ min: 1, max: 250 })), ([sport, dport, host]) => {
        const address = { src: `10.0.0.${host}`, dst: "8.8.8.8" };
        const sent = protocol === "udp" ? udp(sport, dport, address) : tcp(sport, dport, 2, address);
        const [out] = pass(router, [sent])[1] as [Uint8Array];
        expect(transportSum(out)).toBe(0);
        const [src, dst] = [out.subarray(16, 20).join("."), out.subarray(12, 16).join(".")];
        const mapped = (out[20]! << 8) | out[21]!;
        const answer = protocol === "udp" ? udp(dport, mapped, { src, dst }) : tcp(dport, mapped, 18, { src, dst });
        const [back] = pass(router, [answer], 1)[0] as [Uint8Array];
        expect([words(back), transportSum(back)]).toEqual([`8.8.8.8:${dport}>10.0.0.${host}:${sport}`, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it("a pattern that is written ends the flows of the one before it, and no others", async () => {
    using router = await make(both("IPRewriter(pattern 1.0.0.1 5000-5009# - - 0 1, keep 1 0)"), { clock: () => 1n });
    pass(router, [udp(1, 53, away), udp(2, 53, away)]);
    pass(router, [udp(9, 9, { src: "3.3.3.3", dst: "4.4.4.4" })], 1);
    router.write("rw.pattern0", "pattern 2.0.0.2 6000-6009# - - 0 1");
    expect(router.read("rw.patterns")).toBe("2.0.0.2 6000-6009 - -\n<keep> [1]\n");
    expect(pass(router, [udp(2, 53, away)])[1]!.map(words)).toEqual(["2.0.0.2:6000>8.8.8.8:53"]);
    for (const [text, message] of [
      ["keep 0 7", "input spec 0: output port out of range"],
      ["nobody", "input spec 0: unknown specification"],
    ] as const)
      expect(() => router.write("rw.pattern0", text)).toThrow(message);
    expect(router.read("rw.size")).toBe("2");
  });

  it("flows of a configuration with more inputs and outputs do no harm in one with fewer", async () => {
    let now = 1n;
    const text = (specs: string, more: string): string =>
      `FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(${specs}, REAP_INTERVAL 10, UDP_TIMEOUT 5); rw[0] -> ToDevice(1); ${more}`;
    const more = Array.from({ length: 9 }, (_, i) => `FromDevice(${i + 2}) -> MarkIPHeader -> [${i + 1}] rw;`).join(
      " ",
    );
    using router = await make(
      text(`keep 0 0, ${Array.from({ length: 9 }, () => "keep 1 1").join(", ")}`, `${more} rw[1] -> ToDevice(2)`),
      {
        clock: () => now,
      },
    );
    pass(router, [udp(1, 2)], 10);
    router.hotswap(text("keep 0 0", ""));
    expect(pass(router, [udp(1, 2)])[1]!.map(words)).toEqual(["10.0.0.1:1>10.0.0.2:2"]);
    now += 20n * second;
    router.run();
    expect([router.read("rw.size"), router.read("rw.table_size")]).toEqual(["0", "0"]);
  });
});

describe("rewriters that share a capacity", () => {
  it("have as many flows together as it says, and give up the one that is due first", async () => {
    const step = fc.record({
      which: fc.constantFrom(0, 1),
      port: fc.integer({ min: 1, max: 8 }),
      wait: fc.constantFrom(0n, 1n, 3n),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { minLength: 5, maxLength: 60 }),
        async (capacity, steps) => {
          let now = 1n;
          using router = await make(
            `FromDevice(0) -> MarkIPHeader -> a :: IPRewriter(keep 0 0, CAPACITY ${capacity}, UDP_GUARANTEE 2) -> ToDevice(0);
             FromDevice(1) -> MarkIPHeader -> b :: UDPRewriter(keep 0 0, MAPPING_CAPACITY a, GUARANTEE 0, TIMEOUT 100) -> ToDevice(1)`,
            { clock: () => now },
          );
          interface Flow {
            readonly name: string;
            readonly which: number;
            due: bigint;
            guaranteed: boolean;
          }
          let flows: Flow[] = [];
          for (const { which, port, wait } of steps) {
            now += wait * second + 1n;
            const name = `${which} ${port}`;
            let flow = flows.find((f) => f.name === name);
            const passed = pass(router, [udp(port, 53)], which)[which]!.length;
            const touch = (f: Flow): void => {
              f.guaranteed = which === 0;
              f.due = now + (which === 0 ? 2n : 100n) * second;
            };
            if (!flow) {
              flow = { name, which, due: 0n, guaranteed: false };
              touch(flow);
              flows.push(flow);
              if (flows.length > capacity) {
                for (const f of flows)
                  if (f.guaranteed && f.due <= now) {
                    f.guaranteed = false;
                    f.due += 298n * second;
                  }
                const free = flows.filter((f) => !f.guaranteed).sort((x, y) => (x.due < y.due ? -1 : 1));
                const gone = free[0] ?? flow;
                flows = flows.filter((f) => f !== gone);
              }
            } else touch(flow);
            expect([passed, router.read("a.size"), router.read("b.size")]).toEqual([
              flows.includes(flow) ? 1 : 0,
              String(flows.length),
              String(flows.length),
            ]);
            expect(router.read("b.table_size")).toBe(String(flows.filter((f) => f.which === 1).length));
          }
          router.write("b.capacity", "0");
          expect([router.read("a.capacity"), router.read("a.size")]).toEqual(["0", "0"]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("are reaped by the one that looks", async () => {
    let now = 1n;
    using router = await make(
      `FromDevice(0) -> MarkIPHeader -> a :: IPRewriter(keep 0 0, REAP_INTERVAL 0, UDP_TIMEOUT 5) -> ToDevice(0);
       FromDevice(1) -> MarkIPHeader -> b :: UDPRewriter(keep 0 0, CAPACITY a, REAP_INTERVAL 10) -> ToDevice(1)`,
      { clock: () => now },
    );
    pass(router, [udp(1, 2)]);
    now += 11n * second;
    router.run();
    expect([router.read("a.size"), router.read("a.table_size")]).toEqual(["0", "0"]);
  });
});

describe("mappers", () => {
  it("RoundRobinIPMapper spreads flows, and serves several rewriters in turn", async () => {
    using router = await make(
      `rr :: RoundRobinIPMapper(- - 7.7.7.1 - 0 0, - - 7.7.7.2 - 0 0, - - 7.7.7.3 - 0 0);
       FromDevice(0) -> MarkIPHeader -> IPRewriter(rr) -> ToDevice(0); FromDevice(1) -> MarkIPHeader -> UDPRewriter(rr) -> ToDevice(1)`,
      { clock: () => 1n },
    );
    const to = (port: number, device: number): number[] =>
      pass(router, [udp(port, 80)], device)[device]!.map((p) => p[19]!);
    expect([1, 2, 3, 4, 1].map((port, i) => to(port, i & 1))).toEqual([[1], [2], [3], [1], [1]]);
  });

  it("SourceIPHashMapper gives an address one server, and most keep theirs when one goes", async () => {
    const servers = (ids: readonly number[]): string =>
      `sh :: SourceIPHashMapper(100 77, ${ids.map((id) => `- - 7.7.7.${id} - 0 0 ${id}`).join(", ")});
       FromDevice(0) -> MarkIPHeader -> IPRewriter(sh) -> ToDevice(0)`;
    const sources = Array.from(
      { length: 400 },
      (_, i) => `${1 + (i % 200)}.${(i * 7) & 255}.${i & 255}.${(i * 31) & 255}`,
    );
    const spread = async (ids: readonly number[]): Promise<number[]> => {
      using router = await make(servers(ids), { clock: () => 1n });
      return sources.map((src) => pass(router, [udp(1, 80, { src })])[0]![0]![19]!);
    };
    const [five, four] = [await spread([0, 1, 2, 3, 4]), await spread([0, 1, 3, 4])];
    for (const id of [0, 1, 2, 3, 4]) expect(five.filter((n) => n === id).length).toBeGreaterThan(20);
    five.forEach((id, i) => {
      if (id !== 2) expect(four[i]).toBe(id);
    });
    expect(await spread([0, 1, 2, 3, 4])).toEqual(five);
  });

  it("has every point of a hash in its tree once, however many there are", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer(),
        (ids, nodes, seed) => {
          const tree = serverTree(ids, nodes, seed);
          expect(tree).toHaveLength(ids.length * nodes);
          expect(tree.every((point) => point !== undefined)).toBe(true);
          for (let server = 0; server < ids.length; server++)
            expect(tree.filter((point) => point.server === server)).toHaveLength(nodes);
          // It is a search tree: what is on the left of a point is not above it.
          const inOrder = (at: number): number[] =>
            at >= tree.length ? [] : [...inOrder(2 * at + 1), tree[at]!.key, ...inOrder(2 * at + 2)];
          const keys = inOrder(0);
          expect(keys).toEqual([...keys].sort((a, b) => a - b));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("says what is wrong with names and mappers", async () => {
    const wrong = (text: string): Promise<string> =>
      make(text).then(
        () => "",
        (e: Error) => e.message,
      );
    expect(await wrong("Idle -> IPRewriter(pattern nosuch 0 0) -> Discard")).toMatch(/no such pattern 'nosuch'/);
    expect(await wrong("q :: Queue; Idle -> q -> Discard; Idle -> IPRewriter(q) -> Discard")).toMatch(
      /not an IPMapper/,
    );
    expect(await wrong("rr :: RoundRobinIPMapper(- - 0 3, - - 0 0); Idle -> IPRewriter(rr) -> Discard")).toMatch(
      /output port out of range in rr :: RoundRobinIPMapper pattern 0/,
    );
    expect(await wrong("sh :: SourceIPHashMapper(1000000 1, - - 0 0 9, - - 0 0 1)")).toMatch(/too many nodes/);
  });

  it("makes no flow with an output that no rewriter has", async () => {
    using router = await make(
      "rr :: RoundRobinIPMapper(- - -1 0, - - 0 -1); FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(rr) -> ToDevice(0)",
    );
    expect(pass(router, [udp(1, 2), ip({ protocol: 50 })])[0]).toEqual([]);
    expect([router.read("rw.size"), router.read("rw.mapping_failures")]).toEqual(["0", "1"]);
  });
});
