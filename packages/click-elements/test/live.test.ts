/** Arguments of elements that handlers change while the router runs, as Click's do. */
import { elements } from "@clickos/click-elements";
import { describe, expect, it } from "vitest";
import { ip, make, pass, udp } from "./packets.ts";

describe("handlers of arguments", () => {
  it("DecIPTTL: active", async () => {
    using router = await make("FromDevice(0) -> MarkIPHeader -> d :: DecIPTTL -> ToDevice(1)");
    const ttl = (): number | undefined => pass(router, [ip({ ttl: 9 })])[1]?.[0]?.[8];
    expect([router.read("d.active"), ttl()]).toEqual(["true", 8]);
    router.write("d.active", "false");
    expect([router.read("d.active"), ttl()]).toEqual(["false", 9]);
    router.write("d.active", "1");
    expect(ttl()).toBe(8);
    using off = await make("FromDevice(0) -> MarkIPHeader -> d :: DecIPTTL(ACTIVE false) -> ToDevice(1)");
    expect(pass(off, [ip({ ttl: 1 })])[1]?.[0]?.[8]).toBe(1);
  });

  it("Discard: active, where it pulls", async () => {
    using router = await make("FromDevice(0) -> q :: Queue -> d :: Discard(ACTIVE false, BURST 2)");
    pass(router, [udp(1, 2), udp(1, 2), udp(1, 2)]);
    expect([router.read("d.active"), router.read("d.count"), router.read("q.length")]).toEqual(["false", "0", "3"]);
    router.write("d.active", "true");
    router.run();
    expect([router.read("d.count"), router.read("q.length")]).toEqual(["3", "0"]);
    router.write("d.active", "false");
    expect(router.read("d.scheduled")).toBe("false");
  });

  it("Truncate: nbytes", async () => {
    using router = await make("FromDevice(0) -> t :: Truncate(30) -> ToDevice(1)");
    const length = (): number | undefined => pass(router, [new Uint8Array(60)])[1]?.[0]?.length;
    expect([router.read("t.nbytes"), length()]).toEqual(["30", 30]);
    router.write("t.nbytes", "40");
    expect([router.read("t.nbytes"), length()]).toEqual(["40", 40]);
  });

  it("ARPQuerier: ipaddr and broadcast", async () => {
    using router = await make(
      "AddressInfo(me 10.0.0.7); FromDevice(0) -> CheckIPHeader -> q :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1) -> ToDevice(1); Idle -> [1] q",
    );
    // The first values are stored, and not the whole state with its table.
    expect(router.wasm.length).toBeLessThan(15_000);
    const ask = (dst: string): Uint8Array => pass(router, [udp(1, 2, { dst })])[1]?.[0] as Uint8Array;
    expect([...ask("10.0.0.9").subarray(28, 32)]).toEqual([10, 0, 0, 1]);
    router.write("q.ipaddr", "me");
    expect([...ask("10.0.0.10").subarray(28, 32)]).toEqual([10, 0, 0, 7]);
    expect(router.read("q.ipaddr")).toBe("10.0.0.7");
    // An IP packet to all hosts, where others are asked for.
    expect([...ask("10.0.0.255").subarray(0, 6), ask("10.0.0.255").length]).toEqual([255, 255, 255, 255, 255, 255, 54]);
    router.write("q.broadcast", "10.0.0.77");
    expect(ask("10.0.0.77").subarray(12, 14)).toEqual(Uint8Array.of(8, 0));
    expect(ask("10.0.0.254").subarray(12, 14)).toEqual(Uint8Array.of(8, 6));
  });

  it("Switch and PullSwitch: switch", async () => {
    using router = await make(
      "FromDevice(0) -> s :: Switch(1); s[0] -> ToDevice(0); s[1] -> a :: Queue -> p :: PullSwitch -> Unqueue -> ToDevice(1)",
    );
    expect(pass(router, [udp(1, 2)]).map((f) => f.length)).toEqual([0, 1, 0, 0]);
    router.write("s.switch", "0");
    expect(pass(router, [udp(1, 2)]).map((f) => f.length)).toEqual([1, 0, 0, 0]);
    router.write("s.switch", "-1");
    expect(pass(router, [udp(1, 2)]).map((f) => f.length)).toEqual([0, 0, 0, 0]);
    // A port that is not there is none.
    for (const path of ["s.switch", "p.switch"]) {
      router.write(path, "2");
      expect(router.read(path)).toBe("-1");
    }
    expect(() => router.write("s.switch", "x")).toThrow("Switch output must be integer");
    expect(() => router.write("p.switch", "x")).toThrow("syntax error");
  });

  it("EtherEncap: src, dst, ethertype, by its configuration", async () => {
    using router = await make(
      "AddressInfo(gw 2:0:0:0:0:9); FromDevice(0) -> e :: EtherEncap(0x0800, 2:0:0:0:0:1, DST 2:0:0:0:0:2) -> ToDevice(1)",
    );
    router.write("e.dst", "gw");
    router.write("e.src", "02-00-00-00-00-03");
    router.write("e.ethertype", "0x86dd");
    expect([...(pass(router, [udp(1, 2)])[1]?.[0]?.subarray(0, 14) ?? [])]).toEqual([
      2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 3, 0x86, 0xdd,
    ]);
    expect(["src", "dst", "ethertype", "config"].map((h) => router.read(`e.${h}`))).toEqual([
      "02-00-00-00-00-03",
      "02-00-00-00-00-09",
      "34525",
      "0x86dd, 02-00-00-00-00-03, DST gw",
    ]);
    expect(() => router.write("e.src", "nobody")).toThrow("SRC: parse error");
  });

  it("sources: data, length, rate, limit, active", async () => {
    let now = 0n;
    using router = await make(
      "FromDevice(0) -> Discard; r :: RatedSource(DATA abc, RATE 10, LIMIT 5, ACTIVE false) -> ToDevice(1); i :: InfiniteSource(LIMIT 0) -> ToDevice(2)",
      { clock: () => now },
    );
    const later = (ms: bigint): Uint8Array[][] => {
      now += ms * 1_000_000n;
      return pass(router, []);
    };
    expect(later(1000n)[1]).toEqual([]);
    router.write("r.data", 'x, "y"');
    router.write("r.rate", "1000");
    router.write("r.active", "true");
    const sent = later(3n)[1];
    expect([sent?.length, String.fromCharCode(...(sent?.[0] ?? []))]).toEqual([5, 'x, "y"']);
    router.write("i.length", "20");
    router.write("i.burst", "2");
    router.write("i.limit", "3");
    expect(later(1n)[2]?.map((f) => f.length)).toEqual([20, 20, 20]);
    expect(() => router.write("i.burst", "0")).toThrow("burstsize parameter must be integer >= 1");
  });

  it("are of one shape: what Click lets one write can be read and written here", async () => {
    const classes: Record<string, readonly string[]> = {
      ARPQuerier: ["ipaddr", "broadcast"],
      BandwidthRatedUnqueue: ["rate", "active"],
      BandwidthShaper: ["rate"],
      CheckPaint: ["color"],
      DecIPTTL: ["active"],
      DelayShaper: ["delay"],
      DelayUnqueue: ["delay"],
      Discard: ["active"],
      EtherEncap: ["src", "dst", "ethertype"],
      IPPrint: ["active"],
      InfiniteSource: ["data", "limit", "burst", "active", "length"],
      Paint: ["color"],
      PaintTee: ["color"],
      Print: ["active"],
      PullSwitch: ["switch"],
      Queue: ["capacity"],
      RatedSource: ["data", "rate", "limit", "active", "length"],
      RatedUnqueue: ["rate", "active"],
      Shaper: ["rate"],
      Switch: ["switch"],
      TimedSink: ["interval"],
      TimedSource: ["data", "interval", "limit", "active"],
      Truncate: ["nbytes"],
      Unqueue: ["active", "burst", "limit"],
    };
    for (const [name, handlers] of Object.entries(classes))
      for (const handler of handlers) {
        const made = elements[name]?.handlers?.[handler];
        expect([name, handler, typeof made?.write]).toEqual([name, handler, "function"]);
        expect([
          name,
          handler,
          Boolean(made?.read ?? made?.constant ?? made?.flag ?? made?.gauge ?? made?.rate),
        ]).toEqual([name, handler, true]);
      }
  });
});
