import { Router } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const frame = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 255);

/** Comparing a byte at a time would take a second for each. */
const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((frame, i) => Buffer.compare(frame, b[i] as Uint8Array) === 0);

describe("large packets", () => {
  it("pass elements, queues and copies whole, beside small ones", async () => {
    using r = await Router.compile(
      "FromDevice(0) -> t :: Tee -> q :: Queue(100) -> Unqueue -> ToDevice(1); t [1] -> ToDevice(2)",
      { elements },
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 60, max: 70_000 }), { minLength: 1, maxLength: 12 }), (lengths) => {
        const frames = lengths.map((length, i) => frame(length, i));
        const free = r.freeBuffers;
        expect(r.device(0).send(frames)).toBe(frames.length);
        r.run();
        expect(same(r.device(1).receive(), frames)).toBe(true);
        expect(same(r.device(2).receive(), frames)).toBe(true);
        expect(r.freeBuffers).toBe(free);
      }),
      { numRuns: 30 },
    );
    expect(r.drops()).toEqual([]);
  });

  it("move to a larger buffer when they outgrow theirs", async () => {
    using r = await Router.compile(
      "FromDevice(0) -> Strip(4) -> Pad(5000) -> Unstrip(4) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(1)",
      { elements },
    );
    r.device(0).send([frame(60)]);
    r.run();
    const [packet] = r.device(1).receive() as [Uint8Array];
    expect(packet.length).toBe(5018);
    expect(packet.slice(14, 74)).toEqual(frame(60));
    expect(packet.slice(74).every((b) => b === 0)).toBe(true);
  });

  it("get headroom that their buffer does not have", async () => {
    const encap = "EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ";
    using r = await Router.compile(`FromDevice(0) -> ${encap.repeat(20)} ToDevice(1)`, { elements });
    r.device(0).send([frame(60), frame(4000)]);
    r.run();
    const out = r.device(1).receive();
    expect(out.map((p) => p.length)).toEqual([340, 4280]);
    expect(
      same(
        out.map((p) => p.slice(280)),
        [frame(60), frame(4000)],
      ),
    ).toBe(true);
  });

  it("stay in their queue over a hot swap", async () => {
    const text = (to: string): string => `FromDevice(0) -> q :: Queue(10) -> u :: Unqueue(ACTIVE ${to}) -> ToDevice(1)`;
    using r = await Router.compile(text("false"), { elements, reconfigurable: true });
    const frames = [frame(100, 1), frame(9000, 2), frame(66_000, 3)];
    r.device(0).send(frames);
    r.run();
    r.hotswap(text("true"));
    r.run();
    expect(same(r.device(1).receive(), frames)).toBe(true);
  });

  it("are counted where there is no memory for them, and the memory of those that left is used again", async () => {
    using r = await Router.compile("FromDevice(0) -> ToDevice(1)", { elements });
    const large = new Uint8Array(8_000_000);
    expect(r.device(0).send(Array(40).fill(large))).toBe(32);
    expect(r.drops()).toEqual([{ element: "", reason: "no packet buffer", count: 1 }]);
    r.run();
    expect(r.device(1).receive().length).toBe(32);
    for (let i = 0; i < 5; i++) {
      expect(r.device(0).send(Array(20).fill(large))).toBe(20);
      r.run();
      expect(r.device(1).receive().length).toBe(20);
    }
  });

  it("cannot be longer than packets are", async () => {
    for (const length of ["16777217", "2147483647", "2147483648", "4294967294"]) {
      using r = await Router.compile(`FromDevice(0) -> Pad(${length}) -> ToDevice(1)`, { elements });
      r.device(0).send([frame(60), frame(5000)]);
      r.run();
      expect(r.device(1).receive()).toEqual([]);
      expect(r.drops()).toEqual([{ element: "", reason: "no packet buffer", count: 2 }]);
    }
  });

  it("of generators may be as long as they say", async () => {
    using r = await Router.compile("InfiniteSource(LENGTH 9000, LIMIT 3, STOP true) -> c :: Counter -> ToDevice(0)", {
      elements,
    });
    r.run();
    expect([r.read("c.count"), r.read("c.byte_count")]).toEqual(["3", "27000"]);
    expect(
      r
        .device(0)
        .receive()
        .every((p) => p.length === 9000),
    ).toBe(true);
  });
});
