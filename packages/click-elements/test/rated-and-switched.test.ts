/** FullNoteQueue, StaticPullSwitch and BandwidthRatedUnqueue as Click's manual pages describe them. */
import { describe, expect, it } from "vitest";
import { ether, make, pass, udp } from "./packets.ts";

const frames = (count: number, length = 60): Uint8Array[] =>
  Array.from({ length: count }, (_, n) => {
    const frame = new Uint8Array(length);
    frame.set(ether(udp(n, 1)).subarray(0, length));
    frame[length - 1] = n;
    return frame;
  });

describe("FullNoteQueue", () => {
  it("stores packets first in, first out, and drops what comes while it is full", async () => {
    let said = "";
    using router = await make("FromDevice(0) -> q :: FullNoteQueue(3) -> u :: Unqueue(ACTIVE false) -> ToDevice(1)", {
      chatter: (text) => (said += text),
    });
    const sent = frames(5);
    expect(pass(router, sent)[1]).toEqual([]);
    const read = (): string[] => ["length", "highwater_length", "drops", "capacity"].map((h) => router.read(`q.${h}`));
    expect([read(), said.match(/overflow/g)?.length]).toEqual([["3", "3", "2", "3"], 1]);
    router.write("u.active", "true");
    expect(pass(router, [])[1]).toEqual(sent.slice(0, 3));
    expect(read()).toEqual(["0", "3", "2", "3"]);
    router.write("q.reset_counts", "");
    expect(read()).toEqual(["0", "0", "0", "3"]);
    router.write("u.active", "false");
    pass(router, sent.slice(0, 2));
    router.write("q.reset", "");
    expect([read()[0], router.freeBuffers]).toEqual(["0", 65_536 + 3]);
    router.write("q.capacity", "7");
    expect(read()[3]).toBe("7");
  });

  it("holds 1,000 packets by default", async () => {
    using router = await make("Idle -> q :: FullNoteQueue -> Discard");
    expect(router.read("q.capacity")).toBe("1000");
  });

  it("tells the task downstream when it gets a packet, and sources upstream when it is full and when it has room", async () => {
    using router = await make(
      "InfiniteSource(LIMIT 1000) -> q :: FullNoteQueue(5) -> u :: Unqueue(ACTIVE false) -> c :: Counter -> Discard",
    );
    // The source sleeps: nothing is dropped, and nothing is left to run.
    expect([router.run(), router.read("q.length"), router.read("q.drops")]).toEqual(["idle", "5", "0"]);
    router.write("u.active", "true");
    expect(router.run()).toBe("idle");
    expect([router.read("c.count"), router.read("q.drops")]).toEqual(["1000", "0"]);
  });
});

describe("StaticPullSwitch", () => {
  const text = (input: number): string =>
    `FromDevice(0) -> a :: Queue(10) -> [0] s :: StaticPullSwitch(${input}); FromDevice(1) -> b :: Queue(10) -> [1] s; s -> ToDevice(2)`;

  it.each([0, 1])("pulls from input %i only", async (input) => {
    using router = await make(text(input));
    const sent = [frames(3), frames(2)] as const;
    router.device(0).send(sent[0]);
    router.device(1).send(sent[1]);
    router.run();
    expect(router.device(2).receive()).toEqual(sent[input]);
    expect([router.read("a.length"), router.read("b.length")]).toEqual(input === 0 ? ["0", "2"] : ["3", "0"]);
  });

  it.each([-1, 2])("gives nothing where INPUT is %i, which is not there", async (input) => {
    using router = await make(text(input));
    router.device(0).send(frames(3));
    router.run();
    expect([router.device(2).receive(), router.read("a.length")]).toEqual([[], "3"]);
  });

  it("is chosen for good: there is no switch handler", async () => {
    using router = await make(text(0));
    expect(() => router.write("s.switch", "1")).toThrow();
    await expect(make("Idle -> StaticPullSwitch -> Discard")).rejects.toThrow("INPUT");
  });
});

