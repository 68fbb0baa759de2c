/** FQCoDel: fair to flows, short in delay, bounded; beside a plain model of RFC 8290. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { internetChecksum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const ms = 1_000_000;
const ect0 = 2;
/** A datagram of a flow, with a number in its last four bytes. */
function packetOf(flow: number, id: number, size: number, ecn = 0): Uint8Array {
  const packet = new Uint8Array(size);
  packet.set(ipv4.bytes({ ecn, ttl: 9, protocol: ipProtocols.udp, source: flow, destination: 5, totalLength: size }));
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  packet.set(udp.bytes({ sourcePort: 1, destinationPort: 2, length: size - ipv4.size }), ipv4.size);
  new DataView(packet.buffer).setUint32(size - 4, id);
  return packet;
}
const idOf = (packet: Uint8Array): number =>
  new DataView(packet.buffer, packet.byteOffset).getUint32(packet.length - 4);

interface Box {
  readonly router: Router;
  send(...packets: Uint8Array[]): void;
  /** Pulls so many, and gives their numbers; those that were marked are below 0. */
  pull(count: number): number[];
  wait(ns: number): void;
  drops(): Record<string, number>;
}
const textOf = (options: string): string =>
  `FromDevice(0) -> MarkIPHeader -> q :: FQCoDel(${options}) -> u :: Unqueue(LIMIT 0) -> ToDevice(0)`;
async function box(options = ""): Promise<Box> {
  const clock = new SimulatedClock(10n ** 18n);
  const router = await Router.compile(textOf(options), { elements, clock: clock.now, seed: 3n });
  return {
    router,
    send(...packets) {
      expect(router.device(0).send(packets)).toBe(packets.length);
      router.run();
    },
    pull(count) {
      router.write("u.limit", String(count));
      router.run();
      router.write("u.limit", "0");
      router.write("u.reset", "");
      return router
        .device(0)
        .receive()
        .map((packet) => {
          expect(internetChecksum(packet.subarray(0, ipv4.size))).toBe(0);
          return ipv4.view(packet).ecn === 3 ? -idOf(packet) : idOf(packet);
        });
    },
    wait: (ns) => clock.jump(clock.now() + BigInt(ns)),
    drops: () => Object.fromEntries(router.drops().map(({ reason, count }) => [reason, Number(count)])),
  };
}

interface Options {
  limit: number;
  quantum: number;
  target: number;
  interval: number;
}
interface Queued {
  id: number;
  size: number;
  ecn: number;
  time: number;
}
/** RFC 8290 section 4, with a queue for each flow, and RFC 8289 section 5.5. */
class Model {
  private readonly queues = new Map<number, ReturnType<Model["make"]>>();
  private fresh: number[] = [];
  private old: number[] = [];
  private longest = 0;
  drops = 0;
  over = 0;
  readonly options: Options;
  constructor(options: Options) {
    this.options = options;
  }

  private make() {
    return { packets: [] as Queued[], deficit: 0, count: 0, lastCount: 0, dropping: false, above: 0, next: 0 };
  }
  private of(flow: number) {
    const queue = this.queues.get(flow) ?? this.make();
    this.queues.set(flow, queue);
    return queue;
  }
  private bytes(flow: number): number {
    return this.of(flow).packets.reduce((sum, { size }) => sum + size, 0);
  }
  get length(): number {
    return [...this.queues.values()].reduce((sum, { packets }) => sum + packets.length, 0);
  }

  send(flow: number, packet: Queued): void {
    const queue = this.of(flow);
    queue.packets.push(packet);
    this.longest = Math.max(this.longest, packet.size);
    if (!this.fresh.includes(flow) && !this.old.includes(flow)) {
      this.fresh.push(flow);
      queue.deficit = this.options.quantum;
    }
    if (this.length <= this.options.limit) return;
    // Flows whose queues are as long as another's do not occur: sizes differ.
    const fattest = [...this.queues.keys()].reduce((a, b) => (this.bytes(b) > this.bytes(a) ? b : a));
    const half = this.bytes(fattest) / 2;
    let dropped = 0;
    for (let bytes = 0; dropped === 0 || (dropped < 64 && bytes < half && this.of(fattest).packets.length > 0); ) {
      bytes += (this.of(fattest).packets.shift() as Queued).size;
      dropped++;
    }
    this.over += dropped;
    this.drops += dropped;
    this.of(fattest).count += dropped;
  }

  pull(now: number): number | undefined {
    for (;;) {
      const list = this.fresh.length > 0 ? this.fresh : this.old;
      const [flow] = list;
      if (flow === undefined) return undefined;
      const queue = this.of(flow);
      if (queue.deficit <= 0) {
        queue.deficit += this.options.quantum;
        list.shift();
        this.old.push(flow);
        continue;
      }
      const packet = this.controlled(flow, now);
      if (packet) {
        queue.deficit -= packet.size;
        return packet.ecn === 3 ? -packet.id : packet.id;
      }
      const waits = list === this.fresh && this.old.length > 0;
      list.shift();
      if (waits) this.old.push(flow);
    }
  }

