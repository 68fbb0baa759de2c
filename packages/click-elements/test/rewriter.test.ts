import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ip, make, pass, tcp, transportSum, udp } from "./packets.ts";

const nat = `FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 5000-5002# - - 0 1, drop, UDP_TIMEOUT 10s, TCP_TIMEOUT 100s, TCP_NODATA_TIMEOUT 50s, TCP_DONE_TIMEOUT 6s, REAP_INTERVAL 1s);
  FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0)`;

const right = (p: Uint8Array): boolean => checksum(p.subarray(0, 20)) === 0 && transportSum(p) === 0;
const addresses = (p: Uint8Array): string =>
  `${p.subarray(12, 16).join(".")}:${(p[20]! << 8) | p[21]!}>${p.subarray(16, 20).join(".")}:${(p[22]! << 8) | p[23]!}`;

describe("IPRewriter", () => {
  it("rewrites both directions and keeps all checksums right", async () => {
    using router = await make(nat, { clock: () => 1n });
    for (const make_ of [
      (s: number, d: number, o: object) => tcp(s, d, 2, o, Uint8Array.of(1, 2, 3)),
      (s: number, d: number, o: object) => udp(s, d, o),
    ]) {
      const [, [out]] = pass(router, [make_(1234, 80, { src: "10.0.0.5", dst: "8.8.8.8" })]) as [unknown, [Uint8Array]];
      expect(addresses(out)).toMatch(/^1\.0\.0\.1:500[0-2]>8\.8\.8\.8:80$/);
      expect(right(out)).toBe(true);
      const port = (out[20]! << 8) | out[21]!;
      const [[back]] = pass(router, [make_(80, port, { src: "8.8.8.8", dst: "1.0.0.1" })], 1) as [[Uint8Array]];
      expect(addresses(back)).toBe("8.8.8.8:80>10.0.0.5:1234");
      expect(right(back)).toBe(true);
    }
    expect(router.read("rw.nmappings")).toBe("2");
  });

  it("keeps a flow's port, gives another flow another, and refuses strangers", async () => {
    using router = await make(nat, { clock: () => 1n });
    const flow = (sport: number): Uint8Array => udp(sport, 53, { src: "10.0.0.5", dst: "8.8.8.8" });
    const [, out] = pass(router, [flow(1), flow(2), flow(1), flow(3), flow(4)]);
    expect(out!.map((p) => (p[20]! << 8) | p[21]!)).toEqual([5000, 5001, 5000, 5002]);
    expect(router.read("rw.mapping_failures")).toBe("1");
    // The same port serves again towards another destination.
    const [, again] = pass(router, [udp(9, 53, { src: "10.0.0.5", dst: "9.9.9.9" })]);
    expect(again).toHaveLength(1);
    expect(pass(router, [udp(53, 5001, { src: "7.7.7.7", dst: "1.0.0.1" })], 1)[0]).toEqual([]);
    expect(
      router
        .drops()
        .map((d) => d.reason)
        .sort(),
    ).toEqual(["new flow refused", "no room for another flow"]);
  });

  it("forgets flows after their time: UDP, TCP, and TCP that was closed", async () => {
    let now = 1n;
    const second = 1_000_000_000n;
    using router = await make(nat, { clock: () => now });
    const data = Uint8Array.of(1);
    pass(router, [udp(1, 53), tcp(2, 80, 2), tcp(3, 80, 2), tcp(3, 80, 0x14), tcp(4, 80, 0x11)]);
    pass(router, [tcp(5, 81, 0x10, {}, data)]);
    const reply = { src: "10.0.0.2", dst: "1.0.0.1" };
    pass(router, [tcp(81, 5001, 0x10, reply, data)], 1);
    const left = (): string[] => ["table_size", "size"].map((h) => router.read(`rw.${h}`));
    expect(left()).toEqual(["5", "5"]);
    for (const [seconds, flows] of [
      [5n, 5],
      // The flow that was reset; one side's FIN ends nothing.
      [7n, 4],
      [11n, 3],
      [51n, 1],
      [99n, 1],
      [102n, 0],
    ] as const) {
      now = seconds * second;
      router.run();
      expect([seconds, ...left()]).toEqual([seconds, String(flows), String(flows)]);
    }
  });

  it("looks through its flows every 15 minutes where nothing else is said", async () => {
    let now = 1n;
    using router = await make("FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(keep 0 0) -> ToDevice(1)", {
      clock: () => now,
    });
    pass(router, [udp(1, 53)]);
    now = 899n * 1_000_000_000n;
    router.run();
    expect(router.read("rw.size")).toBe("1");
    now = 901n * 1_000_000_000n;
    router.run();
    expect(router.read("rw.size")).toBe("0");
  });

  it("passes other protocols only where told, and leaves absent UDP checksums absent", async () => {
    using router = await make(
      "FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(pattern 1.0.0.1 - 9.9.9.9 99 0 0) -> ToDevice(1)",
      { clock: () => 1n },
    );
    const plain = udp(7, 8);
    plain.set([0, 0], 26);
    const [, out] = pass(router, [plain, ip({ protocol: 50 })]);
    expect(out!.map(addresses)).toEqual(["1.0.0.1:7>9.9.9.9:99"]);
    expect([...out![0]!.subarray(26, 28)]).toEqual([0, 0]);
    expect(router.drops()).toEqual([{ element: "rw", reason: "not TCP or UDP", count: 1 }]);
  });

  it("pass and nochange leave packets as they are", async () => {
    using router = await make("FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(pass 0) -> ToDevice(1)");
    const packets = [udp(1, 2), ip({ protocol: 50 })];
    expect(pass(router, packets)[1]).toEqual(packets);
    expect(router.read("rw.size")).toBe("0");
  });

  const portOf = (p: Uint8Array): number => (p[20]! << 8) | p[21]!;
  const one = (spec: string, more = ""): string =>
    `FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(${spec}${more}) -> ToDevice(1)`;

  it("a flow keeps its own port where it is in the range and free, and gets one at random otherwise", async () => {
    using router = await make(one("pattern 1.0.0.1 5000-5009 - - 0 0"), { clock: () => 1n });
    const from = (src: string, port: number): number[] => pass(router, [udp(port, 53, { src })])[1]!.map(portOf);
    expect([from("10.0.0.1", 5007), from("10.0.0.1", 5000)]).toEqual([[5007], [5000]]);
    const others = Array.from({ length: 8 }, (_, i) => from("10.0.0.2", i === 0 ? 5007 : i)).flat();
    expect([...others].sort()).toEqual([5001, 5002, 5003, 5004, 5005, 5006, 5008, 5009]);
    expect(others).not.toEqual([...others].sort());
    expect([from("10.0.0.3", 1), router.read("rw.mapping_failures")]).toEqual([[], "1"]);
  });

  it("a port is always random with '?', the next one with '#'", async () => {
    const ports = async (sign: string, seed: bigint): Promise<number[]> => {
      using router = await make(one(`pattern 1.0.0.1 5000-5999${sign} - - 0 0`), { clock: () => 1n, seed });
      return pass(
        router,
        [5100, 5101, 5102, 5103].map((port) => udp(port, 53)),
      )[1]!.map(portOf);
    };
    expect(await ports("#", 1n)).toEqual([5000, 5001, 5002, 5003]);
    expect(await ports("", 1n)).toEqual([5100, 5101, 5102, 5103]);
    const [a, b] = [await ports("?", 1n), await ports("?", 2n)];
    expect(a).not.toEqual([5100, 5101, 5102, 5103]);
    expect(a).not.toEqual(b);
    expect(await ports("?", 1n)).toEqual(a);
  });

  it.each([
    ["pattern 1.0.0.5-1.0.0.7# - 0 0", ["1.0.0.5", "1.0.0.6", "1.0.0.7"]],
    ["pattern 1.0.0.0/29# - 0 0", ["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5", "1.0.0.6"]],
    ["pattern 1.0.0.4/31# - 0 0", ["1.0.0.4", "1.0.0.5"]],
    ["pattern 1.0.0.9 - 0 0", ["1.0.0.9"]],
    ["pattern 1.0.0.9 - 7-8# 0 0", ["1.0.0.9:7", "1.0.0.9:8"]],
  ])("%s gives flows their addresses and ports, as many as there are", async (spec, given) => {
    using router = await make(one(spec), { clock: () => 1n });
    const flows = Array.from({ length: 8 }, (_, i) => udp(99, 53, { src: `10.0.0.${i + 1}` }));
    const out = pass(router, flows)[1]!.map((p) => addresses(p).split(">")[0]!);
    const ports = given[0]!.includes(":");
    // A pattern without a range makes one flow of all: who comes last has it, and the others come back.
    const expected = given.length === 1 ? flows.map(() => given[0]!) : given;
    expect(out.map((a) => (ports ? a : a.split(":")[0]!))).toEqual(expected);
    expect(router.read("rw.size")).toBe(String(given.length));
  });

  it("shows its flows and patterns, finds one, and gives them up where the capacity shrinks", async () => {
    let now = 1n;
    const second = 1_000_000_000n;
    using router = await make(
      `FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 9.9.9.9 1024-65535 - - 0 1, keep 1 0, drop, pass 1);
       FromDevice(1) -> MarkIPHeader -> [1] rw; Idle -> [2] rw; Idle -> [3] rw; rw[0] -> ToDevice(0); rw[1] -> ToDevice(1)`,
      { clock: () => now },
    );
    expect([router.read("rw.capacity"), router.read("rw.patterns")]).toEqual([
      "2147483647",
      "9.9.9.9 1024-65535 - -\n<keep>\n<drop>\n<nochange>\n",
    ]);
    pass(router, [tcp(1025, 80, 2, { src: "1.0.0.1", dst: "2.0.0.2" })]);
    now += 2n * second;
    pass(router, [udp(5, 6, { src: "3.0.0.3", dst: "4.0.0.4" })], 1);
    expect(router.read("rw.tcp_table").split("\n").sort()).toEqual([
      "",
      "(1.0.0.1, 1025, 2.0.0.2, 80) => (9.9.9.9, 1025, 2.0.0.2, 80) [*0 1] i0 exp298",
      "(2.0.0.2, 80, 9.9.9.9, 1025) => (2.0.0.2, 80, 1.0.0.1, 1025) [0 *1] i0 exp298",
    ]);
    expect(router.read("rw.udp_table").split("\n").sort()).toEqual([
      "",
      "(3.0.0.3, 5, 4.0.0.4, 6) => (3.0.0.3, 5, 4.0.0.4, 6) [*1 0] i1 exp300",
      "(4.0.0.4, 6, 3.0.0.3, 5) => (4.0.0.4, 6, 3.0.0.3, 5) [1 *0] i1 exp300",
    ]);
    expect(router.read("rw.patterns")).toContain("9.9.9.9 1024-65535 - - [1]\n<keep> [1]\n<drop>");
    const look = (flow: string): string => router.read("rw.tcp_lookup", flow);
    expect([look("1.0.0.1 1025 2.0.0.2 80"), look("2.0.0.2 80 9.9.9.9 1025"), look("1.0.0.1 1 2.0.0.2 80")]).toEqual([
      "9.9.9.9 1025 2.0.0.2 80",
      "2.0.0.2 80 1.0.0.1 1025",
      "",
    ]);
    expect(() => look("1.0.0.1")).toThrow("SPORT: required argument missing");
    now += 4n * second;
    // The TCP flow's guarantee is over, and it is due first.
    router.write("rw.capacity", "1");
    expect([router.read("rw.tcp_table"), router.read("rw.size"), router.read("rw.table_size")]).toEqual(["", "1", "1"]);
    router.write("rw.clear", "");
    expect([router.read("rw.udp_table"), router.read("rw.size"), router.read("rw.patterns")]).toEqual([
      "",
      "0",
      "9.9.9.9 1024-65535 - -\n<keep>\n<drop>\n<nochange>\n",
    ]);
    expect(() => router.write("rw.capacity", "many")).toThrow("invalid number");
    pass(router, [udp(5, 6), udp(7, 8)]);
    expect([router.read("rw.size"), router.read("rw.mapping_failures")]).toEqual(["1", "1"]);
  });

  it("replies that were another flow's are the new one's; packets may be their own replies", async () => {
    using router = await make(
      "FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 77 - - 0 1, keep 0 1); FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0)",
      { clock: () => 1n },
    );
    const reply = udp(53, 77, { src: "8.8.8.8", dst: "1.0.0.1" });
    for (const host of ["10.0.0.5", "10.0.0.6"]) {
      pass(router, [udp(9, 53, { src: host, dst: "8.8.8.8" })]);
      expect(pass(router, [reply], 1)[0]!.map(addresses)).toEqual([`8.8.8.8:53>${host}:9`]);
    }
    expect(router.read("rw.size")).toBe("1");
    const own = udp(5, 5, { src: "7.7.7.7", dst: "7.7.7.7" });
    expect(pass(router, [own, own], 1)[1]).toEqual([own, own]);
    expect(router.read("rw.size")).toBe("2");
    router.write("rw.clear", "");
    expect(router.read("rw.size")).toBe("0");
  });

  it("sets the destination annotation, and for replies that of the first packet, where told", async () => {
    const text = (keywords: string): string => `
      FromDevice(0) -> MarkIPHeader -> Paint(7) -> [0] rw :: IPRewriter(pattern 1.0.0.1 77 - - 0 1, drop, ${keywords});
      FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1);
      rw[1] -> CheckPaint(7) -> g :: StaticIPLookup(10.0.0.5/32 0, 0.0.0.0/0 1); g[0] -> ToDevice(0); g[1] -> ToDevice(2)`;
    const reach = async (keywords: string): Promise<(number | undefined)[]> => {
      using router = await make(text(keywords), { clock: () => 1n });
      pass(router, [udp(9, 53, { src: "10.0.0.5", dst: "8.8.8.8" })]);
      return pass(router, [udp(53, 77, { src: "8.8.8.8", dst: "1.0.0.1" })], 1).map((p) => p.length);
    };
    expect(await reach("REPLY_ANNO PAINT")).toEqual([1, 0, 0, 0]);
    expect(await reach("REPLY_ANNO PAINT, DST_ANNO false")).toEqual([0, 0, 1, 0]);
    expect(await reach("DST_ANNO true")).toEqual([0, 0, 0, 0]);
  });

  it("keeps its flows, their state and their order over a hot swap", async () => {
    let now = 1n;
    const text = (capacity: number): string =>
      `FromDevice(0) -> MarkIPHeader -> rw :: IPRewriter(pattern 1.0.0.1 5000-5999# - - 0 0, UDP_GUARANTEE 1) -> c${capacity} :: Counter -> ToDevice(1)`;
    using router = await make(text(1), { clock: () => now });
    const flows = Array.from({ length: 300 }, (_, i) => udp(i + 1, 53));
    const before = flows.map((flow) => {
      now++;
      return pass(router, [flow])[1]!.map(portOf)[0];
    });
    router.hotswap(text(2));
    expect(router.read("rw.size")).toBe("300");
    now += 2_000_000_000n;
    router.write("rw.capacity", "200");
    // Those that are due first are gone, the others have their ports.
    expect(pass(router, flows.slice(100))[1]!.map(portOf)).toEqual(before.slice(100));
    expect([router.read("rw.size"), router.read("rw.mapping_failures")]).toEqual(["200", "0"]);
  });

  it("counts what it can make no flow for", async () => {
    using router = await make(one("keep 0 0", ", CAPACITY 0"), { clock: () => 1n });
    expect(pass(router, [udp(1, 2), tcp(1, 2, 2)])[1]).toEqual([]);
    expect([router.read("rw.mapping_failures"), router.read("rw.size")]).toEqual(["2", "0"]);
    expect(router.drops()).toEqual([{ element: "rw", reason: "no room for another flow", count: 2 }]);
  });

  it("agrees with a model of its table over random traffic", async () => {
    const step = fc.record({
      host: fc.integer({ min: 1, max: 4 }),
      sport: fc.integer({ min: 1, max: 4 }),
      reply: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        using router = await make(
          "FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 100-199 - - 0 1, drop); FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0)",
          { clock: () => 1n },
        );
        const ports = new Map<string, number>();
        for (const { host, sport, reply } of steps) {
          const key = `${host}:${sport}`;
          const known = ports.get(key);
          if (reply && known !== undefined) {
            const [[back]] = pass(router, [udp(53, known, { src: "8.8.8.8", dst: "1.0.0.1" })], 1) as [[Uint8Array]];
            expect(addresses(back)).toBe(`8.8.8.8:53>10.0.0.${host}:${sport}`);
          } else {
            const [, [out]] = pass(router, [udp(sport, 53, { src: `10.0.0.${host}`, dst: "8.8.8.8" })]) as [
              unknown,
              [Uint8Array],
            ];
            const port = (out[20]! << 8) | out[21]!;
            expect(right(out)).toBe(true);
            if (known === undefined) {
              expect([...ports.values()]).not.toContain(port);
              ports.set(key, port);
            } else expect(port).toBe(known);
          }
        }
        expect(router.read("rw.nmappings")).toBe(String(ports.size));
      }),
      { numRuns: 20 },
    );
  });
});