describe("BandwidthRatedUnqueue", () => {
  it("pulls bytes at its rate, whatever the packets' lengths, and follows its rate handler", async () => {
    for (const length of [60, 100, 1400]) {
      let now = 0n;
      // 80,000 bits a second, without a pause: the queue is never empty.
      using router = await make(
        `s :: InfiniteSource(LENGTH ${length}) -> Queue(200) -> u :: BandwidthRatedUnqueue(80000bps) -> c :: Counter -> Discard`,
        { clock: () => now },
      );
      const bytesAfter = (seconds: number): number => {
        const before = Number(router.read("c.byte_count"));
        for (let ms = 0; ms < seconds * 1000; ms += 5) {
          now += 5_000_000n;
          router.run(1000);
        }
        return Number(router.read("c.byte_count")) - before;
      };
      router.run(1000);
      // A twentieth of a second's tokens and one packet more, at most.
      const close = (bytes: number, rate: number, seconds: number): void => {
        expect(bytes).toBeGreaterThan(rate * seconds - rate / 20 - length - 1);
        expect(bytes).toBeLessThan(rate * seconds + rate / 20 + length + 1);
      };
      close(bytesAfter(10), 10_000, 10);
      expect(router.read("u.rate")).toBe("80.04kbps");
      router.write("u.rate", "1Mbps");
      close(bytesAfter(2), 125_000, 2);
    }
  });

  it("passes nothing at a rate of zero, and everything in order at one that is high", async () => {
    let now = 0n;
    using router = await make("FromDevice(0) -> q :: Queue(100) -> u :: BandwidthRatedUnqueue(0) -> ToDevice(1)", {
      clock: () => now,
    });
    const sent = frames(50);
    expect(pass(router, sent)[1]).toEqual([]);
    now += 1_000_000_000n;
    expect(pass(router, [])[1]).toEqual([]);
    router.write("u.rate", "1Gbps");
    now += 1_000_000_000n;
    expect(pass(router, [])[1]).toEqual(sent);
  });
});

describe("a pause of RatedUnqueue and BandwidthRatedUnqueue earns a burst", () => {
  it.each([
    ["RatedUnqueue(1000)", 20],
    ["RatedUnqueue(1000, BURST_DURATION 7ms)", 7],
    ["RatedUnqueue(1000, BURST_SIZE 3)", 3],
    ["RatedUnqueue(10)", 1],
    ["RatedUnqueue(1000, BURST_SIZE 0)", 1],
    // 100 bytes a packet: the last one begins within the burst.
    ["BandwidthRatedUnqueue(100kBps)", 21],
    ["BandwidthRatedUnqueue(100kBps, BURST_BYTES 250)", 3],
    ["BandwidthRatedUnqueue(100kBps, BURST_DURATION 0)", 1],
  ])("%s: %i packets", async (unqueue, packets) => {
    let now = 0n;
    using router = await make(`FromDevice(0) -> Queue -> ${unqueue} -> ToDevice(1)`, { clock: () => now });
    pass(router, frames(1, 100));
    now += 5_000_000_000n;
    expect(pass(router, frames(100, 100))[1]).toHaveLength(packets);
  });

  it("whose length follows the rate, where it is given as a size", async () => {
    let now = 0n;
    using router = await make("FromDevice(0) -> Queue -> u :: RatedUnqueue(10, BURST_SIZE 5) -> ToDevice(1)", {
      clock: () => now,
    });
    router.write("u.rate", "2000");
    now += 5_000_000_000n;
    expect(pass(router, frames(100, 100))[1]).toHaveLength(5);
  });

  it("is given once, and by what the element counts", async () => {
    const refused = (args: string) => expect(make(`Idle -> Queue -> ${args} -> Discard`)).rejects;
    await refused("RatedUnqueue(10, BURST_SIZE 5, BURST_DURATION 1s)").toThrow(
      "cannot specify both BURST_DURATION and BURST_SIZE",
    );
    await refused("RatedUnqueue(10, BURST_BYTES 5)").toThrow("BURST_BYTES: unknown argument");
    await refused("BandwidthRatedUnqueue(10, BURST_SIZE 5)").toThrow("BURST_SIZE: unknown argument");
    await refused("Shaper(10, BURST_SIZE 5)").toThrow("BURST_SIZE: unknown argument");
  });
});
