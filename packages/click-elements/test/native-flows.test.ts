/** Flows and rates beside native Click: set the variable CLICK to the path of its program. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLICK, native, ours, packetScript, type Said } from "./native.ts";
import { checksum, ip, tcp, udp } from "./packets.ts";

const runs = { numRuns: Number(process.env["CLICK_RUNS"] ?? 12) };

/** Sends the same to both; `normal` takes out what may differ. Where native Click aborts, nothing is compared. */
async function same(text: string, normal: (said: Said) => unknown = (said) => said): Promise<void> {
  const expected = native(text);
  const actual = await ours(text);
  if (expected) expect([text, normal(actual)]).toEqual([text, normal(expected)]);
}

const waits = fc.constantFrom(0.01, 0.01, 0.01, 1.1, 3.7, 11.3);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const keywords = (all: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<string[]> =>
  fc
    .record(Object.fromEntries(Object.entries(all).map(([name, value]) => [name, maybe(value)])))
    .map((given) =>
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])),
    );
const seconds = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

describe.skipIf(!CLICK)("beside native Click", () => {
  it("IPRewriter: packets, mappings, when they are due, and failures", async () => {
    const outward = fc.record({ host: seconds(1, 3), far: seconds(1, 2), port: fc.constantFrom(5, 6, 5001, 5002) });
    const back = fc.record({ near: seconds(1, 3), far: seconds(1, 2), port: seconds(5000, 5004) });
    const packet = fc.record({
      way: fc.oneof({ weight: 2, arbitrary: outward }, { weight: 1, arbitrary: back }),
      isTcp: fc.boolean(),
      flags: fc.constantFrom(2, 16, 17, 4, 1, 18),
      data: fc.constantFrom(0, 0, 4),
      /** What is wrong with it. */
      odd: fc.oneof(
        { weight: 8, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constantFrom(8, 12, 18, 19, 0x2000, 1, 47) },
      ),
      hasSum: fc.boolean(),
      wait: waits,
    });
    const spec = fc.constantFrom(
      "pattern 1.0.0.1 5000-5003# - - 0 1",
      "pattern 1.0.0.1 5000-5001# - - 0 1",
      "pattern 1.0.0.1 5003 - - 0 1",
      "pattern 1.0.0.1 - - - 0 1",
      "pattern 1.0.0.1-1.0.0.2# - 0 1",
      "pattern 1.0.0.0/30# - 0 1",
      "pattern 1.0.0.1 5000-5003# 8.8.8.9 80 0 1",
      "keep 0 1",
    );
    const times = {
      CAPACITY: seconds(0, 5),
      TCP_GUARANTEE: seconds(0, 7),
      UDP_GUARANTEE: seconds(0, 7),
      TCP_TIMEOUT: seconds(20, 120),
      TCP_NODATA_TIMEOUT: seconds(10, 70),
      TCP_DONE_TIMEOUT: seconds(10, 40),
      UDP_TIMEOUT: seconds(10, 70),
      UDP_STREAMING_TIMEOUT: seconds(10, 70),
      REAP_INTERVAL: seconds(5, 35),
      DST_ANNO: fc.boolean(),
    };
    const show = `print rw.size, print rw.table_size, print rw.mapping_failures, print rw.patterns, print rw.tcp_table, print rw.udp_table, print "=="`;
    const then = fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: fc.constant(show) },
      { weight: 1, arbitrary: fc.constantFrom("write rw.clear", "write rw.capacity 2") },
    );
    const bytesOf = ({
      way,
      isTcp,
      flags,
      data,
      odd,
      hasSum,
    }: typeof packet extends fc.Arbitrary<infer T> ? T : never) => {
      const outwards = "host" in way;
      const address = outwards
        ? { src: `10.0.0.${way.host}`, dst: `8.8.8.${way.far}` }
        : { src: `8.8.8.${way.far}`, dst: `1.0.0.${way.near}` };
      const [sport, dport] = outwards ? [way.port, 53] : [53, way.port];
      const payload = Uint8Array.from({ length: data }, (_, i) => i + 1);
      const whole = isTcp ? tcp(sport, dport, flags, address, payload) : udp(sport, dport, address, payload);
      if (!isTcp && !hasSum) whole.set([0, 0], 26);
      if (odd === 0) return { bytes: whole, port: outwards ? 0 : 1 };
      const cut = odd < 20 && odd > 1 ? whole.subarray(20, 20 + odd) : whole.subarray(20);
      const more = {
        protocol: odd === 47 ? 47 : (whole[9] as number),
        fragment: odd === 0x2000 || odd === 1 ? odd : 0,
      };
      return { bytes: ip({ ...address, ...more, payload: cut }), port: outwards ? 0 : 1 };
    };
    // Flows that are overdue show the time that they are due as it wraps around; order is that of the table.
    const normal = ({ output, chatter }: Said): unknown => [
      output
        .replace(/exp42949\d\d\b/g, "exp0")
        .split("==\n")
        .map((block) => block.split("\n").sort()),
      chatter,
    ];
    await fc.assert(
      fc.asyncProperty(
        spec,
        fc.constantFrom("drop", "drop", "pass 0", "keep 1 0"),
        keywords(times),
        fc.array(fc.tuple(packet, then), { minLength: 5, maxLength: 40, size: "max" }),
        async (first, second, given, steps) => {
          const packets = steps.map(([p, after]) => {
            const { bytes, port } = bytesOf(p);
            return { bytes, to: `in${port}`, wait: p.wait, ...(after ? { then: after } : {}) };
          });
          const end = { ...packets.at(-1)!, then: show };
          await same(
            `rw :: IPRewriter(${[first, second, ...given].join(", ")}); in0 :: MarkIPHeader(0) -> [0] rw; in1 :: MarkIPHeader(0) -> [1] rw;
             Idle -> in0; Idle -> in1; rw[0] -> Print(o0, 80) -> Discard; rw[1] -> Print(o1, 80) -> Discard;\n${packetScript([...packets.slice(0, -1), end])}`,
            normal,
          );
        },
      ),
      runs,
    );
  }, 120_000);

  it("AggregateIPFlows: numbers, directions, fragments and errors", async () => {
    const packet = fc.record({
      hosts: fc.constantFrom(["1", "2"], ["2", "1"], ["1", "3"], ["3", "1"], ["1", "1"]),
      ports: fc.constantFrom([5, 6], [6, 5], [5, 7]),
      kind: fc.constantFrom("tcp", "tcp", "tcp", "udp", "udp", "other", "short"),
      flags: fc.constantFrom(2, 16, 16, 17, 4, 1, 18),
      id: seconds(1, 3),
      /** Whole, a first fragment, a later one. */
      part: fc.oneof(
        { weight: 30, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constantFrom(0x2000, 0x2003, 3) },
      ),
      isError: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      wait: waits,
    });
    const bytesOf = (p: typeof packet extends fc.Arbitrary<infer T> ? T : never): Uint8Array => {
      const net = p.kind === "udp" ? "10.0.1" : "10.0.0";
      const address = { src: `${net}.${p.hosts[0]}`, dst: `${net}.${p.hosts[1]}` };
      const [sport, dport] = p.ports as [number, number];
      const data = new Uint8Array(16);
      const whole = p.kind === "udp" ? udp(sport, dport, address, data) : tcp(sport, dport, p.flags, address, data);
      const protocol = p.kind === "other" ? 50 : (whole[9] as number);
      const payload = p.kind === "short" ? whole.subarray(20, 23) : whole.subarray(20);
      const one = ip({ ...address, protocol, fragment: p.part, payload });
      one.set([0, p.id], 4);
      one.set([0, 0], 10);
      const sum = checksum(one.subarray(0, 20));
      one.set([sum >> 8, sum & 255], 10);
      if (!p.isError) return one;
      const message = new Uint8Array(8 + one.length);
      message.set([3, 1]);
      message.set(one, 8);
      return ip({ src: "9.9.9.9", dst: address.src, protocol: 1, payload: message });
    };
    const times = {
      TCP_TIMEOUT: seconds(1, 40),
      TCP_DONE_TIMEOUT: seconds(1, 20),
      UDP_TIMEOUT: seconds(1, 20),
      FRAGMENT_TIMEOUT: seconds(1, 20),
      REAP: seconds(1, 30),
      ICMP: fc.boolean(),
      FRAGMENTS: fc.boolean(),
    };
    const then = fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constant("write a.clear, wait 0.001") },
    );
    await fc.assert(
      fc.asyncProperty(
        keywords(times),
        fc.array(fc.tuple(packet, then), { minLength: 5, maxLength: 50, size: "max" }),
        async (given, steps) => {
          /** What leaves between each two addresses, in order; what was held for several of them leaves in any order. */
          const normal = ({ chatter }: Said): unknown => {
            const between = new Map<string, string[]>();
            // While packets are held, native Click looks at a time of new flows that it has not set: it numbers them by chance.
            const holds = !given.includes("FRAGMENTS false") && steps.some(([p]) => p.part !== 0);
            for (const [, where, aggregate, id, hosts] of chatter.matchAll(
              /^([ox]): (#\d+\.\d+)?.*?\bid (\d+) (.*?):/gm,
            )) {
              const list = between.get(hosts as string) ?? [];
              list.push(holds ? `${where} ${id}` : `${where} ${aggregate} ${id}`);
              between.set(hosts as string, list);
            }
            return [...between].sort();
          };
          const packets = steps.map(([p, after]) => ({
            bytes: bytesOf(p),
            to: "in",
            wait: p.wait,
            ...(after ? { then: after } : {}),
          }));
          const end = { ...packets.at(-1)!, then: "write a.clear, wait 0.001" };
          await same(
            `in :: MarkIPHeader(0) -> a :: AggregateIPFlows(${given.join(", ")}) -> IPPrint(o, AGGREGATE true, PAINT true, ID true, TIMESTAMP false) -> Discard;
             a[1] -> IPPrint(x, ID true, TIMESTAMP false) -> Discard;\n${packetScript([...packets.slice(0, -1), end])}`,
            normal,
          );
        },
      ),
      runs,
    );
  }, 120_000);

  it("rates: of sources, unqueues, shapers and counters", async () => {
    // Bursts of no more packets than come while simulated time stands still here.
    const rate = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 2000 }));
    const burst = fc.integer({ min: 0, max: 40 });
    const source = fc.oneof(
      rate.map((r) => `RatedSource(RATE ${r}, LENGTH 100)`),
      rate.map((r) => `RatedSource(BANDWIDTH ${r * 100}Bps, LENGTH 100)`),
      rate.map((r) => `InfiniteSource(LENGTH 100) -> Queue(50) -> u :: RatedUnqueue(${r})`),
      fc
        .tuple(rate, burst)
        .map(([r, b]) => `InfiniteSource(LENGTH 100) -> Queue(50) -> u :: RatedUnqueue(${r}, BURST_SIZE ${b})`),
      fc
        .tuple(rate, burst)
        .map(([r, b]) => [r, Math.floor((b * 1000) / Math.max(r, 1))])
        .map(([r, d]) => `InfiniteSource(LENGTH 70) -> Queue(50) -> u :: RatedUnqueue(${r}, BURST_DURATION ${d}ms)`),
      rate.map((r) => `InfiniteSource(LENGTH 100) -> Queue(50) -> u :: BandwidthRatedUnqueue(${r * 100}Bps)`),
      rate.map(
        (r) => `InfiniteSource(LENGTH 90) -> Queue(50) -> u :: BandwidthRatedUnqueue(${r * 100}Bps, BURST_BYTES 250)`,
      ),
    );
    // Never when a millisecond begins: what is done first then differs.
    const wait = fc.constantFrom("0.001", "0.002", "0.014", "0.1", "0.5", "1.3");
    await fc.assert(
      fc.asyncProperty(
        source,
        fc.array(wait, { minLength: 3, maxLength: 20, size: "max" }),
        rate,
        async (from, list, other) => {
          const show = `print "$(c.count) $(c.byte_count) $(c.rate) $(c.byte_rate) $(c.bit_rate)"`;
          const shown = from.includes("u ::") ? `${show}, print u.rate` : show;
          // A rate of 0 that becomes another one begins here, and not there; and a burst that was given stays, which is not so there.
          const change =
            from.includes("u ::") && !/Unqueue\(0\b|BURST/.test(from)
              ? [`write u.rate ${from.includes("Bandwidth") ? `${other}kbps` : other}`]
              : [];
          const steps = list.flatMap((w, i) => [`wait ${w}`, shown, ...(i === 2 ? change : [])]);
          await same(
            `${from} -> c :: Counter -> Discard; Script(wait 0.0004, ${steps.join(", ")}, stop)`,
            (said) => said.output,
          );
        },
      ),
      runs,
    );
  }, 120_000);
});
