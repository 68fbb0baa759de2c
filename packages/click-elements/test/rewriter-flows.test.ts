/** Which flows a rewriter has, and for how long, against Click's rules written plainly (elements/ip/iprewriterbase.cc). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass, tcp, udp } from "./packets.ts";

const second = 1_000_000_000n;
const times = { data: 100n, noData: 40n, done: 20n, udp: 30n, streaming: 60n } as const;
const keywords = `TCP_TIMEOUT ${times.data}, TCP_NODATA_TIMEOUT ${times.noData}, TCP_DONE_TIMEOUT ${times.done}, UDP_TIMEOUT ${times.udp}, UDP_STREAMING_TIMEOUT ${times.streaming}`;

interface Flow {
  readonly host: number;
  readonly port: number;
  readonly isTcp: boolean;
  readonly mapped: number;
  expires: bigint;
  guaranteed: boolean;
  done: [boolean, boolean];
  data: [boolean, boolean];
  packets: number;
  replied: boolean;
}

/** Flows from hosts 10.0.0.x to 8.8.8.8:53, given the next of ten ports of 1.0.0.1. */
class Model {
  flows: Flow[] = [];
  failures = 0;
  private next = 0;
  readonly capacity: number;
  readonly guarantee: bigint;
  constructor(capacity: number, guarantee: bigint) {
    this.capacity = capacity;
    this.guarantee = guarantee;
  }
  private timeout(f: Flow): bigint {
    if (!f.isTcp) return (f.replied && f.packets >= 3 ? times.streaming : times.udp) * second;
    if (f.done[0] && f.done[1]) return times.done * second;
    return (f.data[0] && f.data[1] ? times.data : times.noData) * second;
  }
  private touch(f: Flow, now: bigint): void {
    f.guaranteed = this.guarantee > 0n;
    f.expires = now + (f.guaranteed ? this.guarantee * second : this.timeout(f));
  }
  private lapse(now: bigint): void {
    for (const f of this.flows)
      if (f.guaranteed && f.expires <= now) {
        f.guaranteed = false;
        f.expires += this.timeout(f) - this.guarantee * second;
      }
  }
  reap(now: bigint): void {
    this.lapse(now);
    this.flows = this.flows.filter((f) => f.guaranteed || f.expires > now);
  }
  /** A packet from a host; the port that it is given, if it gets through. */
  out(host: number, port: number, isTcp: boolean, now: bigint): Flow | undefined {
    const known = this.flows.find((f) => f.host === host && f.port === port && f.isTcp === isTcp);
    if (known) return known;
    const taken = new Set(this.flows.filter((f) => f.isTcp === isTcp).map((f) => f.mapped));
    let value = this.next > 9 ? 0 : this.next;
    for (let tries = 0; taken.has(value); tries++) {
      if (tries === 9) {
        this.failures++;
        return undefined;
      }
      value = (value + 1) % 10;
    }
    this.next = value + 1;
    const flow: Flow = {
      host,
      port,
      isTcp,
      mapped: value,
      expires: 0n,
      guaranteed: false,
      done: [false, false],
      data: [false, false],
      packets: 0,
      replied: false,
    };
    this.touch(flow, now);
    this.flows.push(flow);
    if (this.flows.length > this.capacity) {
      this.lapse(now);
      const [first] = this.flows.filter((f) => !f.guaranteed).sort((a, b) => Number(a.expires - b.expires));
      const gone = first ?? flow;
      this.flows = this.flows.filter((f) => f !== gone);
      if (gone === flow) {
        this.failures++;
        return undefined;
      }
    }
    return flow;
  }
  /** What a packet of a flow says of it. */
  note(f: Flow, way: 0 | 1, flags: number, hasData: boolean, now: bigint): void {
    if (f.isTcp) {
      if (flags & 4) f.done = [true, true];
      else if (flags & 1) f.done[way] = true;
      else if (flags & 2 || hasData) f.done[way] = false;
      if (hasData) f.data[way] = true;
    } else {
      if (way === 1) f.replied = true;
      f.packets++;
    }
    this.touch(f, now);
  }
  lines(): string[] {
    return this.flows
      .map((f) => `${f.isTcp ? "tcp" : "udp"} (10.0.0.${f.host}, ${f.port}) => (1.0.0.1, ${5000 + f.mapped})`)
      .sort();
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("out" as const),
      host: fc.integer({ min: 1, max: 3 }),
      port: fc.integer({ min: 1, max: 3 }),
      isTcp: fc.boolean(),
      flags: fc.constantFrom(0, 1, 2, 4),
      hasData: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("back" as const),
      mapped: fc.nat(9),
      isTcp: fc.boolean(),
      flags: fc.constantFrom(0, 1, 4),
      hasData: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.bigInt(0n, 25n) }) },
);

