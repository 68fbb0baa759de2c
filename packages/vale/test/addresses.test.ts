import {
  createSwitch,
  FrameBatch,
  type LearningOptions,
  learningBridge,
  type MemoryPort,
  type Port,
  patch,
  type ValeSwitch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const station = (n: number): number[] => [2, 0, (n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const mac = (n: number): string =>
  station(n)
    .map((b) => b.toString(16).padStart(2, "0"))
    .join(":");
const frame = (to: number, from: number): Uint8Array => {
  const f = new Uint8Array(60);
  f.set([...station(to), ...station(from), 0x88, 0xb5]);
  return f;
};

/** A learning switch whose time stands still, and what moves frames on it. */
function network(options: LearningOptions = {}) {
  const time = { seconds: 0 };
  const sw = createSwitch({ lookup: learningBridge({ ...options, now: () => time.seconds * 1000 }) });
  return {
    sw,
    time,
    send(port: MemoryPort, ...frames: Uint8Array[]): void {
      for (let i = 0; i < frames.length; i += 256) {
        port.send(frames.slice(i, i + 256));
        while (sw.forward() > 0);
      }
    },
  };
}
const drain = (...ports: MemoryPort[]): number[] => ports.map((p) => p.receive().length);

/** Random addresses, as an attacker makes them up. */
function* madeUp(count: number, seed = 1): Generator<number> {
  let x = seed;
  for (let i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

describe("eavesdropping on a learning switch", () => {
  /** Two neighbours talk; the attacker floods and sends from their addresses meanwhile. What it saw of their frames. */
  function attack(n: ReturnType<typeof network>, ports: [MemoryPort, MemoryPort, MemoryPort], spoofs: boolean) {
    const [alice, bob, eve] = ports;
    const [a, b] = [0xa11ce, 0xb0b];
    n.send(alice, frame(b, a));
    n.send(bob, frame(a, b));
    drain(alice, bob, eve);
    const addresses = madeUp(80_000);
    let seen = 0;
    let delivered = 0;
    for (let round = 0; round < 2000; round++) {
      for (let i = 0; i < 40; i++) {
        eve.send([frame(0xffff, addresses.next().value as number)]);
      }
      if (spoofs) eve.send([frame(0xffff, a), frame(0xffff, b)]);
      n.sw.forward();
      drain(alice, bob);
      n.send(alice, frame(b, a));
      n.send(bob, frame(a, b));
      delivered += drain(alice, bob).reduce((x, y) => x + y, 0);
      seen += eve.receive().filter((f) => f[2] !== 0xff).length;
    }
    return { seen, delivered };
  }
  const attach = (sw: ValeSwitch): [MemoryPort, MemoryPort, MemoryPort] => [
    sw.attach("alice"),
    sw.attach("bob"),
    sw.attach("eve"),
  ];

  it("shows nothing to who floods it with addresses, sticky or not", () => {
    for (const sticky of [false, true])
      for (const onLimit of ["forward", "drop"] as const) {
        const n = network({ sticky, onLimit });
        expect(attack(n, attach(n.sw), false)).toEqual({ seen: 0, delivered: 4000 });
      }
  });
  it("shows nothing to who sends from its neighbours' addresses, when addresses are sticky", () => {
    const n = network({ sticky: true });
    expect(attack(n, attach(n.sw), true)).toEqual({ seen: 0, delivered: 4000 });
  });
  it("shows nothing to who sends from its neighbours' addresses, when addresses are fixed", () => {
    const n = network();
    const eve = n.sw.attach("eve", { addresses: [mac(0xe4e)] });
    const alice = n.sw.attach("alice", { addresses: [mac(0xa11ce)] });
    const bob = n.sw.attach("bob", { addresses: [mac(0xb0b)] });
    expect(attack(n, [alice, bob, eve], true)).toEqual({ seen: 0, delivered: 4000 });
    expect(n.sw.stats.ports.eve).toMatchObject({ foreignSource: 84_000 });
    // Nor does it see what is for somebody who has not been heard of.
    n.send(alice, frame(77, 0xa11ce));
    expect([drain(bob, eve), n.sw.stats.drops.nobody]).toEqual([[0, 0], 1]);
  });
  it("protects fixed addresses from ports that learn, and the other way round", () => {
    const n = network();
    const uplink = n.sw.attach("uplink");
    const vm = n.sw.attach("vm", { addresses: [mac(1)] });
    const other = n.sw.attach("other", { addresses: [mac(2)] });
    n.send(uplink, frame(1, 9));
    expect(drain(vm, other)).toEqual([1, 0]);
    // From outside, in the name of the VM.
    n.send(uplink, frame(2, 1));
    expect([drain(vm, other), n.sw.stats.ports.uplink?.foreignSource]).toEqual([[0, 0], 1]);
    n.send(other, frame(9, 2), frame(1, 2), frame(9, 1), frame(77, 2));
    expect([drain(uplink, vm), n.sw.stats.ports.other?.foreignSource]).toEqual([[2, 1], 1]);
  });
});

describe("a port's addresses", () => {
  it("are as many as it may have: the others' are learned all the same, and stay", () => {
    for (const onLimit of ["forward", "drop"] as const) {
      const n = network({ addressesPerPort: 16, onLimit });
      const [a, b, greedy] = [n.sw.attach("a"), n.sw.attach("b"), n.sw.attach("greedy")];
      n.send(greedy, ...[...madeUp(5000)].map((x) => frame(9, x)));
      expect(n.sw.stats.ports.greedy?.overLimit).toBe(onLimit === "drop" ? 5000 - 16 : 0);
      drain(a, b);
      for (let k = 1; k <= 16; k++) n.send(b, frame(9, k));
      drain(a, greedy);
      for (let k = 1; k <= 16; k++) n.send(a, frame(k, 100));
      expect(drain(b, greedy)).toEqual([16, 0]);
    }
  });
  it("may be more or fewer behind one port, when it says so", () => {
    const n = network({ addressesPerPort: 4, onLimit: "drop" });
    const [one, many] = [n.sw.attach("one", { addressLimit: 1 }), n.sw.attach("many", { addressLimit: 3000 })];
    n.send(one, frame(9, 1), frame(9, 2), frame(9, 1));
    n.send(many, ...Array.from({ length: 3001 }, (_, k) => frame(9, 1000 + k)));
    expect([n.sw.stats.ports.one?.overLimit, n.sw.stats.ports.many?.overLimit]).toEqual([1, 1]);
    drain(many);
    n.send(one, frame(1000 + 2999, 1), frame(1000, 1));
    expect(drain(many)).toEqual([2]);
  });
  it("age, and are free for others then, sticky or not", () => {
    for (const sticky of [false, true]) {
      const n = network({ sticky, addressesPerPort: 1 });
      const [a, b, c] = [n.sw.attach("a"), n.sw.attach("b"), n.sw.attach("c")];
      n.send(a, frame(9, 1));
      n.time.seconds = 299;
      drain(a, b, c);
      n.send(b, frame(1, 2));
      expect(drain(a, c)).toEqual([1, 0]);
      // Seen again: another 300 seconds.
      n.send(a, frame(9, 1));
      n.time.seconds = 598;
      drain(b, c);
      n.send(b, frame(1, 2));
      expect(drain(a, c)).toEqual([1, 0]);
      n.time.seconds = 599;
      n.send(b, frame(1, 2));
      expect(drain(a, c)).toEqual([1, 1]);
      // The place of what has aged is free: a may have another address, and c this one.
      n.send(c, frame(9, 1));
      n.send(a, frame(9, 5));
      drain(a, b, c);
      n.send(b, frame(1, 2), frame(5, 2));
      expect(drain(a, c)).toEqual([1, 1]);
    }
  });
  it("can be fixed on switches that look at addresses only, once, and are of one station", () => {
    const sw = createSwitch();
    expect([sw.byAddress, createSwitch({ lookup: patch() }).byAddress]).toEqual([true, false]);
    sw.attach("a", { addresses: [mac(1), mac(2)] });
    for (const [addresses, code] of [
      [[mac(3), mac(2)], "ADDRESS_TAKEN"],
      [["ff:ff:ff:ff:ff:ff"], "BAD_ADDRESS"],
      [["01:00:5e:00:00:01"], "BAD_ADDRESS"],
      [["2:0:0:0:0:1"], "BAD_ADDRESS"],
    ] as const)
      expect(() => sw.attach("b", { addresses })).toThrow(expect.objectContaining({ code }));
    expect(() => createSwitch({ lookup: patch() }).attach("a", { addresses: [mac(1)] })).toThrow(/knows no addresses/);
    // Nothing of the refused ones stayed.
    const b = sw.attach("b", { addresses: [mac(3)] });
    sw.detach(b);
    sw.attach("c", { addresses: [mac(3)] });
  });

  it("agree with a model, whatever is learned, aged, moved and forgotten", () => {
    const step = fc.record({
      port: fc.integer({ min: 0, max: 2 }),
      from: fc.integer({ min: 1, max: 60 }),
      to: fc.integer({ min: 1, max: 60 }),
      wait: fc.constantFrom(0, 0, 0, 1, 4),
      leave: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, sticky) => {
        const n = network({ sticky, ageing: 10, addressesPerPort: 12 });
        const ports = ["a", "b", "c"].map((name) => n.sw.attach(name));
        const known = new Map<number, { port: number; seen: number }>();
        let now = 0;
        for (const { port, from, to, wait, leave } of steps) {
          now += wait;
          n.time.seconds = now;
          if (leave) {
            n.sw.detach(ports[port] as MemoryPort);
            ports[port] = n.sw.attach("abc"[port] as string);
            for (const [address, { port: behind }] of known) if (behind === port) known.delete(address);
          }
          n.send(ports[port] as MemoryPort, frame(to, from));
          for (const [address, { seen }] of known) if (now - seen >= 10) known.delete(address);
          const before = known.get(from);
          const held = [...known.values()].filter((k) => k.port === port).length;
          if (before?.port === port) before.seen = now;
          else if ((!before || !sticky) && held < 12) known.set(from, { port, seen: now });
          const behind = known.get(to)?.port;
          expect(drain(...ports)).toEqual(
            [0, 1, 2].map((p) => (p !== port && (behind === undefined || behind === p) ? 1 : 0)),
          );
        }
      }),
    );
  });
});

describe("a guest that writes to a frame under way", () => {
  it("does not send from an address that was not checked", () => {
    const sw = createSwitch();
    const memory = new SharedArrayBuffer(4096);
    const batch = new FrameBatch(memory);
    const bytes = new Uint8Array(memory);
    for (const at of [0, 2]) {
      // The first port that takes the frame writes to it, as a thread of the guest could meanwhile.
      const racer: Port = {
        name: `racer${at}`,
        poll: () => batch,
        release: () => {},
        deliver: (_b, _l, count) => {
          bytes.set(station(0xbad), at + 6);
          return count;
        },
        flush: () => {},
      };
      const sender: Port = { ...racer, name: `sender${at}`, deliver: (_b, _l, count) => count };
      const sink: Port = { ...racer, name: `sink${at}`, poll: () => null };
      sw.attach(sink);
      sw.attach(sender, { addresses: [mac(0x50 + at)] });
      const victim = sw.attach(`victim${at}`);
      bytes.set([255, 255, 255, 255, 255, 255, ...station(0x50 + at)], at);
      batch.count = 1;
      batch.offsets[0] = at;
      batch.lengths[0] = 60;
      sw.forward();
      const [got] = victim.receive();
      expect([...got!.subarray(6, 12)]).toEqual(station(0x50 + at));
      sw.detach(sender);
    }
  });
});
