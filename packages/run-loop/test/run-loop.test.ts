import {
  EventLoopSleeper,
  type LoopSource,
  runLoop,
  SimulatedClock,
  type Sleeper,
  type Turn,
  Wakers,
} from "@clickos/run-loop";
import { describe, expect, it } from "vitest";

/** A source that plays turns, and is woken by hand. */
function script(turns: readonly Turn[], then: Turn = "idle") {
  const wakers = new Wakers();
  const source = {
    ran: 0,
    wakers,
    wakesIn: undefined as bigint | undefined,
    turn(): Turn {
      return turns[source.ran++] ?? then;
    },
    onWake: (listener: () => void) => wakers.add(listener),
  };
  return source;
}
/** Enough turns of the event loop for anything that is to happen at once. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a run loop", () => {
  it("runs while there is work, stands still while there is none, and ends when a source stops", async () => {
    const a = script(["more", "more"]);
    const b = script(["idle", "more", "idle", "idle", "more", "stopped"]);
    let ended = "";
    const loop = runLoop([a, b]).then((how) => {
      ended = how;
    });
    await quiet();
    const { ran } = a;
    // Two turns of its own, one for the other's, one that found nothing.
    expect([a.ran, b.ran]).toEqual([3, 3]);
    await quiet();
    expect([a.ran, ended]).toEqual([ran, ""]);
    for (let i = 0; i < 2; i++) {
      a.wakers.wake();
      b.wakers.wake();
      await quiet();
    }
    await loop;
    expect([b.ran, ended]).toEqual([6, "stopped"]);
    expect([a.wakers.size, b.wakers.size]).toEqual([0, 0]);
  });

  it("is ended by its signal, asleep or awake, before it begins too", async () => {
    for (const then of ["idle", "more", "polling"] as const) {
      const source = script([], then);
      const abort = new AbortController();
      const loop = runLoop([source], { signal: abort.signal });
      await quiet();
      abort.abort();
      expect(await loop).toBe("aborted");
      expect(source.wakers.size).toBe(0);
    }
    const source = script([]);
    expect([await runLoop([source], { signal: AbortSignal.abort() }), source.ran]).toEqual(["aborted", 0]);
  });

  it("lets out what a turn throws, and nobody listens after that", async () => {
    const source = script([]);
    source.turn = () => {
      throw new Error("broken");
    };
    await expect(runLoop([source])).rejects.toThrow("broken");
    expect(source.wakers.size).toBe(0);
  });

  it("lets the host's events in while sources are busy, poll, or wake themselves without end", async () => {
    const restless = script([]);
    restless.turn = () => {
      restless.ran++;
      restless.wakers.wake();
      return "idle";
    };
    for (const source of [script([], "more"), script([], "polling"), restless]) {
      const abort = new AbortController();
      // An event of the host that comes again until the source has had two turns.
      const event = setInterval(() => {
        if (source.ran > 1) abort.abort();
      }, 1);
      expect(await runLoop([source], { signal: abort.signal, sliceMs: 1 })).toBe("aborted");
      clearInterval(event);
    }
  });

  it("waits for turns that take their time", async () => {
    const source = script([]);
    let waiting = 0;
    const slow: LoopSource = {
      async turn() {
        await quiet();
        return waiting++ === 3 ? "stopped" : "more";
      },
    };
    expect(await runLoop([source, slow])).toBe("stopped");
    expect(source.ran).toBe(4);
  });

  it("sleeps until the first timer of any source", async () => {
    const sleeps: number[] = [];
    const sleeper: Sleeper = { woken: 0, wake() {}, sleep: (_since, ms) => void sleeps.push(ms) };
    const a = script(["idle", "idle"], "stopped");
    const b = { ...script([]), wakesIn: 5_000_000n, turn: (): Turn => "idle" };
    a.wakesIn = 1_000_001n;
    await runLoop([a, b], { sleeper });
    // Rounded up: it is not woken before its time.
    expect(sleeps).toEqual([2, 2]);
  });
});

describe("a wake-up", () => {
  /** Everything that a loop does between two turns, as places where somebody may wake it. */
  const places = ["in the turn", "at the clock", "falling asleep", "asleep", "waking", "letting in"] as const;

  it.each(places)("%s is not lost", async (place) => {
    const source = script([]);
    const real = new EventLoopSleeper();
    let armed = true;
    const at = (here: (typeof places)[number]): void => {
      if (!armed || here !== place) return;
      armed = false;
      source.wakers.wake();
    };
    /** The turn after the wake-up, if there is one, stops the loop; the one before says what place comes next. */
    source.turn = () => {
      source.ran++;
      if (!armed) return "stopped";
      at("in the turn");
      return place === "letting in" ? "polling" : "idle";
    };
    Object.defineProperty(source, "wakesIn", {
      get() {
        at("at the clock");
        return undefined;
      },
    });
    const sleeper: Sleeper = {
      get woken() {
        return real.woken;
      },
      wake: () => real.wake(),
      async sleep(since, ms) {
        at("falling asleep");
        const slept = real.sleep(since, ms);
        setImmediate(() => at("asleep"));
        if (place === "waking") setImmediate(() => real.wake());
        await slept;
        at("waking");
      },
      async letIn() {
        at("letting in");
        await real.letIn();
      },
    };
    expect(await runLoop([source], { sleeper })).toBe("stopped");
    expect(armed).toBe(false);
  });
});

describe("a simulated clock", () => {
  it("goes to the next timer when all is quiet, and sleeps for nobody", async () => {
    const clock = new SimulatedClock(0n);
    const fired: bigint[] = [];
    const timers = [3_600_000_000_000n, 7_200_000_000_001n, 7_200_000_000_001n];
    const source: LoopSource = {
      turn() {
        if (timers[0] !== undefined && timers[0] <= clock.now()) {
          timers.shift();
          fired.push(clock.now());
          return "more";
        }
        return timers.length === 0 ? "stopped" : "idle";
      },
      get wakesIn() {
        return timers[0] === undefined ? undefined : timers[0] - clock.now();
      },
    };
    expect(await runLoop([source], { clock })).toBe("stopped");
    expect(fired).toEqual([3_600_000_000_000n, 7_200_000_000_001n, 7_200_000_000_001n]);
  });

  it("goes on in steps while sources are busy or poll, and never over a timer", async () => {
    for (const [turn, step, still] of [
      ["more", 10_000n, 64],
      ["polling", 100_000n, 0],
    ] as const) {
      const clock = new SimulatedClock(0n);
      const seen: bigint[] = [];
      const source: LoopSource = {
        turn: () => (seen.push(clock.now()) > 80 ? "stopped" : turn),
        get wakesIn() {
          return 25_000n - clock.now() > 0n ? 25_000n - clock.now() : undefined;
        },
      };
      await runLoop([source], { clock });
      const expected: bigint[] = [];
      for (let at = 0n, i = 0; i <= 80; i++) {
        expected.push(at);
        if (i >= still) at = at < 25_000n && at + step > 25_000n ? 25_000n : at + step;
      }
      expect(seen).toEqual(expected);
    }
  });

  it("is never moved back", () => {
    const clock = new SimulatedClock(10n);
    clock.jump(5n);
    expect(clock.now()).toBe(10n);
  });
});