  private controlled(flow: number, now: number): Queued | undefined {
    const queue = this.of(flow);
    const { target, interval } = this.options;
    const law = (from: number): number =>
      from + Math.floor((interval * 256) / Math.floor(Math.sqrt(queue.count * 65536)));
    const take = (): { packet: Queued | undefined; ok: boolean } => {
      const packet = queue.packets.shift();
      if (!packet || now - packet.time < target || this.bytes(flow) <= this.longest) {
        queue.above = 0;
        return { packet, ok: false };
      }
      if (queue.above === 0) queue.above = now + interval;
      else return { packet, ok: now >= queue.above };
      return { packet, ok: false };
    };
    let { packet, ok } = take();
    const dropOrMark = (): boolean => {
      if (packet && packet.ecn !== 0) {
        packet.ecn = 3;
        return true;
      }
      this.drops++;
      ({ packet, ok } = take());
      return false;
    };
    if (queue.dropping) {
      if (!ok) queue.dropping = false;
      while (queue.dropping && now >= queue.next) {
        queue.count++;
        const marked = dropOrMark();
        if (ok) queue.next = law(queue.next);
        else queue.dropping = false;
        if (marked) break;
      }
    } else if (ok) {
      dropOrMark();
      queue.dropping = true;
      const delta = queue.count - queue.lastCount;
      queue.count = delta > 1 && now - queue.next < 16 * interval ? delta : 1;
      queue.lastCount = queue.count;
      queue.next = law(now);
    }
    return packet;
  }
}

describe("FQCoDel", () => {
  it("gives flows the same bandwidth, and those that have just begun the first turn", async () => {
    const { send, pull } = await box();
    const many = (flow: number, count: number, size: number): Uint8Array[] =>
      Array.from({ length: count }, (_, i) => packetOf(flow, flow * 100 + i, size));
    send(...many(1, 40, 1500), ...many(2, 40, 500));
    const first = pull(20);
    const bytes = (flow: number): number =>
      first.reduce((sum, id) => sum + (Math.floor(id / 100) === flow ? (flow === 1 ? 1500 : 500) : 0), 0);
    expect(Math.abs(bytes(1) - bytes(2))).toBeLessThanOrEqual(2 * 1514);
    send(packetOf(3, 300, 60));
    expect(pull(1)).toEqual([300]);
    // In order, each once.
    const rest = [...first, ...pull(100)];
    for (const flow of [1, 2])
      expect(rest.filter((id) => Math.floor(id / 100) === flow)).toEqual(many(flow, 40, 500).map(idOf));
  });

  it("drops what waits too long, or marks it, and is soon empty of standing queues", async () => {
    for (const [ecn, options] of [
      [0, ""],
      [ect0, ""],
      [ect0, "ECN false"],
    ] as const) {
      const { send, pull, wait, router, drops } = await box(options);
      let marked = 0;
      for (let i = 1; i < 400; i++) {
        send(packetOf(1, 2 * i, 1000, ecn), packetOf(1, 2 * i + 1, 1000, ecn));
        marked += pull(1).filter((id) => id < 0).length;
        wait(2 * ms);
      }
      const lost = drops()["waited too long"] ?? 0;
      expect(router.read("q.drops")).toBe(String(lost));
      expect(router.read("q.ecn_mark")).toBe(String(marked));
      expect([lost > 5, marked > 5]).toEqual(ecn && options === "" ? [false, true] : [true, false]);
    }
  });

  it("keeps to its limit: the flow with the most bytes loses", async () => {
    const { send, pull, router, drops } = await box("10");
    send(...Array.from({ length: 8 }, (_, i) => packetOf(1, i, 1000)), packetOf(2, 100, 60), packetOf(2, 101, 60));
    expect([router.read("q.length"), router.read("q.new_flows_len")]).toEqual(["10", "2"]);
    send(packetOf(2, 102, 60));
    expect(drops()).toEqual({ "over the limit": 4 });
    expect([router.read("q.length"), router.read("q.drop_overlimit"), router.read("q.maxpacket")]).toEqual([
      "7",
      "4",
      "1000",
    ]);
    expect(pull(20)).toEqual([4, 5, 100, 101, 102, 6, 7]);
    expect([router.read("q.length"), router.read("q.old_flows_len"), router.read("q.new_flow_count")]).toEqual([
      "0",
      "0",
      "2",
    ]);
  });

  it("keeps its packets in another configuration", async () => {
    const { send, pull, router } = await box("100");
    send(packetOf(1, 1, 100), packetOf(2, 2, 100), packetOf(1, 3, 100));
    router.hotswap(textOf("50"));
    router.run();
    expect(pull(9)).toEqual([1, 3, 2]);
  });

  it("says what is wrong with its arguments", async () => {
    await expect(box("0")).rejects.toThrow("LIMIT must be between 1 and");
    await expect(box("FLOWS 100")).rejects.toThrow("FLOWS must be a power of two");
  });

  it("does as a plain model of RFC 8290 does", async () => {
    const step = fc.record({
      packets: fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 60, max: 1514 }), fc.constantFrom(0, 0, ect0)), {
        maxLength: 6,
      }),
      pulls: fc.nat(5),
      pause: fc.nat(30),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 120 }), async (steps) => {
        const options = { limit: 60, quantum: 700, target: 5 * ms, interval: 40 * ms };
        const { send, pull, wait, router } = await box("60, QUANTUM 700, INTERVAL 40ms");
        const model = new Model(options);
        let [now, id] = [1, 1];
        for (const { packets, pulls, pause } of steps) {
          send(...packets.map(([flow, size, ecn], i) => packetOf(flow + 1, id + i, size, ecn)));
          for (const [flow, size, ecn] of packets) model.send(flow, { id: id++, size, ecn, time: now });
          const expected = Array.from({ length: pulls }, () => model.pull(now)).filter((each) => each !== undefined);
          expect(pull(pulls)).toEqual(expected);
          wait(pause * ms);
          now += pause * ms;
        }
        expect([router.read("q.drops"), router.read("q.drop_overlimit"), router.read("q.length")]).toEqual(
          [model.drops, model.over, model.length].map(String),
        );
      }),
      { numRuns: 8 },
    );
  });
});
