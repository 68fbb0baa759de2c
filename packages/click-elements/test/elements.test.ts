import { fixedPointText } from "@clickos/click-core/element";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ether, ip, make, pass, tcp, udp } from "./packets.ts";

describe("moving packets", () => {
  it("Counter, Tee and Discard count, copy and end packets", async () => {
    using router = await make(
      "FromDevice(0) -> c :: Counter -> t :: Tee; t[0] -> ToDevice(0); t[1] -> Strip(1) -> ToDevice(1); t[2] -> d :: Discard",
    );
    const frames = [ether(udp(1, 2)), ether(udp(3, 4), 0x0801)];
    const [a, b] = pass(router, frames);
    expect(a).toEqual(frames);
    expect(b).toEqual(frames.map((f) => f.subarray(1)));
    expect([router.read("c.count"), router.read("c.byte_count"), router.read("d.count")]).toEqual([
      "2",
      String(frames[0]!.length * 2),
      "2",
    ]);
    router.write("c.reset", "");
    expect(router.read("c.count")).toBe("0");
    expect(router.freeBuffers).toBe(65_536);
  });

  it("Counter's rates are Click's moving averages of what a millisecond brings", async () => {
    let now = 1_000_000_000n;
    using router = await make("FromDevice(0) -> c :: Counter -> Discard", { clock: () => now });
    const read = (): string[] => ["rate", "byte_rate", "bit_rate"].map((h) => router.read(`c.${h}`));
    expect(read()).toEqual(["0", "0", "0"]);
    const frames = [1, 2, 3].map((n) => ether(udp(n, 1)).subarray(0, 40));
    pass(router, frames);
    // One epoch of three packets: (3 * 1024 + 8) / 16 / 1024 a millisecond, and (120 * 16 + 8) / 16 / 16.
    now += 1_000_000n;
    expect(read()).toEqual([fixedPointText(192n * 1000n, 10), "7500", "60000"]);
    router.write("c.reset", "");
    pass(router, frames.slice(1));
    now += 1_999_999n;
    expect(read()).toEqual([fixedPointText(308n * 1000n, 10), "12062.5", "96500"]);
    now += 101_000_000n;
    expect(read()).toEqual(["0", "0", "0"]);
  });

  it("Tee copies frames of any length without touching their neighbours", async () => {
    using router = await make("FromDevice(0) -> t :: Tee; t[0] -> Strip(3) -> ToDevice(0); t[1] -> ToDevice(1)");
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 14, maxLength: 1840 }), { minLength: 1, maxLength: 20 }),
        (frames) => {
          const [a, b] = pass(router, frames);
          expect(a).toEqual(frames.map((f) => f.subarray(3)));
          expect(b).toEqual(frames);
        },
      ),
      { numRuns: 30 },
    );
    expect(router.freeBuffers).toBe(65_536);
  });

  it("InfiniteSource keeps its limit, and can be pulled", async () => {
    using router = await make(
      "s :: InfiniteSource(abc, 5, 2) -> c :: Counter -> Discard; p :: InfiniteSource(LIMIT 3, LENGTH 100) -> d :: Discard(BURST 2)",
    );
    expect(router.run()).toBe("idle");
    expect([router.read("s.count"), router.read("c.byte_count"), router.read("d.count")]).toEqual(["5", "15", "3"]);
    router.write("s.reset", "");
    router.run();
    expect(router.read("c.count")).toBe("10");
  });

  it("an empty pool is a counted drop, and nothing else breaks", async () => {
    using router = await make(
      "InfiniteSource(LIMIT 3000, BURST 50) -> q :: Queue(1000) -> u :: Unqueue(ACTIVE false) -> Discard; InfiniteSource(LIMIT 4000, BURST 64) -> Tee -> ToDevice(0)",
      { buffers: 100 },
    );
    router.run();
    const { count } = router.drops().find((d) => d.reason === "no packet buffer")!;
    expect(count).toBeGreaterThan(0);
    expect(router.freeBuffers + Number(router.read("q.length")) + router.device(0).pending).toBe(1100);
  });

  it("STOP ends the run", async () => {
    using router = await make("InfiniteSource(LIMIT 3, STOP true) -> Discard; InfiniteSource -> Discard");
    expect(router.run()).toBe("stopped");
  });

  it("RatedSource follows the clock it is given", async () => {
    let now = 0n;
    using router = await make("s :: RatedSource(RATE 1000, LIMIT 50) -> c :: Counter -> Discard", { clock: () => now });
    router.run();
    expect(router.read("c.count")).toBe("1");
    now = 10_000_000n;
    router.run();
    expect(router.read("c.count")).toBe("11");
    // A pause earns a hundredth of a second's packets.
    now = 1_000_000_000n;
    router.run();
    expect(router.read("c.count")).toBe("21");
    for (let ms = 0; ms < 40; ms++) {
      now += 1_000_000n;
      router.run();
    }
    expect(router.read("c.count")).toBe("50");
    expect(router.run()).toBe("idle");
  });

  it("Queue keeps order, bounds what it holds, and counts what it drops", async () => {
    using router = await make("FromDevice(0) -> q :: Queue(3) -> u :: Unqueue(ACTIVE false) -> ToDevice(1)");
    const frames = [1, 2, 3, 4, 5].map((n) => ether(udp(n, n)));
    expect(pass(router, frames)[1]).toEqual([]);
    expect([router.read("q.length"), router.read("q.drops"), router.read("q.highwater_length")]).toEqual([
      "3",
      "2",
      "3",
    ]);
    expect(router.drops()).toEqual([{ element: "q", reason: "queue full", count: 2 }]);
    router.write("u.active", "true");
    expect(pass(router, [])[1]).toEqual(frames.slice(0, 3));
    expect(router.freeBuffers).toBe(65_536 + 3);
  });

  it("ToDevice pulls no more than its ring takes", async () => {
    using router = await make("FromDevice(0) -> q :: Queue(900) -> ToDevice(1)");
    const frames = Array.from({ length: 400 }, (_, n) => ether(udp(n, 1)));
    router.device(0).send(frames);
    router.run();
    router.device(0).send(frames);
    router.run();
    expect(router.device(1).pending).toBe(512);
    expect(router.read("q.length")).toBe("288");
    const first = router.device(1).receive();
    router.run();
    expect([...first, ...router.device(1).receive()]).toEqual([...frames, ...frames]);
  });

  it("Print writes label, length and bytes", async () => {
    let text = "";
    using router = await make('FromDevice(0) -> Print("in 0", 6) -> Print(b, 0) -> Print(MAXLENGTH -1) -> Discard', {
      chatter: (t) => (text += t),
    });
    pass(router, [Uint8Array.from({ length: 14 }, (_, i) => i)]);
    expect(text).toBe("in 0:   14 | 00010203 0405\nb:   14\n  14 | 00010203 04050607 08090a0b 0c0d\n");
  });
});

