/** ReplayUnqueue and MultiReplayUnqueue: FastClick's, so that there is no native program here to compare them with. */
import { Router, type RouterOptions } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const second = 1_000_000_000n;
const start = 1000n * second;
const make = (text: string, options: Partial<RouterOptions> = {}): Promise<Router> =>
  Router.compile(text, { elements, ...options });

function send(router: Router, letters: string): void {
  router.device(9).send([...letters].map((letter) => Uint8Array.of(letter.charCodeAt(0))));
}
/** The last byte of each packet. */
const received = (router: Router, device = 0): string =>
  String.fromCharCode(
    ...router
      .device(device)
      .receive()
      .map((frame) => frame.at(-1) ?? 0),
  );

/** A pull source of packets that end in a letter, at times in seconds. */
function trace(packets: readonly (readonly [string, number])[]): string {
  const lines = packets.map(([letter, at]) => `${at} 1.0.0.1 ${letter}\\n`).join("");
  return `FromIPSummaryDump(DATA "${lines}", FIELDS timestamp ip_src payload)`;
}

describe("ReplayUnqueue", () => {
  it("pushes what it has loaded STOP times, and asks the driver to stop", async () => {
    let said = "";
    using router = await make(
      "FromDevice(9) -> Queue -> r :: ReplayUnqueue(STOP 3, ACTIVE false, VERBOSE true) -> ToDevice(0)",
      { chatter: (text) => (said += text) },
    );
    send(router, "abc");
    router.run();
    expect([received(router), router.read("r.loaded"), router.read("r.active")]).toEqual(["", "false", "false"]);
    const free = router.freeBuffers;
    router.write("r.active", "true");
    expect(router.run()).toBe("stopped");
    expect(received(router)).toBe("abcabcabc");
    expect(said).toBe(
      "Loading r with 1 inputs.\nr : Successfully loaded 3 packets. Input 0 dried out.\n" +
        [3, 2, 1].map((left) => `r :: ReplayUnqueue: Replay loop (${left} loops left)\n`).join("") +
        "r :: ReplayUnqueue: stopped because there is 0 loops left\n",
    );
    expect([router.read("r.loaded"), router.read("r.active"), router.read("r.stop")]).toEqual(["true", "false", "0"]);
    expect(router.freeBuffers).toBe(free);
  });

  it("loads other packets after reset, and gives back those that it has", async () => {
    using router = await make("FromDevice(9) -> Queue -> r :: ReplayUnqueue(BURST 3, ACTIVE false) -> ToDevice(0)");
    const all = router.freeBuffers;
    send(router, "abc");
    router.run();
    router.write("r.active", "true");
    router.run(1);
    expect([received(router).slice(0, 3), router.freeBuffers]).toEqual(["abc", all - 3]);
    send(router, "d");
    router.write("r.active", "false");
    router.run();
    received(router);
    router.write("r.reset", "");
    expect(router.read("r.loaded")).toBe("false");
    router.write("r.active", "true");
    router.run(1);
    expect([received(router).startsWith("d"), router.freeBuffers]).toEqual([true, all - 1]);
  });

  it.each([
    ["LIMIT 2", "abab", 2],
    ["LIMIT 0", "aa", 1],
    ["LIMIT -1", "abcdabcd", 4],
  ])("loads as many as %s says", async (argument, sent, held) => {
    using router = await make(
      `FromDevice(9) -> q :: Queue -> r :: ReplayUnqueue(${argument}, STOP 2, ACTIVE false) -> ToDevice(0)`,
    );
    const all = router.freeBuffers;
    send(router, "abcd");
    router.run();
    router.write("r.active", "true");
    router.run();
    expect([received(router), router.read("q.length")]).toEqual([sent, String(4 - held)]);
    expect(router.freeBuffers).toBe(all - 4);
  });

  it("gives the packets themselves away in the last round of FREEONTERMINATE false", async () => {
    using router = await make(
      "FromDevice(9) -> Queue -> r :: ReplayUnqueue(FREEONTERMINATE false, BURST 2, STOP 2, ACTIVE false) -> ToDevice(0)",
    );
    const all = router.freeBuffers;
    send(router, "abc");
    router.run();
    router.write("r.active", "true");
    router.run();
    expect([received(router), router.freeBuffers]).toEqual(["abcabc", all]);
  });

  it.each([
    ["TIMING 0", [0, 0, 0]],
    ["TIMING 100", [0, 2, 3]],
    ["TIMING 50", [0, 4, 6]],
    ["TIMING 200, TIMING_FNT @0", [0, 1, 1.5]],
  ])("keeps the times that %s says", async (argument, times) => {
    const trail = trace([
      ["a", 5],
      ["b", 7],
      ["c", 8],
    ]);
    using router = await make(
      `${trail} -> ReplayUnqueue(${argument}, STOP 1) -> SetTimestamp -> t :: TimestampAccum -> r :: Print(r, TIMESTAMP true) -> Discard`,
      { simulation: start, chatter: (text) => lines.push(text) },
    );
    const lines: string[] = [];
    router.run();
    const at = lines.flatMap((line) => /^r: (\d+\.\d+):/.exec(line)?.[1] ?? []).map(Number);
    expect(at.map((time) => Math.round((time - (at[0] as number)) * 1000) / 1000)).toEqual(times);
  });

  it("goes on where it was when its speed changes while it waits", async () => {
    using router = await make(
      `${trace([
        ["a", 1],
        ["b", 1e6],
      ])} -> r :: ReplayUnqueue(TIMING 100, STOP 1) -> ToDevice(0)`,
    );
    router.run();
    expect(received(router)).toBe("a");
    router.write("r.timing", "0");
    router.run();
    expect(received(router)).toBe("b");
  });

  it("stops after STOP_TIME, though it waits for a packet", async () => {
    using router = await make(
      `${trace([
        ["a", 1],
        ["b", 100],
      ])} -> r :: ReplayUnqueue(TIMING 100, STOP_TIME 10) -> ToDevice(0)`,
      { simulation: start },
    );
    expect(router.run()).toBe("stopped");
    expect([received(router), (router.now() - start) / second]).toEqual(["a", 10n]);
  });

  it("goes on with its packets in another configuration", async () => {
    const text = (more: string): string =>
      `FromDevice(9) -> Queue -> r :: ReplayUnqueue(BURST 2, ACTIVE false${more}) -> ToDevice(0)`;
    using router = await make(text(""));
    send(router, "abc");
    router.run();
    router.write("r.active", "true");
    router.run(1);
    received(router);
    router.hotswap(text(", STOP 2"));
    router.run();
    router.write("r.stop", "2");
    router.write("r.active", "true");
    router.run();
    expect(received(router).slice(-6)).toBe("abcabc");
  });

  it("says what is wrong with its arguments, and with what is written", async () => {
    await expect(make("Idle -> ReplayUnqueue(TIMING_FNT 10*x) -> Discard")).rejects.toThrow(
      "TIMING_FNT: speeds that change",
    );
    await expect(make("Idle -> MultiReplayUnqueue(TIMING 1) -> Discard")).rejects.toThrow("TIMING");
    using router = await make("Idle -> r :: ReplayUnqueue(STOP 1) -> Discard");
    expect(() => router.write("r.active", "maybe")).toThrow("type mismatch");
    expect(router.run()).toBe("stopped");
  });
});

