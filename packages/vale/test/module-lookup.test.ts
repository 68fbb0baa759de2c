/** Lookup modules that do as they should, and those that do not. */
import { moduleBuilder, wasmBackend } from "@clickos/codegen";
import {
  batchBytes,
  batchFrame,
  batchHeader,
  createSwitch,
  everyPort,
  type LookupModule,
  type MemoryPort,
  moduleLookup,
  moduleVersion,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const pageBytes = 65_536;
const block = 64;
const answers = 8192;
const answerRoom = 512;
const buffers = 16_384;
const bufferBytes = 192;

const frame = (n: number, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length).fill(n);
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, n]);
  return bytes;
};

/** A module whose answers are made by a function of what is in its block. */
class TestModule implements LookupModule {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 2, maximum: 8 });
  answer: (module: TestModule, count: number) => number = () => 0;
  constructor() {
    const { words } = this;
    words[(block + batchHeader.version) >> 2] = moduleVersion;
    words[(block + batchHeader.answers) >> 2] = answers;
    words[(block + batchHeader.answerRoom) >> 2] = answerRoom;
    for (let i = 0; i < 256; i++) {
      words[(this.record(i) + batchFrame.address) >> 2] = buffers + i * bufferBytes;
      words[(this.record(i) + batchFrame.room) >> 2] = bufferBytes;
    }
  }
  get words(): Int32Array {
    return new Int32Array(this.memory.buffer);
  }
  record(i: number): number {
    return block + batchHeader.bytes + i * batchFrame.bytes;
  }
  batch(): number {
    return block;
  }
  lookup(count: number): number {
    return this.answer(this, count);
  }
  /** Answers with frames and ports. */
  say(...pairs: [frame: number, port: number][]): number {
    pairs.forEach(([i, port], k) => {
      this.words[(answers >> 2) + k] = i | (port << 16);
    });
    return pairs.length;
  }
}

function world(module: LookupModule = new TestModule()) {
  const lookup = moduleLookup(module);
  const sw = createSwitch({ lookup });
  const ports = ["a", "b", "c"].map((name) => sw.attach(name)) as [MemoryPort, MemoryPort, MemoryPort];
  const send = (...frames: Uint8Array[]): number[][] => {
    ports[0].send(frames);
    sw.forward();
    return ports.map((p) => p.receive().map((f) => f[11] as number));
  };
  return { module: module as TestModule, lookup, sw, ports, send };
}

describe("a lookup module", () => {
  it("gets frames with their port, and says where each goes: to one port, to several, to all, or to none", () => {
    const { module, send, sw, lookup } = world();
    module.answer = (m, count) => {
      expect([count, m.words[(block + batchHeader.count) >> 2], m.words[(block + batchHeader.port) >> 2]]).toEqual([
        4, 4, 0,
      ]);
      const bytes = new Uint8Array(m.memory.buffer);
      for (let i = 0; i < 4; i++) {
        expect(m.words[(m.record(i) + batchFrame.length) >> 2]).toBe(60 + i);
        expect(bytes.slice(buffers + i * bufferBytes, buffers + i * bufferBytes + 60 + i)).toEqual(frame(i, 60 + i));
      }
      // In the order in which it says so.
      return m.say([3, 1], [0, 1], [1, 2], [1, 1], [2, everyPort]);
    };
    expect(send(...[0, 1, 2, 3].map((n) => frame(n, 60 + n)))).toEqual([[], [3, 0, 1, 2], [1, 2]]);
    module.answer = () => 0;
    expect(send(frame(1), new Uint8Array(13))).toEqual([[], [], []]);
    expect([sw.stats.ports.a?.refused, sw.stats.drops.runt]).toEqual([1, 1]);
    expect(lookup.faults).toEqual({ blocks: 0, noRoom: 0, answers: 0 });
  });

  it("gives a frame to a port once, and not to the one that it came from", () => {
    const { module, send, sw } = world();
    module.answer = (m) => m.say([0, 1], [0, 1], [0, 0], [0, 1], [1, 0], [1, 0]);
    expect(send(frame(1), frame(2))).toEqual([[], [1], []]);
    expect(sw.stats.drops.hairpin).toBe(2);
    expect(sw.stats.ports.a?.refused).toBe(0);
  });

  it("is asked for frames that a rate lets pass, and not for others", () => {
    const lookup = new TestModule();
    lookup.answer = (m, count) => m.say(...Array.from({ length: count }, (_, i): [number, number] => [i, 1]));
    const sw = createSwitch({ lookup: moduleLookup(lookup), now: () => 0 });
    const a = sw.attach("a", { mtu: 100, rateLimits: { entering: 8, burst: 118 } });
    const b = sw.attach("b");
    a.send([frame(1), frame(2, 100), frame(3, 50), frame(4)]);
    sw.forward();
    expect(b.receive().map((f) => f[11])).toEqual([1, 3]);
  });

  it("may be an instance of WebAssembly with nothing else", () => {
    // All frames go to the port after their own.
    const m = moduleBuilder({ memory: { import: ["env", "memory"], pages: 2, maximumPages: 8 } });
    m.export(
      "batch",
      m.func("batch", {}, "i32", (c) => c.i32(block)),
    );
    m.export(
      "lookup",
      m.func("lookup", { count: "i32" }, "i32", (c, { count }) => {
        const port = c.load32(block, batchHeader.port).add(1);
        c.for(0, count, 1, (i) => c.store32(i.shl(2).add(answers), port.shl(16).or(i)));
        return count;
      }),
    );
    const { memory } = new TestModule();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(m.toIr()) as BufferSource), {
      env: { memory },
    });
    const { send } = world({ memory, ...exports } as unknown as LookupModule);
    expect(send(frame(7), frame(8))).toEqual([[], [7, 8], []]);
  });
});

