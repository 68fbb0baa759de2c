/** Ports of different priority, and neighbours that behave badly: who gets what there is. */
import {
  createMemoryPort,
  createSwitch,
  FrameBatch,
  type MemoryPort,
  type Port,
  type SwitchError,
  staticLookup,
} from "@clickos/vale";
import { describe, expect, it } from "vitest";

const station = (n: number): number[] => (n === 0 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, n]);
const frame = (to: number, from: number, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length).fill(from);
  bytes.set([...station(to), ...station(from), 0x88, 0xb5]);
  return bytes;
};
const many = (count: number, one: Uint8Array): Uint8Array[] => Array.from({ length: count }, () => one);

/** Senders of some priorities that all have more for one port than it takes: how many frames of each it got. */
function shares(priorities: readonly number[], rounds = 96, drained = 32): number[] {
  const sw = createSwitch({ lookup: staticLookup({ table: [], otherwise: { port: "out" } }) });
  const senders = priorities.map((priority, i) => sw.attach(`in${i}`, { priority }));
  const out = sw.attach("out", { priority: Math.max(...priorities) });
  const got = priorities.map(() => 0);
  const slow = room(out, drained);
  for (let round = 0; round < rounds; round++) {
    senders.forEach((sender, i) => {
      sender.send(many(100, frame(9, i + 1)));
    });
    slow.open();
    sw.forward();
    for (const f of slow.receive()) got[(f[11] as number) - 1] = (got[(f[11] as number) - 1] as number) + 1;
  }
  return got;
}

/** Leaves a port room for so many frames in each round: what it holds is thrown away, all but what fills it. */
function room(port: MemoryPort, frames: number): { open(): void; receive(): Uint8Array[] } {
  const filler = new FrameBatch(new ArrayBuffer(64));
  filler.count = 1;
  filler.lengths[0] = 14; // Shorter than any frame of the test.
  const list = new Int32Array(256);
  return {
    open() {
      port.receive();
      port.deliver(filler, list, 256 - frames);
    },
    receive: () => port.receive().filter((f) => f.length > 14),
  };
}

describe("priorities of ports", () => {
  it("give room to the highest first, and to each other one in one round of eight", () => {
    const [low, high] = shares([0, 5]) as [number, number];
    expect([low, high]).toEqual([12 * 32, 84 * 32]);
    const three = shares([3, 7, 1]);
    expect(three).toEqual([6 * 32, 84 * 32, 6 * 32]);
  });
  it("leave what the highest do not use to the others", () => {
    const sw = createSwitch({ lookup: staticLookup({ table: [], otherwise: { port: "out" } }) });
    const low = sw.attach("low");
    const high = sw.attach("high", { priority: 7 });
    const out = sw.attach("out");
    low.send(many(256, frame(9, 1)));
    high.send(many(6, frame(9, 2)));
    sw.forward();
    expect(out.receive().filter((f) => f[11] === 1).length).toBe(250);
    expect(sw.stats.ports.out?.noRoom).toBe(6);
  });
  it("are equal when nobody says one: ports take turns at being first", () => {
    expect(shares([0, 0, 0])).toEqual([32 * 32, 32 * 32, 32 * 32]);
    expect(shares([4, 4])).toEqual([48 * 32, 48 * 32]);
  });
  it("hold while ports come and go", () => {
    const sw = createSwitch({ lookup: staticLookup({ table: [], otherwise: { port: "out" } }) });
    const first = sw.attach("first", { priority: 7 });
    const low = sw.attach("low", { priority: 1 });
    const out = sw.attach("out");
    sw.detach(first);
    // In its place, and lower.
    const again = sw.attach("again");
    for (const port of [again, low]) port.send(many(200, frame(9, port === low ? 1 : 2)));
    sw.forward();
    expect(out.receive().filter((f) => f[11] === 1).length).toBe(200);
  });
  it.each([-1, 8, 1.5, Number.NaN])("refuse %d", (priority) => {
    expect(() => createSwitch().attach("a", { priority })).toThrow(
      expect.objectContaining<Partial<SwitchError>>({ code: "BAD_PRIORITY" }),
    );
  });
});

describe("a neighbour that behaves badly", () => {
  /** A switch in which `a` and `b` know each other. What they send to each other meanwhile has to arrive, all of it. */
  function world(): { sw: ReturnType<typeof createSwitch>; check(misbehave: () => void): void } {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    a.send([frame(0, 1)]);
    b.send([frame(0, 2)]);
    sw.forward();
    a.receive();
    b.receive();
    const own = (port: MemoryPort): number => port.receive().filter((f) => f[0] === 2 && f[11] !== 3).length;
    return {
      sw,
      check(misbehave) {
        for (let round = 0; round < 20; round++) {
          misbehave();
          a.send(many(100, frame(2, 1)));
          b.send(many(100, frame(1, 2)));
          sw.forward();
          expect([own(a), own(b)]).toEqual([100, 100]);
        }
      },
    };
  }

  it("that floods takes no more than its turn, with limits of what goes to many", () => {
    const { sw, check } = world();
    const c = sw.attach("c", { floodLimits: { broadcast: 50, unknownUnicast: 50 } });
    check(() => {
      c.send([...many(128, frame(0, 3)), ...many(128, frame(77, 3))]);
    });
    expect(sw.stats.ports.c?.overBroadcast).toBeGreaterThan(2000);
    expect(sw.stats.ports.c?.overUnknown).toBeGreaterThan(2000);
  });
  it("that floods one station from ever other addresses fills its own share of addresses, and room that is nobody else's", () => {
    const { sw, check } = world();
    const c = sw.attach("c", { addressLimit: 16 });
    const d = sw.attach("d");
    d.send([frame(0, 4)]);
    sw.forward();
    let next = 100;
    check(() => {
      c.send(Array.from({ length: 256 }, () => frame(4, 50 + (next++ % 200))));
    });
    // Nobody emptied it.
    expect(d.pending).toBe(256);
    expect(sw.stats.ports.d?.noRoom).toBeGreaterThan(0);
    expect(sw.stats.ports.a?.noRoom).toBe(0);
  });
  it("that stalls loses its own frames only", () => {
    const { sw, check } = world();
    const stalled = createMemoryPort("stalled");
    let delivered = 0;
    const port: Port = { ...stalled, sink: undefined, deliver: () => 0, poll: () => null, flush: () => delivered++ };
    sw.attach(port);
    const c = sw.attach("c");
    check(() => {
      c.send(many(10, frame(88, 3)));
    });
    expect(sw.stats.ports.stalled?.noRoom).toBe(200);
    expect(delivered).toBe(20);
  });
  it("that vanishes while frames for it are under way takes none with it", () => {
    const { sw, check } = world();
    let round = 0;
    check(() => {
      const c = sw.attach(`c${round}`);
      c.send([frame(0, 3), ...many(50, frame(1, 3))]);
      sw.forward();
      // What it sent meanwhile is gone with it.
      c.send(many(50, frame(2, 3)));
      sw.detach(c);
      round++;
    });
    expect(Object.keys(sw.stats.ports)).toEqual(["a", "b"]);
  });
  it("that sends frames without sense loses those", () => {
    const { sw, check } = world();
    const c = sw.attach("c");
    check(() => {
      c.send([
        new Uint8Array(0),
        new Uint8Array(13).fill(2),
        new Uint8Array(2032).fill(255),
        ...many(40, new Uint8Array(1)),
      ]);
    });
    expect(sw.stats.drops.runt).toBe(20 * 42);
    expect(sw.stats.ports.c?.inPackets).toBe(20 * 43);
  });
});