describe("the flows of IPRewriter", () => {
  it.each([
    [4, 5n],
    [12, 5n],
    [3, 0n],
    [1, 7n],
    [0, 5n],
  ] as const)("are Click's: capacity %i, guaranteed for %i s", async (capacity, guarantee) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        let now = 1n;
        using router = await make(
          `FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 5000-5009# - - 0 1, drop, ${keywords},
             TCP_GUARANTEE ${guarantee}, UDP_GUARANTEE ${guarantee}, CAPACITY ${capacity}, REAP_INTERVAL 10);
           FromDevice(1) -> MarkIPHeader -> [1] rw; rw[0] -> ToDevice(1); rw[1] -> ToDevice(0)`,
          { clock: () => now, buffers: 64 },
        );
        const model = new Model(capacity, guarantee);
        let reapAt = now + 10n * second;
        const payload = (some: boolean): Uint8Array => new Uint8Array(some ? 3 : 0);
        for (const s of steps) {
          now++;
          if (s.do === "wait") {
            for (let left = s.seconds; left > 0n; left--) {
              now += second;
              if (now >= reapAt) {
                model.reap(now);
                reapAt = now + 10n * second;
              }
              router.run();
            }
          } else if (s.do === "out") {
            const { host, port, isTcp, flags, hasData } = s;
            const address = { src: `10.0.0.${host}`, dst: "8.8.8.8" };
            const packet = isTcp ? tcp(port, 53, flags, address, payload(hasData)) : udp(port, 53, address);
            const [, sent] = pass(router, [packet]);
            const flow = model.out(host, port, isTcp, now);
            expect(sent!.map((p) => (p[20]! << 8) | p[21]!)).toEqual(flow ? [5000 + flow.mapped] : []);
            if (flow) model.note(flow, 0, flags, hasData, now);
          } else {
            const { mapped, isTcp, flags, hasData } = s;
            const address = { src: "8.8.8.8", dst: "1.0.0.1" };
            const to = 5000 + mapped;
            const packet = isTcp ? tcp(53, to, flags, address, payload(hasData)) : udp(53, to, address);
            const [back] = pass(router, [packet], 1);
            const flow = model.flows.find((f) => f.mapped === mapped && f.isTcp === isTcp);
            expect(back!.map((p) => (p[22]! << 8) | p[23]!)).toEqual(flow ? [flow.port] : []);
            if (flow) model.note(flow, 1, flags, hasData, now);
          }
          const lines = ["tcp", "udp"].flatMap((protocol) =>
            [...router.read(`rw.${protocol}_table`).matchAll(/^\((10[^,]*, \d+), .* => (\(1.0.0.1, \d+)/gm)].map(
              ([, from, to]) => `${protocol} (${from}) => ${to})`,
            ),
          );
          expect(lines.sort()).toEqual(model.lines());
          expect([router.read("rw.table_size"), router.read("rw.size"), router.read("rw.mapping_failures")]).toEqual([
            String(model.flows.length),
            String(model.flows.length),
            String(model.failures),
          ]);
        }
      }),
      { numRuns: 15 },
    );
  });
});
