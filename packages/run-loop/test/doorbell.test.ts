/** Doorbells in shared memory, and threads that ring them. */
import { Worker } from "node:worker_threads";
import { Doorbell, ThreadSleeper, Wakers } from "@clickos/run-loop";
import { afterEach, describe, expect, it } from "vitest";

const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});
const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(16));
/** A thread that rings the bell at word 1 each time the word 0 changes. */
function ringer(shared: Int32Array): void {
  workers.push(
    new Worker(
      `const { workerData: words } = require("node:worker_threads");
       for (let seen = 0; ; seen++) { Atomics.wait(words, 0, seen); Atomics.add(words, 1, 1); Atomics.notify(words, 1); }`,
      { eval: true, workerData: shared },
    ),
  );
}
function ask(shared: Int32Array): void {
  Atomics.add(shared, 0, 1);
  Atomics.notify(shared, 0);
}

describe("a doorbell", () => {
  for (const how of ["Atomics.waitAsync", "looks at the word"])
    it(`is heard when another thread rings, each time: ${how}`, async () => {
      const atomics = Atomics as unknown as { waitAsync: unknown };
      const { waitAsync } = atomics;
      if (how !== "Atomics.waitAsync") atomics.waitAsync = undefined;
      try {
        const shared = words();
        ringer(shared);
        const bell = new Doorbell(shared, 1);
        let heard = () => {};
        const ends = [bell.onRing(() => heard()), bell.onRing(() => {})];
        for (let i = 1; i <= 20; i++) {
          const ring = new Promise<void>((resolve) => {
            heard = resolve;
          });
          ask(shared);
          await ring;
          expect(bell.rung).toBeGreaterThanOrEqual(i);
        }
        for (const end of ends) end();
        let late = 0;
        heard = () => late++;
        bell.ring();
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(late).toBe(0);
      } finally {
        atomics.waitAsync = waitAsync;
      }
    });
});

describe("a thread", () => {
  it("sleeps until the bell rings, not at all when it has, and no longer than it says", async () => {
    const shared = words();
    for (const spin of [0, 50]) {
      const sleeper = new ThreadSleeper(shared, 1, spin);
      ringer(shared);
      const since = sleeper.woken;
      ask(shared);
      sleeper.sleep(since, 20_000);
      expect(sleeper.woken).toBeGreaterThan(since);
      sleeper.sleep(since, 20_000);
      sleeper.wake();
      sleeper.sleep(sleeper.woken, 1);
      for (const worker of workers.splice(0)) await worker.terminate();
      shared.fill(0);
    }
  });
});

describe("listeners", () => {
  it("are many, each ended by itself, the same function twice too", () => {
    const wakers = new Wakers();
    let woken = 0;
    const listener = (): void => void woken++;
    const ends = [wakers.add(listener), wakers.add(listener)];
    wakers.wake();
    ends[0]?.();
    ends[0]?.();
    wakers.wake();
    expect([woken, wakers.size]).toEqual([3, 1]);
    ends[1]?.();
    wakers.wake();
    expect([woken, wakers.size]).toEqual([3, 0]);
  });
});
