import { Router } from "@clickos/click-core";
import { arg, type ElementClass, type ElementSet, element, positional } from "@clickos/click-core/element";
import { elements } from "@clickos/click-elements";
import { array, u32, u64 } from "@clickos/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const most = 100;
/** An element with many timers, set by handlers through packets: byte 0 is the timer, bytes 1 and 2 the delay, 0xffff cancels. */
const Alarms: ElementClass = element({
  name: "Alarms",
  ports: "1/0",
  processing: "h/h",
  config: { COUNT: positional(arg.u32, most) },
  timers: ({ config }) => config.COUNT,
  state: { log: array(u32, 1024), times: array(u64, 1024), fired: u32 },
  handlers: {
    log: {
      kind: "table",
      read: (s) => Array.from({ length: s.fired }, (_, i) => `${s.log[i]}@${s.times[i]}`).join(" "),
    },
    clear: {
      write: (s) => {
        s.fired = 0;
      },
    },
  },
  push(c, _port, packet, { timerAt }) {
    const timer = timerAt(c.load8(packet.data));
    const delay = c.load16(packet.data, 1);
    c.if(
      delay.eq(0xffff),
      () => timer.cancel(),
      () => timer.after(delay.toI64()),
    );
    packet.kill();
  },
  timer(c, { state, timerAt }, number) {
    const at = state.fired.get();
    c.if(at.ltU(1024), () => {
      state.log.at(at).set(number);
      state.times.at(at).set(timerAt(number).due());
      state.fired.inc();
    });
  },
});
const set: ElementSet = { ...elements, Alarms };
const order = (timer: number, delay: number): Uint8Array => Uint8Array.of(timer, delay & 255, delay >> 8);

describe("timers", () => {
  it("go off at their times, the earliest first, as a plain list of them does", async () => {
    let now = 1_000n;
    // Others around them, so that theirs are not the first.
    using r = await Router.compile(
      "TimedSource(1) -> Discard; FromDevice(0) -> a :: Alarms -> Idle; TimedSource(1) -> Discard".replace(
        " -> Idle",
        "",
      ),
      { elements: set, clock: () => now },
    );
    const due = new Map<number, bigint>();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({
              timer: fc.nat(most - 1),
              delay: fc.oneof({ weight: 4, arbitrary: fc.nat(300) }, fc.constant(0xffff)),
            }),
            fc.record({ pass: fc.nat(200) }),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          for (const step of steps) {
            if ("pass" in step) now += BigInt(step.pass);
            else {
              r.device(0).send([order(step.timer, step.delay)]);
              if (step.delay === 0xffff) due.delete(step.timer);
              else due.set(step.timer, now + BigInt(step.delay));
            }
            r.run();
            const over = [...due].filter(([, at]) => at <= now);
            const log = r
              .read("a.log")
              .split(" ")
              .filter((entry) => entry !== "");
            const fired = log.map((entry) => Number(entry.split("@")[0]));
            expect(log.every((entry) => entry.endsWith("@9223372036854775807"))).toBe(true);
            expect([...fired].sort((a, b) => a - b)).toEqual(over.map(([timer]) => timer).sort((a, b) => a - b));
            const times = fired.map((timer) => due.get(timer) as bigint);
            expect(times.every((at, i) => i === 0 || (times[i - 1] as bigint) <= at)).toBe(true);
            for (const [timer] of over) due.delete(timer);
            r.write("a.clear", "");
            const next = [...due.values()].reduce<bigint | undefined>(
              (a, b) => (a === undefined || b < a ? b : a),
              undefined,
            );
            if (next !== undefined && next < 1_000_000n) expect(r.nextTimer).toBe(next);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("that are set again at once do not keep the router", async () => {
    const Again: ElementClass = element({
      name: "Again",
      ports: "0/0",
      processing: "h/h",
      state: { fired: u32 },
      handlers: { fired: { counter: "fired" } },
      init: (_c, { timer }) => timer.after(0n),
      timer(_c, { state, timer }) {
        state.fired.inc();
        timer.after(0n);
      },
    });
    using r = await Router.compile("a :: Again; b :: Again; c :: Again", {
      elements: { ...set, Again },
      clock: () => 1n,
    });
    for (let i = 0; i < 10; i++) r.run(1);
    const counts = ["a", "b", "c"].map((e) => Number(r.read(`${e}.fired`)));
    expect(Math.max(...counts)).toBeLessThan(400);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(10);
  });

  it("stay set when a configuration takes another's place", async () => {
    let now = 1_000n;
    using r = await Router.compile("FromDevice(0) -> a :: Alarms", {
      elements: set,
      clock: () => now,
      reconfigurable: true,
    });
    r.device(0).send([order(7, 100), order(3, 200), order(99, 50)]);
    r.run();
    r.hotswap("TimedSource(1) -> Discard; FromDevice(0) -> Null -> a :: Alarms");
    now += 150n;
    r.run();
    expect(r.read("a.log").replace(/@\d+/g, "")).toBe("99 7");
    now += 100n;
    r.run();
    expect(r.read("a.log").replace(/@\d+/g, "")).toBe("99 7 3");
  });
});
