import { SharedClock, SimulatedClock } from "@clickos/run-loop";
import { describe, expect, it } from "vitest";

describe.each([
  ["SimulatedClock", (start: bigint) => new SimulatedClock(start)],
  ["SharedClock", (start: bigint) => new SharedClock(start)],
] as const)("%s", (_, make) => {
  it("stands still until it is moved, and never goes back", () => {
    const clock = make(1000n);
    clock.jump(5000n);
    clock.jump(2000n);
    expect(clock.now()).toBe(5000n);
  });

  it("goes on to the next timer when all is quiet, and nowhere without one", () => {
    const clock = make(1000n);
    expect([clock.passed("idle", 500n), clock.now()]).toEqual([true, 1500n]);
    expect([clock.passed("idle", undefined), clock.now()]).toEqual([false, 1500n]);
  });

  it("goes on in steps past sources that stay busy, never over a timer", () => {
    const clock = make(0n);
    for (let i = 0; i < 64; i++) clock.passed("more", 10n);
    expect(clock.now()).toBe(0n);
    clock.passed("more", 10n);
    clock.passed("more", undefined);
    expect(clock.now()).toBe(10_010n);
  });

  it("goes on in longer steps when sources have looked for work in vain for long", () => {
    const clock = make(0n);
    for (let i = 0; i < 10_000; i++) clock.passed("polling", undefined);
    expect(clock.now()).toBe(1_000_000_000n);
    clock.passed("polling", undefined);
    clock.passed("polling", 7n);
    expect(clock.now()).toBe(1_001_000_007n);
    clock.passed("more", undefined);
    clock.passed("polling", undefined);
    expect(clock.now()).toBe(1_001_100_007n);
  });
});

it("a SharedClock's time is read through its memory", () => {
  const clock = new SharedClock(1000n);
  const reader = new SharedClock(0n, clock.memory);
  clock.passed("idle", 500n);
  expect(reader.now()).toBe(1500n);
});
