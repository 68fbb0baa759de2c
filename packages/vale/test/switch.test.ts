import {
  copyFrame,
  createMemoryPort,
  createSwitch,
  FrameBatch,
  FrameMemory,
  learningBridge,
  type MemoryPort,
  patch,
  SwitchError,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const frame = (dst: number, src: number, length = 60, fill = 0): Uint8Array => {
  const f = new Uint8Array(length).fill(fill);
  f.set([2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, src]);
  return f;
};
const broadcastFrame = (src: number): Uint8Array =>
  Uint8Array.of(255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, src, 8, 0);

describe("the switch", () => {
  it("floods what it does not know, then sends it where it learned", () => {
    const sw = createSwitch();
    const [a, b, c] = [sw.attach("a"), sw.attach("b"), sw.attach("c")];
    a.send([frame(2, 1)]);
    sw.forward();
    expect([a.receive(), b.receive(), c.receive()]).toEqual([[], [frame(2, 1)], [frame(2, 1)]]);
    b.send([frame(1, 2)]);
    sw.forward();
    expect([a.receive(), c.receive()]).toEqual([[frame(1, 2)], []]);
    a.send([frame(2, 1), broadcastFrame(1), frame(2, 1)]);
    sw.forward();
    expect(b.receive()).toEqual([frame(2, 1), broadcastFrame(1), frame(2, 1)]);
    expect(c.receive()).toEqual([broadcastFrame(1)]);
  });

  it("counts frames that go nowhere, and those without room", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    a.send([frame(2, 1), frame(1, 2), new Uint8Array(13)]);
    sw.forward();
    expect(sw.stats.drops).toEqual({ hairpin: 1, runt: 1, nobody: 0 });
    b.receive();
    for (let i = 0; i < 3; i++) {
      a.send(Array.from({ length: 100 }, () => broadcastFrame(1)));
      sw.forward();
    }
    expect(b.receive()).toHaveLength(256);
    expect(sw.stats.ports.b).toMatchObject({ outPackets: 257, noRoom: 44 });
    expect(sw.stats.ports.a).toMatchObject({ inPackets: 303, outPackets: 0 });
  });

  it("has thousands of ports, and asks those only that may have frames", () => {
    const sw = createSwitch();
    const polled = { times: 0 };
    const ports = Array.from({ length: 4500 }, (_, p) => {
      const port = createMemoryPort(`p${p}`, {});
      return sw.attach({
        ...port,
        poll() {
          polled.times++;
          return port.poll();
        },
      });
    });
    const station = (n: number): number[] => [2, 0, 0, 0, n >> 8, n & 255];
    const send = (from: number, to: number): void => {
      (ports[from] as unknown as MemoryPort).send([Uint8Array.of(...station(to), ...station(from), 8, 0)]);
      sw.forward();
    };
    send(4400, 77);
    send(77, 4400);
    expect(sw.stats.ports.p0?.outPackets).toBe(1);
    expect([sw.stats.ports.p4400?.outPackets, sw.stats.ports.p77?.outPackets]).toEqual([1, 1]);
    sw.forward();
    polled.times = 0;
    for (let i = 0; i < 10; i++) send(4400, 77);
    expect([polled.times, sw.stats.ports.p77?.outPackets, sw.stats.ports.p1?.outPackets]).toEqual([10, 11, 1]);
  });

  it("forgets a port that leaves, and takes its name again", () => {
    const sw = createSwitch();
    const [a, b] = [sw.attach("a"), sw.attach("b")];
    b.send([frame(1, 2)]);
    sw.forward();
    sw.detach(b);
    const again = sw.attach("b");
    const c = sw.attach("c");
    a.send([frame(2, 1)]);
    sw.forward();
    expect([again.receive(), c.receive()]).toEqual([[frame(2, 1)], [frame(2, 1)]]);
    expect(() => sw.attach("a")).toThrow(SwitchError);
    expect(() => sw.detach(b)).toThrow(/not attached/);
  });

  it("patches ports in pairs, whatever is in the frames", () => {
    const sw = createSwitch({ lookup: patch() });
    const [a, b, c] = [sw.attach("a"), sw.attach("b"), sw.attach("c")];
    a.send([frame(1, 1), Uint8Array.of(1)]);
    b.send([frame(9, 9)]);
    c.send([frame(1, 2)]);
    sw.forward();
    expect([a.receive(), b.receive(), c.receive()]).toEqual([[frame(9, 9)], [frame(1, 1), Uint8Array.of(1)], []]);
    expect(sw.stats.drops.hairpin).toBe(1);
  });

  it("agrees with a model of a learning bridge", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 3 }),
            fc.integer({ min: 0, max: 6 }),
            fc.integer({ min: 1, max: 6 }),
            fc.integer({ min: 14, max: 2000 }),
          ),
          { maxLength: 40 },
        ),
        (steps) => {
          const sw = createSwitch({ lookup: learningBridge() });
          const ports = ["a", "b", "c", "d"].map((n) => sw.attach(n));
          const table = new Map<number, number>();
          steps.forEach(([port, dst, src, length], n) => {
            const f = dst === 0 ? Uint8Array.of(...broadcastFrame(src), n) : frame(dst, src, length, n & 255);
            ports[port]!.send([f]);
            sw.forward();
            table.set(src, port);
            const to = dst === 0 ? undefined : table.get(dst);
            ports.forEach((p, i) =>
              expect(p.receive()).toEqual(i !== port && (to === undefined || to === i) ? [f] : []),
            );
          });
        },
      ),
    );
  });
});

