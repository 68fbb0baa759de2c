/** Elements of chance, hashes and numbers against plain models of the same thing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { glibc } from "./glibc.ts";
import { make, pass } from "./packets.ts";

const numbers = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)];

describe("chance", () => {
  it.each([0, 1, 5, 4294967295])("is that of the C library on Linux, after RandomSeed(%i)", async (seed) => {
    using router = await make(`RandomSeed(${seed}); RandomSource(400, LIMIT 2) -> ToDevice(0)`);
    const model = glibc(seed);
    router.run();
    for (const packet of router.device(0).receive())
      expect(numbers(packet)).toEqual(Array.from({ length: 100 }, () => model.next().value));
  });

  it("goes on over a change of the configuration", async () => {
    const text = (limit: number): string => `RandomSeed(5); s :: RandomSource(4, LIMIT ${limit}) -> ToDevice(0)`;
    using router = await make(text(3));
    router.run();
    router.hotswap(text(6));
    router.run();
    const model = glibc(5);
    // The source that takes the other's place begins anew.
    expect(router.device(0).receive().flatMap(numbers)).toEqual(Array.from({ length: 9 }, () => model.next().value));
  });

  it("is another one in each run that is not seeded", async () => {
    const drawn = async (): Promise<string> => {
      using router = await make("RandomSource(40, LIMIT 1) -> ToDevice(0)");
      router.run();
      return String(router.device(0).receive()[0]);
    };
    expect(await drawn()).not.toBe(await drawn());
  });
});

describe("HashSwitch", () => {
  it("takes the output of the model, for any bytes", async () => {
    const sizes = fc.record({
      offset: fc.nat(20),
      length: fc.integer({ min: 1, max: 300 }),
      outputs: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 20 }),
        async (its, frames) => {
          const { offset, length, outputs } = its;
          const wires = Array.from({ length: outputs }, (_, i) => `h [${i}] -> ToDevice(${i})`).join("; ");
          using router = await make(`FromDevice(9) -> h :: HashSwitch(${offset}, ${length}); ${wires}`);
          for (const frame of frames) {
            router.device(9).send([frame]);
            router.run();
            const sum = frame.subarray(offset, offset + length).reduce((a, b) => a + b, 0);
            const hash = [2, 4, 8].includes(outputs) ? (sum ^ (sum >> 4)) & (outputs - 1) : sum % outputs;
            const expected = frame.length < offset + length ? 0 : hash;
            const reached = Array.from({ length: outputs }, (_, i) => router.device(i).receive().length);
            expect(reached.indexOf(1)).toBe(expected);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("numbers in packets", () => {
  it("NumberPacket counts packets, and CheckNumberPacket counts numbers", async () => {
    using router = await make(
      "FromDevice(0) -> n :: NumberPacket(20) -> c :: CheckNumberPacket(20, COUNT 3) -> ToDevice(1); c [1] -> ToDevice(2)",
    );
    const short = Uint8Array.from([1, 2, 3]);
    const passed = pass(router, [short, new Uint8Array(60), new Uint8Array(28), new Uint8Array(28)]);
    expect(passed.map((frames) => frames.map((f) => [f.length, f[20]]))).toEqual([
      [],
      [
        [28, 0],
        [60, 1],
        [28, 2],
      ],
      [[28, 3]],
      [],
    ]);
    expect(["n.count", "c.min", "c.max", "c.dump"].map((path) => router.read(path))).toEqual([
      "4",
      "[0] : 1",
      "[0] : 1",
      "0: 1\n1: 1\n2: 1\n",
    ]);
  });

  it("NumberPacket writes in network order where it is to", async () => {
    using router = await make("FromDevice(0) -> NumberPacket(0, NET_ORDER true) -> ToDevice(1)");
    expect(pass(router, [new Uint8Array(8), new Uint8Array(8)])[1]?.map((f) => [...f])).toEqual([
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 1],
    ]);
  });

  it("HandlerAggregate adds up handlers, and writes them", async () => {
    using router = await make(
      "InfiniteSource(LIMIT 3) -> a :: Counter -> Discard; InfiniteSource(LIMIT 4) -> b :: Counter -> Discard; h :: HandlerAggregate(a, b)",
    );
    router.run();
    expect([router.read("h.add", "count"), router.read("h.avg", "count")]).toEqual(["7", "3.5"]);
    router.write("h.write", "reset");
    expect(router.read("h.add", "count")).toBe("0");
    expect(() => router.read("h.add", "nothing")).toThrow("nothing");
  });
});

describe("packets of any length", () => {
  const elements = [
    "Align(8, 3)",
    "Resize(3, -2)",
    "Resize(-3, 2)",
    "StoreData(5, \\<ff00ff>)",
    "Clipboard(0/4)",
    "ForceIP",
    "RandomBitErrors(0.5)",
  ];
  it.each(elements)("%s neither loses nor damages what is around them", async (element) => {
    const wires = element.startsWith("Clipboard")
      ? `[0] e :: ${element} -> ToDevice(1); Idle -> [1] e; e [1] -> Idle`
      : `${element} -> ToDevice(1)`;
    using router = await make(`FromDevice(0) -> ${wires}`);
    const free = router.freeBuffers;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 1800 }), { maxLength: 8 }), async (frames) => {
        const dropped = (): number => router.drops().reduce((sum, { count }) => sum + Number(count), 0);
        const before = dropped();
        const [, out = []] = pass(router, frames);
        expect(out.length + dropped() - before).toBe(frames.length);
        if (/Align|Clipboard/.test(element)) expect(out).toEqual(frames);
        expect(router.freeBuffers).toBe(free);
      }),
      { numRuns: 20 },
    );
  });
});
