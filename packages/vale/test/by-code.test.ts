/** What WebAssembly moves, and what TypeScript moves, is the same. */
import {
  createMemoryPort,
  createSwitch,
  FrameMover,
  type FrameSink,
  type FrameSource,
  learningBridge,
  type MemoryPort,
  type Port,
  type SinkKind,
  type SourceKind,
  type ValeSwitch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { apart } from "./apart.ts";

const slots = 16;
const stride = 4096;
const lengths = 64;

/** Slots of a length and an offset from the slot's own buffer, in a row. */
const source: SourceKind = {
  name: "test source",
  places: ["table", "buffers"],
  slots,
  frame({ memory, place }, slot) {
    const at = slot.shl(3).add(place("table"));
    const length = memory.load32(at);
    const offset = memory.load32(at, 4);
    return { address: slot.mul(stride).add(place("buffers")).add(offset), length, good: length.ne(0) };
  },
  release({ memory, place }, slot) {
    memory.store32(slot.shl(3).add(place("table")), 0);
  },
};
/** Slots that say where a frame shall begin, and get its length; a negative offset is no place. */
const sink: SinkKind = {
  name: "test sink",
  places: ["table", "buffers"],
  slots,
  room({ memory, place }, slot) {
    const offset = memory.load32(slot.shl(3).add(place("table")), 4);
    return { address: slot.mul(stride).add(place("buffers")).add(offset), good: offset.geS(0) };
  },
  fill({ memory, place }, slot, _address, length) {
    memory.store32(slot.shl(3).add(place("table")), length);
  },
};

const pages = 4;
const memory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const buffers = 4096;
/** Where the second ring is when both are in one memory. */
const second = 2 * 65_536;

interface Frame {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** Moves frames from one ring to another and compares what is there then with what ought to be. */
function check(
  frames: readonly Frame[],
  at: { from: number; to: number; room: number; limit: number },
  way: "one memory" | "as the engine can" | "halves",
): void {
  const near = memory();
  const far = way === "one memory" ? near : memory();
  const base = way === "one memory" ? second : 0;
  const a = new Uint8Array(near.buffer);
  const b = new Uint8Array(far.buffer);
  const nearWords = new Int32Array(near.buffer);
  const farWords = new Int32Array(far.buffer);
  for (let i = 0; i < a.length; i++) a[i] = (i * 7 + (i >> 8)) & 0xff;
  if (far !== near) b.fill(0xee);
  else b.fill(0xee, second);
  for (let s = 0; s < slots; s++) {
    nearWords.set([0, 0], (lengths + s * 8) >> 2);
    farWords.set([-1, -1], (base + lengths + s * 8) >> 2);
  }
  frames.forEach(({ length, from, to }, i) => {
    nearWords.set([length, from], (lengths + ((at.from + i) % slots) * 8) >> 2);
    farWords[(base + lengths + ((at.to + i) % slots) * 8 + 4) >> 2] = to;
  });
  const wanted = b.slice();
  const wantedWords = new Int32Array(wanted.buffer);
  let moved = 0;
  let bytes = 0;
  for (const [i, { length, from, to }] of frames.entries()) {
    if (i >= at.room || length === 0 || length > at.limit || to < 0) break;
    const start = buffers + ((at.from + i) % slots) * stride + from;
    const target = (at.to + i) % slots;
    wanted.set(a.subarray(start, start + length), base + buffers + target * stride + to);
    wantedWords[(base + lengths + target * 8) >> 2] = length;
    if (near === far) wantedWords[(lengths + ((at.from + i) % slots) * 8) >> 2] = 0;
    moved++;
    bytes += length;
  }
  const counted = { taken: [0, 0], put: [0, 0] };
  const ends: [FrameSource, FrameSink] = [
    {
      kind: source,
      memory: near,
      places: [lengths, buffers, 0, 0],
      frameLimit: 9018,
      cursor: at.from,
      begin: () => frames.length,
      done: (n, sum) => {
        counted.taken = [n, sum];
      },
    },
    {
      kind: sink,
      memory: far,
      places: [base + lengths, base + buffers, 0, 0],
      frameLimit: 9018,
      cursor: at.to,
      begin: () => at.room,
      done: (n, sum) => {
        counted.put = [n, sum];
      },
    },
  ];
  const mover = way === "halves" ? new FrameMover(...ends, true) : new FrameMover(...ends);
  expect(mover.run(at.limit)).toBe(moved);
  if (frames.length > 0) {
    expect(counted).toEqual({ taken: [moved, bytes], put: [moved, bytes] });
    expect(mover.stopped).toBe(moved < frames.length);
  }
  expect(Buffer.compare(b, wanted)).toBe(0);
}

const someFrame = fc.record({
  length: fc.oneof(
    fc.integer({ min: 0, max: 130 }),
    fc.integer({ min: 44, max: 68 }),
    fc.integer({ min: 0, max: 2000 }),
  ),
  from: fc.oneof(fc.constant(0), fc.nat(600)),
  to: fc.oneof(fc.constant(0), fc.nat(600), fc.constant(-1)),
});

describe("moving frames by code", () => {
  for (const way of ["one memory", "as the engine can", "halves"] as const)
    it(`copies exactly the bytes of each, of any length and alignment, up to what is out of the ordinary: ${way}`, () => {
      fc.assert(
        fc.property(
          fc.array(someFrame, { maxLength: slots }),
          fc.record({
            from: fc.nat(slots - 1),
            to: fc.nat(slots - 1),
            room: fc.oneof(fc.constant(slots), fc.nat(slots)),
            limit: fc.oneof(fc.constant(9018), fc.integer({ min: 60, max: 1600 })),
          }),
          (frames, at) => check(frames, at, way),
        ),
        { numRuns: 60 },
      );
    });

  it("takes every length from 1 to 200 bytes", () => {
    for (const way of ["one memory", "as the engine can", "halves"] as const)
      for (let length = 1; length <= 200; length += 8) {
        const frames = Array.from({ length: 8 }, (_, i) => ({ length: length + i, from: i * 3, to: 5 * i }));
        check(frames, { from: 12, to: 3, room: slots, limit: 9018 }, way);
      }
  });

  for (const halves of [false, true] as const)
    it(`says where frames are instead of copying them: ${halves ? "halves" : "as the engine can"}`, () => {
      const told: SinkKind = {
        ...sink,
        byAddress: true,
        room: ({ c, memory, place }, slot) => ({
          address: c.i32(0),
          good: memory.load32(slot.shl(3).add(place("table")), 4).geS(0),
        }),
        fill({ memory, place }, slot, address, length) {
          memory.store32(slot.shl(3).add(place("table")), address.add(length.shl(16)));
        },
      };
      const [near, far] = [memory(), memory()];
      const [from, to] = [new Int32Array(near.buffer), new Int32Array(far.buffer)];
      for (const [i, length] of [60, 14, 1514, 64].entries()) from.set([length, i], (lengths + i * 8) >> 2);
      to[(lengths + 3 * 8 + 4) >> 2] = -1;
      const done = (): void => {};
      const mover = new FrameMover(
        {
          kind: source,
          memory: near,
          places: [lengths, buffers, 0, 0],
          frameLimit: 9018,
          cursor: 0,
          begin: () => 4,
          done,
        },
        { kind: told, memory: far, places: [lengths, 0, 0, 0], frameLimit: 9018, cursor: 0, begin: () => 9, done },
        ...(halves ? [true] : []),
      );
      expect([mover.run(9018), mover.bytes, mover.stopped]).toEqual([3, 1588, true]);
      const words = [0, 1, 2, 3].map((i) => to[(lengths + i * 8) >> 2]);
      expect(words).toEqual(
        [60, 14, 1514, 0].map((length, i) => (length ? buffers + i * stride + i + (length << 16) : 0)),
      );
    });

  for (const halves of [false, true] as const)
    it(`copies to buffers in another memory than their slots: ${halves ? "halves" : "as the engine can"}`, () => {
      const [near, far] = [memory(), memory()];
      const bytes = new Uint8Array(near.buffer);
      const words = new Int32Array(near.buffer);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
      const target = new Uint8Array(far.buffer).fill(0xee);
      const wanted = target.slice();
      // As many slots of one ring as of the other, side by side.
      const table = 1024;
      const all = [14, 15, 16, 47, 48, 60, 64, 65, 127, 511, 513, 1514];
      for (const [i, length] of all.entries()) {
        words.set([length, i], (lengths + i * 8) >> 2);
        words.set([-1, 3 * i], (table + i * 8) >> 2);
        const at = buffers + i * stride;
        wanted.set(bytes.subarray(at + i, at + i + length), at + 3 * i);
      }
      const done = (): void => {};
      const mover = new FrameMover(
        {
          kind: source,
          memory: near,
          places: [lengths, buffers, 0, 0],
          frameLimit: 9018,
          cursor: 0,
          begin: () => all.length,
          done,
        },
        {
          kind: sink,
          memory: near,
          frames: far,
          places: [table, buffers, 0, 0],
          frameLimit: 9018,
          cursor: 0,
          begin: () => slots,
          done,
        },
        ...(halves ? [true] : []),
      );
      expect([mover.run(9018), mover.stopped]).toEqual([all.length, false]);
      expect(all.map((_, i) => words[(table + i * 8) >> 2])).toEqual(all);
      expect(Buffer.compare(target, wanted)).toBe(0);
    });

  it("leaves a ring alone that has something for TypeScript to see", () => {
    const near = memory();
    const done = (): void => expect.unreachable();
    const end = { memory: near, places: [64, 4096, 0, 0], frameLimit: 9018, cursor: 0, done } as const;
    const mover = new FrameMover({ ...end, kind: source, begin: () => -1 }, { ...end, kind: sink, begin: () => 1 });
    expect([mover.run(9018), mover.stopped]).toEqual([0, true]);
  });

  it("says which places a kind has when another is asked for", () => {
    const wrong: SinkKind = { ...sink, room: ({ c, place }) => ({ address: place("nowhere"), good: c.i32(1) }) };
    const end = {
      memory: memory(),
      places: [0, 0, 0, 0],
      frameLimit: 9018,
      cursor: 0,
      begin: () => 1,
      done() {},
    } as const;
    expect(() => new FrameMover({ ...end, kind: source }, { ...end, kind: wrong })).toThrow(
      /table, buffers.*no 'nowhere'/,
    );
  });
});

// ---- whole switches

const station = (n: number): number[] => [n === 0 ? 1 : 2, 0, 0, 0, n >> 8, n & 0xff];
const someFrames = fc.array(
  fc.record({ to: fc.nat(12), from: fc.integer({ min: 0, max: 12 }), length: fc.integer({ min: 10, max: 90 }) }),
  { maxLength: 40 },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("send" as const), port: fc.nat(4), frames: someFrames }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.constantFrom(1, 2, 100, 150, 299, 300, 301),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), port: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("join" as const), port: fc.nat(4), fixed: fc.boolean() }) },
);