describe("a turn of a task", () => {
  it.each([
    "InfiniteSource(BURST 2147483647) -> c :: Counter -> Discard",
    "InfiniteSource -> Unqueue(-1) -> c :: Counter -> Discard",
    "InfiniteSource -> c :: Counter -> Discard(BURST 4294967295)",
  ])("is a limited number of packets: %s", async (text) => {
    using router = await make(text);
    for (let turn = 1; turn <= 3; turn++) {
      router.run(1);
      const count = Number(router.read("c.count"));
      expect([turn, count > 0, count <= turn * (1 << 20)]).toEqual([turn, true, true]);
    }
  });
});

describe("headers", () => {
  it("Strip and Unstrip undo one another; of short packets nothing is left", async () => {
    let said = "";
    using router = await make("FromDevice(0) -> Strip(14) -> Unstrip(14) -> ToDevice(1)", {
      chatter: (text) => (said += text),
    });
    const frame = ether(udp(1, 2));
    const [whole, short] = pass(router, [frame, frame.subarray(0, 13)])[1] as [Uint8Array, Uint8Array];
    expect([whole, short.length, short.subarray(1)]).toEqual([frame, 14, frame.subarray(0, 13)]);
    expect([said, router.drops()]).toEqual(["Packet::pull 14 > length 13\n", []]);
  });

  it("Unstrip and EtherEncap find room in front of any packet", async () => {
    using router = await make(
      "FromDevice(0) -> Unstrip(90) -> e :: EtherEncap(0x0800, 1:2:3:4:5:6, 7:8:9:a:b:c) -> ToDevice(1)",
    );
    const frame = ether(udp(1, 2));
    const [out] = pass(router, [frame])[1] as [Uint8Array];
    expect([out.length, out.slice(104)]).toEqual([frame.length + 104, frame]);
    expect(router.drops()).toEqual([]);
  });

  it("EtherEncap writes type and addresses; EtherMirror exchanges them", async () => {
    using router = await make(
      "FromDevice(0) -> EtherEncap(0x86dd, 1:2:3:4:5:6, aa:bb:cc:dd:ee:ff) -> t :: Tee -> ToDevice(0); t[1] -> EtherMirror -> ToDevice(1)",
    );
    const [a, b] = pass(router, [Uint8Array.of(9, 9, 9)]);
    expect([...a![0]!]).toEqual([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 1, 2, 3, 4, 5, 6, 0x86, 0xdd, 9, 9, 9]);
    expect([...b![0]!]).toEqual([1, 2, 3, 4, 5, 6, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x86, 0xdd, 9, 9, 9]);
  });

  it("times end where 32 bits of seconds do, as in Click", async () => {
    for (const given of ["4294967296", "18446744074", "9".repeat(60)]) {
      using router = await make(`FromDevice(0) -> s :: SetTimestamp(${given}) -> ToDevice(1)`);
      router.device(0).send([udp(1, 2)]);
      router.run();
      expect(router.device(1).receiveTimed()[0]?.timestampNs).toBe(4_294_967_295_999_999_999n);
    }
  });

  it("CheckIPHeader passes what is right, cuts padding, and names what is wrong", async () => {
    using router = await make(
      "FromDevice(0) -> check :: CheckIPHeader(14, BADSRC 255.255.255.255, DETAILS true) -> ToDevice(1)",
    );
    const good = ether(udp(1, 2));
    const change = (f: (p: Uint8Array) => void): Uint8Array => {
      const frame = good.slice();
      f(frame.subarray(14));
      return frame;
    };
    const fixed = (f: (p: Uint8Array) => void): Uint8Array =>
      change((p) => {
        f(p);
        p.set([0, 0], 10);
        const sum = checksum(p.subarray(0, 20));
        p.set([sum >> 8, sum & 255], 10);
      });
    const frames = [
      Uint8Array.of(...good, 0, 0, 0, 0),
      good.subarray(0, 33),
      change((p) => p.set([0x65])),
      change((p) => p.set([0x44])),
      fixed((p) => p.set([0, 200], 2)),
      change((p) => p.set([1], 8)),
      fixed((p) => p.set([255, 255, 255, 255], 12)),
    ];
    expect(pass(router, frames)[1]).toEqual([good]);
    expect(router.drops().map((d) => d.reason)).toEqual([
      "tiny packet",
      "bad IP version",
      "bad IP header length",
      "bad IP length",
      "bad IP checksum",
      "bad source address",
    ]);
    expect(router.read("check.drops")).toBe("6");
    expect(router.read("check.drop_details")).toContain("1\tbad IP checksum");
  });

  it("CheckIPHeader agrees with a plain checksum on headers with options", async () => {
    using router = await make("FromDevice(0) -> CheckIPHeader -> ToDevice(1)");
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 15 }),
        fc.uint8Array({ minLength: 60, maxLength: 60 }),
        fc.boolean(),
        (words, noise, right) => {
          const packet = noise.slice();
          packet.set([0x40 | words, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
          const sum = checksum(packet.subarray(0, words * 4)) ^ (right ? 0 : 1);
          packet.set([sum >> 8, sum & 255], 10);
          expect(pass(router, [packet])[1]).toEqual(right ? [packet] : []);
        },
      ),
    );
  });

  it("DecIPTTL decrements and keeps the checksum right, for every TTL and many sums", async () => {
    using router = await make("FromDevice(0) -> MarkIPHeader -> d :: DecIPTTL -> ToDevice(1); d[1] -> ToDevice(2)");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        (ttl, tos, last) => {
          const packet = ip({ ttl, tos, dst: `1.2.3.${last}` });
          const [, passed, expired] = pass(router, [packet]);
          if (ttl <= 1) {
            expect(expired).toEqual([packet]);
            expect(passed).toEqual([]);
          } else {
            const [out] = passed!;
            expect(out![8]).toBe(ttl - 1);
            expect(checksum(out!.subarray(0, 20))).toBe(0);
          }
        },
      ),
    );
  });

  it("DecIPTTL makes of every checksum what RFC 1624 equation 3 does, as Click", async () => {
    using router = await make("FromDevice(0) -> MarkIPHeader -> DecIPTTL -> ToDevice(1)");
    /** ~(~HC + ~m + m'), where the word of TTL and protocol becomes 0x0100 less. */
    const model = (checksum: number): number => {
      let sum = (~checksum & 0xffff) + (~0x4011 & 0xffff) + 0x3f11;
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      return ~sum & 0xffff;
    };
    const packet = ip({ ttl: 0x40, protocol: 0x11 });
    const wrong: string[] = [];
    for (let first = 0; first < 0x10000; first += 128) {
      const sent = Array.from({ length: 128 }, (_, i) => {
        const copy = packet.slice();
        copy.set([(first + i) >> 8, (first + i) & 255], 10);
        return copy;
      });
      const [, passed] = pass(router, sent);
      passed!.forEach((out, i) => {
        const checksum = ((out[10] as number) << 8) | (out[11] as number);
        if (checksum !== model(first + i)) wrong.push(`${(first + i).toString(16)}: ${checksum.toString(16)}`);
      });
      expect(passed!.length).toBe(128);
    }
    expect(wrong).toEqual([]);
    expect(model(0xfeff)).toBe(0);
  });

  it("DecIPTTL drops expired packets when output 1 is not connected, and spares multicast when told", async () => {
    using router = await make("FromDevice(0) -> MarkIPHeader -> d :: DecIPTTL(MULTICAST false) -> ToDevice(1)");
    const multicast = ip({ ttl: 1, dst: "224.0.0.5" });
    expect(pass(router, [ip({ ttl: 1 }), multicast])[1]).toEqual([multicast]);
    expect(router.drops()).toEqual([{ element: "d", reason: "TTL expired", count: 1 }]);
  });
});