describe("MultiReplayUnqueue", () => {
  it("merges inputs by time until one has none, and gives each its output", async () => {
    const packets = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(packets, { minLength: 1, maxLength: 4 }), async (inputs) => {
        const traces = inputs.map((gaps, i) => {
          let at = 0;
          return gaps.map((gap, n) => [String.fromCharCode(97 + n + i), (at += gap)] as const);
        });
        // What a merge gives: an input that has run out ends it; of equal times the lower input's is first.
        const merged: { port: number; letter: string }[] = [];
        const left = traces.map((its) => [...its]);
        while (left.every((its) => its.length > 0)) {
          const port = left.reduce((best, its, i) => ((its[0]?.[1] ?? 0) < (left[best]?.[0]?.[1] ?? 0) ? i : best), 0);
          merged.push({ port, letter: left[port]?.shift()?.[0] as string });
        }
        const ways = traces.map(
          (its, i) =>
            `${its.length > 0 ? trace(its) : "Idle"} -> [${i}] r; r [${i}] -> t${i} :: Tee -> ToDevice(${i}); t${i} [1] -> ToDevice(9);`,
        );
        using router = await make(`r :: MultiReplayUnqueue(STOP 2, BURST 3); ${ways.join(" ")}`);
        expect(router.run()).toBe("stopped");
        const letters = merged.map(({ letter }) => letter).join("");
        expect(received(router, 9)).toBe(letters + letters);
        inputs.forEach((_, i) => {
          const its = merged.flatMap(({ port, letter }) => (port === i ? letter : [])).join("");
          expect(received(router, i)).toBe(its + its);
        });
      }),
      { numRuns: 60 },
    );
  });
});