describe("a lookup module that does not do as it should", () => {
  it("is not called again when it traps, until another takes its place", () => {
    const { module, lookup, send, sw } = world();
    let calls = 0;
    module.answer = () => {
      calls++;
      throw new WebAssembly.RuntimeError("unreachable");
    };
    expect([send(frame(1)), send(frame(2))]).toEqual([
      [[], [], []],
      [[], [], []],
    ]);
    expect([calls, lookup.faults.blocks, sw.stats.ports.a?.refused]).toEqual([1, 2, 2]);
    expect(lookup.failure).toBeInstanceOf(WebAssembly.RuntimeError);
    const next = new TestModule();
    next.answer = (m) => m.say([0, 2]);
    lookup.replace(next);
    expect([send(frame(3)), lookup.failure]).toEqual([[[], [], [3]], undefined]);
  });

  it("loses frames for what makes no sense, and no others", () => {
    const { module, lookup, send } = world();
    module.answer = (m) => m.say([1, 1], [2, 1], [0xfffe, 1], [0, 3], [0, 0x7fff], [0, 2]);
    expect(send(frame(0), frame(1))).toEqual([[], [1], [0]]);
    expect(lookup.faults.answers).toBe(4);
  });

  it.each([-1, answerRoom + 1, Number.NaN, 2 ** 40, Number.POSITIVE_INFINITY])(
    "says nothing with %d answers",
    (count) => {
      const { module, lookup, send } = world();
      module.answer = (m) => {
        m.say([0, 1]);
        return count;
      };
      expect([send(frame(0)), lookup.faults.answers]).toEqual([[[], [], []], 1]);
    },
  );

  it("may grow its memory while it looks frames up", () => {
    const { module, lookup, send } = world();
    module.answer = (m) => {
      m.memory.grow(1);
      return m.say([0, 1]);
    };
    expect([send(frame(5)), send(frame(6)), lookup.faults]).toEqual([
      [[], [5], []],
      [[], [6], []],
      { blocks: 0, noRoom: 0, answers: 0 },
    ]);
  });

  it("harms nobody, whatever is in its memory and whatever it returns", () => {
    const word = fc.oneof(
      fc.integer({ min: -2, max: 600 }),
      fc.constantFrom(0, block, answers, buffers, 2 * pageBytes, 2 * pageBytes - 4, 0x7fffffff, -1, -pageBytes),
      fc.integer(),
    );
    const place = fc.integer({ min: 0, max: (batchBytes >> 2) - 1 });
    const change = fc.record({
      at: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 8, 9, 12, 13), place),
      value: word,
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 12 }),
        fc.array(word, { maxLength: 40 }),
        word,
        fc.oneof(fc.constant(block), word),
        (changes, said, count, at) => {
          const module = new TestModule();
          module.batch = () => at;
          for (const { at: k, value } of changes) module.words[(block >> 2) + k] = value;
          module.answer = (m) => {
            m.words.set(said, answers >> 2);
            return count;
          };
          const { send, ports, sw, lookup } = world(module);
          const frames = Array.from({ length: 20 }, (_, n) => frame(n));
          const got = send(...frames);
          // What arrives came from there, once, and the sender gets none of it.
          expect(got[0]).toEqual([]);
          for (const list of got) expect(new Set(list).size).toBe(list.length);
          const { drops, ports: stats } = sw.stats;
          const through = new Set(got.flat()).size;
          expect((stats.a?.refused ?? 0) + through).toBeLessThanOrEqual(20);
          expect((stats.a?.refused ?? 0) + through + drops.hairpin).toBeGreaterThanOrEqual(20);
          expect(lookup.failure).toBeUndefined();
          // The switch goes on: another module finds it as it was.
          const next = new TestModule();
          next.answer = (m) => m.say([0, 2]);
          lookup.replace(next);
          ports[1].send([frame(9)]);
          sw.forward();
          expect(ports[2].receive()).toEqual([frame(9)]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