describe("routes", () => {
  it("a table without routes and outputs drops all", async () => {
    using router = await make("FromDevice(0) -> rt :: StaticIPLookup");
    pass(router, [ether(udp(1, 2))]);
    expect(router.drops()).toEqual([{ element: "rt", reason: "no route", count: 1 }]);
  });

  it("StaticIPLookup takes the longest match", async () => {
    using router =
      await make(`FromDevice(0) -> CheckIPHeader -> rt :: StaticIPLookup(10.0.0.0/8 0, 10.1.0.0/16 1, 10.1.2.0/24 10.9.9.9 2, 0.0.0.0/0 3);
      rt[0] -> ToDevice(0); rt[1] -> ToDevice(1); rt[2] -> ToDevice(2); rt[3] -> ToDevice(3)`);
    const to = (dst: string): Uint8Array => ip({ dst });
    const out = pass(
      router,
      ["10.2.0.1", "10.1.9.9", "10.1.2.3", "11.0.0.1", "9.255.255.255", "10.255.255.255"].map(to),
    );
    expect(out).toEqual([
      [to("10.2.0.1"), to("10.255.255.255")],
      [to("10.1.9.9")],
      [to("10.1.2.3")],
      [to("11.0.0.1"), to("9.255.255.255")],
    ]);
  });

  it("agrees with a linear search over random tables", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ address: fc.integer({ min: 0, max: 0xffffffff }), length: fc.integer({ min: 1, max: 32 }) }),
          { minLength: 1, maxLength: 25 },
        ),
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 5, maxLength: 20 }),
        async (routes, probes) => {
          const dotted = (n: number): string => [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");
          const under = (n: number, length: number): number => (n & (0xffffffff << (32 - length))) >>> 0;
          using router =
            await make(`FromDevice(0) -> CheckIPHeader(CHECKSUM false, BADSRC "") -> rt :: StaticIPLookup(${routes.map((r, i) => `${dotted(r.address)}/${r.length} ${i % 2}`).join(", ")}, 0.0.0.0/0 2);
            rt[0] -> ToDevice(0); rt[1] -> ToDevice(1); rt[2] -> ToDevice(2)`);
          const all = [...probes, ...routes.map((r) => r.address)];
          const expected: Uint8Array[][] = [[], [], [], []];
          for (const dst of all) {
            let best = -1;
            routes.forEach((r, i) => {
              if (under(dst, r.length) === under(r.address, r.length) && (best < 0 || r.length > routes[best]!.length))
                best = i;
            });
            expected[best < 0 ? 2 : best % 2]!.push(ip({ dst: dotted(dst) }));
          }
          expect(
            pass(
              router,
              all.map((dst) => ip({ dst: dotted(dst) })),
            ),
          ).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("ARP", () => {
  const me = [2, 0, 0, 0, 0, 1];
  const peer = [2, 0, 0, 0, 0, 9];
  const reply = (address: number[], mac: number[]): Uint8Array =>
    Uint8Array.of(...me, ...mac, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, ...mac, ...address, ...me, 10, 0, 0, 1);
  const config = `FromDevice(0) -> CheckIPHeader -> [0] arpq :: ARPQuerier(10.0.0.1/24, 02:00:00:00:00:01, TIMEOUT 100s, POLL_TIMEOUT 50s) -> ToDevice(1);
    FromDevice(1) -> [1] arpq`;

  it("asks once, holds packets, sends them in order when the answer comes", async () => {
    using router = await make(config, { clock: () => 1n });
    const packets = [1, 2, 3].map((n) => udp(n, 53, { dst: "10.0.0.9" }));
    const [, asked] = pass(router, packets);
    expect(asked).toEqual([
      Uint8Array.of(
        255,
        255,
        255,
        255,
        255,
        255,
        ...me,
        8,
        6,
        0,
        1,
        8,
        0,
        6,
        4,
        0,
        1,
        ...me,
        10,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        10,
        0,
        0,
        9,
      ),
    ]);
    expect([router.read("arpq.queries"), router.read("arpq.length")]).toEqual(["1", "3"]);
    expect(pass(router, [reply([10, 0, 0, 9], peer)], 1)[1]).toEqual(
      packets.map((p) => Uint8Array.of(...peer, ...me, 8, 0, ...p)),
    );
    expect(pass(router, [packets[0]!])[1]).toEqual([Uint8Array.of(...peer, ...me, 8, 0, ...packets[0]!)]);
    expect([router.read("arpq.length"), router.read("arpq.count"), router.read("arpq.responses")]).toEqual([
      "0",
      "1",
      "1",
    ]);
  });

  it("sends broadcasts without asking", async () => {
    using router = await make(config);
    const packet = udp(1, 2, { dst: "10.0.0.255" });
    expect(pass(router, [packet])[1]).toEqual([Uint8Array.of(255, 255, 255, 255, 255, 255, ...me, 8, 0, ...packet)]);
  });

  it("gives up after the timeout, and frees what it held", async () => {
    let now = 1n;
    using router = await make(config, { clock: () => now });
    const free = router.freeBuffers;
    pass(router, [udp(1, 2, { dst: "10.0.0.7" }), udp(2, 2, { dst: "10.0.0.7" })]);
    now = 102_000_000_000n;
    router.run();
    expect([router.read("arpq.length"), router.read("arpq.count")]).toEqual(["0", "0"]);
    expect(router.read("arpq.stats")).toBe("2 packets killed\n1 ARP queries sent\n");
    expect(router.freeBuffers).toBe(free);
  });

  it("polls before an entry expires", async () => {
    let now = 1n;
    using router = await make(config, { clock: () => now });
    pass(router, [reply([10, 0, 0, 9], peer)], 1);
    now = 60_000_000_000n;
    const [, out] = pass(router, [udp(1, 2, { dst: "10.0.0.9" })]);
    expect(out).toHaveLength(2);
    expect(router.read("arpq.queries")).toBe("1");
  });

  it("refuses what is no response, and is bounded", async () => {
    using router = await make(config.replace("TIMEOUT 100s", "CAPACITY 3, ENTRY_CAPACITY 2, TIMEOUT 100s"), {
      clock: () => 1n,
    });
    const bad = reply([10, 0, 0, 9], peer);
    bad[21] = 1;
    pass(router, [bad, bad.subarray(0, 30)], 1);
    pass(
      router,
      [1, 2, 3, 4].map((n) => udp(1, 2, { dst: `10.0.0.${n + 100}` })),
    );
    expect(Object.fromEntries(router.drops().map((d) => [d.reason, d.count]))).toEqual({
      "not an ARP response": 2,
      "no answer to ARP": 2,
    });
    expect([router.read("arpq.count"), router.read("arpq.length")]).toEqual(["2", "2"]);
  });

  it("clear frees what waits", async () => {
    using router = await make(config, { clock: () => 1n });
    const free = router.freeBuffers;
    pass(
      router,
      [7, 7, 8].map((n) => udp(1, 2, { dst: `10.0.0.${n}` })),
    );
    expect([router.read("arpq.count"), router.read("arpq.length")]).toEqual(["2", "3"]);
    router.write("arpq.clear", "");
    expect([router.read("arpq.count"), router.read("arpq.length"), router.freeBuffers]).toEqual(["0", "0", free]);
    expect(router.read("arpq.stats")).toBe("3 packets killed\n0 ARP queries sent\n");
  });

  it("ARPResponder answers for its addresses", async () => {
    using router = await make(
      "FromDevice(0) -> r :: ARPResponder(10.0.0.5 10.1.0.0/16 02:00:00:00:00:01) -> ToDevice(0); r[1] -> ToDevice(1)",
    );
    const request = (target: number[]): Uint8Array =>
      Uint8Array.of(
        255,
        255,
        255,
        255,
        255,
        255,
        ...peer,
        8,
        6,
        0,
        1,
        8,
        0,
        6,
        4,
        0,
        1,
        ...peer,
        10,
        0,
        0,
        9,
        0,
        0,
        0,
        0,
        0,
        0,
        ...target,
      );
    const other = request([10, 0, 0, 6]);
    const [answers, rest] = pass(router, [
      request([10, 1, 2, 3]),
      request([10, 0, 0, 5]),
      other,
      reply([10, 0, 0, 5], peer),
    ]);
    expect(answers).toEqual(
      [
        [10, 1, 2, 3],
        [10, 0, 0, 5],
      ].map((a) => Uint8Array.of(...peer, ...me, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, ...me, ...a, ...peer, 10, 0, 0, 9)),
    );
    expect(rest).toEqual([other, reply([10, 0, 0, 5], peer)]);
  });
});

describe("Classifier", () => {
  it("takes the first pattern that matches", async () => {
    using router = await make(
      "FromDevice(0) -> c :: Classifier(12/0806 20/0001, 12/0800 !23/11, 0/0?%f0, -); c[0] -> ToDevice(0); c[1] -> ToDevice(1); c[2] -> ToDevice(2); c[3] -> ToDevice(3)",
    );
    const arp = Uint8Array.from({ length: 42 }, () => 0xff);
    arp.set([8, 6], 12);
    arp.set([0, 1], 20);
    const [a, b, c, d] = pass(router, [
      arp,
      ether(tcp(1, 2, 2)),
      ether(udp(1, 2)),
      ether(udp(1, 2)).subarray(0, 16),
      arp.subarray(0, 21),
    ]);
    expect([a!.length, b!.length, c!.length, d!.length]).toEqual([1, 2, 1, 1]);
  });
});
