import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ip, make, pass, tcp, transportSum, udp } from "./packets.ts";

const nat = `FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 5000-5002 - - 0 1, drop, UDP_TIMEOUT 10s, TCP_TIMEOUT 100s, TCP_DONE_TIMEOUT 5s);
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
    pass(router, [udp(1, 53), tcp(2, 80, 2), tcp(3, 80, 2), tcp(3, 80, 0x11)]);
    expect(router.read("rw.nmappings")).toBe("3");
    now = 6n * second;
    router.run();
    expect(router.read("rw.nmappings")).toBe("2");
    now = 12n * second;
    router.run();
    expect(router.read("rw.nmappings")).toBe("1");
    now = 120n * second;
    router.run();
    expect(router.read("rw.nmappings")).toBe("0");
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