describe("a switch whose ports are in packet memory", () => {
  it("delivers and counts as one whose ports are not, whoever comes and goes, and whatever ages", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), (steps, sticky) => {
        let seconds = 0;
        const make = (): ValeSwitch =>
          createSwitch({ lookup: learningBridge({ sticky, addressesPerPort: 6, now: () => seconds * 1000 }) });
        // Places in the table are drawn: which aged addresses a sweep comes to depends on them.
        const random = vi.spyOn(Math, "random").mockReturnValue(0.375);
        const [fast, slow] = [make(), make()];
        random.mockRestore();
        const ports: ({ fast: MemoryPort; slow: MemoryPort; port: Port } | undefined)[] = [];
        const join = (p: number, addresses?: string[]): void => {
          if (ports[p]) return;
          const pair = { fast: createMemoryPort(`p${p}`), slow: createMemoryPort(`p${p}`) };
          const port = apart(pair.slow);
          const rules = addresses ? { addresses } : {};
          fast.attach(pair.fast, rules);
          slow.attach(port, rules);
          ports[p] = { ...pair, port };
        };
        for (let p = 0; p < 3; p++) join(p);
        for (const s of steps) {
          if (s.kind === "wait") seconds += s.seconds;
          else if (s.kind === "join")
            join(s.port, s.fixed ? [`02:00:00:00:00:${(s.port + 1).toString(16).padStart(2, "0")}`] : undefined);
          else if (s.kind === "leave") {
            const pair = ports[s.port];
            if (!pair) continue;
            fast.detach(pair.fast);
            slow.detach(pair.port);
            ports[s.port] = undefined;
          } else {
            const frames = s.frames.map(({ to, from, length }, i) => {
              const f = new Uint8Array(length).fill(i);
              f.set([...station(to), ...station(from)].slice(0, length));
              return f;
            });
            for (const one of [ports[s.port]?.fast, ports[s.port]?.slow]) one?.send(frames);
          }
          expect(fast.forward()).toBe(slow.forward());
          for (const pair of ports) if (pair) expect(pair.fast.receive()).toEqual(pair.slow.receive());
        }
        expect(fast.stats).toEqual(slow.stats);
      }),
      { numRuns: 150 },
    );
  });
});