describe("copyFrame", () => {
  it("copies exactly the frame, at any alignment and length", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 1600 }),
        (from, to, length) => {
          const batch = new FrameBatch(new ArrayBuffer(2048));
          batch.memory.bytes.forEach((_, i, bytes) => {
            bytes[i] = (i * 7) & 255;
          });
          batch.offsets[0] = from;
          batch.lengths[0] = length;
          const target = new FrameMemory(new SharedArrayBuffer(2048));
          target.bytes.fill(0xa5);
          copyFrame(batch, 0, target, to);
          const expected = new Uint8Array(2048).fill(0xa5);
          expected.set(batch.memory.bytes.subarray(from, from + length), to);
          expect(Buffer.compare(Buffer.from(target.bytes), Buffer.from(expected))).toBe(0);
        },
      ),
    );
  });

  it("keeps an address with its port, when it is sticky, until the port leaves", () => {
    const sw = createSwitch({ lookup: learningBridge({ sticky: true }) });
    const [a, b, thief] = ["a", "b", "thief"].map((name) => sw.attach(name)) as [MemoryPort, MemoryPort, MemoryPort];
    const frame = (to: number, from: number): Uint8Array => {
      const f = new Uint8Array(60);
      f.set([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from]);
      return f;
    };
    a.send([frame(2, 1)]);
    sw.forward();
    thief.send([frame(9, 1)]);
    sw.forward();
    for (const p of [a, b, thief]) p.receive();
    b.send([frame(1, 2)]);
    sw.forward();
    expect([a, b, thief].map((p) => p.receive().length)).toEqual([1, 0, 0]);
    sw.detach(a);
    thief.send([frame(9, 1)]);
    sw.forward();
    for (const p of [b, thief]) p.receive();
    b.send([frame(1, 2)]);
    sw.forward();
    expect(thief.receive()).toHaveLength(1);
  });
});

describe("a switch in a run loop", () => {
  it("is woken by its ports, from when they are attached until they leave, for any number of listeners", () => {
    const sw = createSwitch({ lookup: patch() });
    const woken = [0, 0];
    const ends = woken.map((_, i) => sw.onWake(() => void (woken[i] = (woken[i] as number) + 1)));
    const frame = new Uint8Array(60);
    const a = sw.attach("a");
    const b = sw.attach("b");
    expect([woken, sw.turn()]).toEqual([[2, 2], "idle"]);
    a.send([frame, frame]);
    expect([woken, sw.turn(), sw.turn(), b.pending]).toEqual([[3, 3], "more", "idle", 2]);
    ends[0]?.();
    b.send([frame]);
    expect(woken).toEqual([3, 4]);
    sw.turn();
    sw.detach(a);
    a.send([frame]);
    expect([woken, sw.turn()]).toEqual([[3, 4], "idle"]);
    // In the same place there is another port, which is heard.
    const c = sw.attach("c");
    c.send([frame]);
    expect(woken).toEqual([3, 6]);
  });

  it("polls while a port cannot tell when it has frames, and knows the first time that any gives", () => {
    const sw = createSwitch({ lookup: patch() });
    const quiet = { poll: () => null, release() {}, deliver: () => 0, flush() {} };
    expect([sw.turn(), sw.wakesIn]).toEqual(["idle", undefined]);
    const deaf = sw.attach({ ...quiet, name: "deaf", readyIn: 7n });
    sw.attach({ ...quiet, name: "slow", readyIn: 5n, onReady: () => () => {} });
    expect([sw.turn(), sw.wakesIn]).toEqual(["polling", 5n]);
    sw.detach(deaf);
    expect(sw.turn()).toBe("idle");
  });
});
