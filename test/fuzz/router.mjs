/** Routers that targets run: in memory, without the host's files, clock and signals. */
import { Router, SimulatedClock } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";

/** In a turn: what a script may print before it is given up, 200,000 instructions or 64 characters for each, and what is left. */
const maximumOutput = 16 << 20;

/** A router whose files are in memory; `run` lets it work for a while, on a clock that jumps. */
export function compiled(text, options = {}) {
  const clock = new SimulatedClock(1_000_000_000_000_000_000n);
  const files = new Map([["f", Buffer.from("!data ip_src\n1.2.3.4\n")]]);
  let written = 0;
  const take = (bytes) => {
    written += bytes.length;
  };
  const router = Router.compileSync(text, {
    elements,
    clock: clock.now,
    chatter: take,
    output: take,
    files: {
      read(name) {
        const found = files.get(name);
        if (!found) throw new Error("no such file");
        return found;
      },
      write: (_name, data) => take(data),
    },
    onSignal: () => () => {},
    ...options,
  });
  return {
    router,
    /** Lets time go by. */
    wait(ns) {
      clock.jump(clock.now() + ns);
    },
    run(turns) {
      for (let turn = 0; turn < turns; turn++) {
        const result = router.run(1, () => true);
        if (written > maximumOutput * (turn + 1))
          throw new Error(`${written} characters of output in ${turn + 1} turns`);
        if (result === "stopped") return result;
        if (result !== "idle") continue;
        const next = router.nextTimer;
        if (next === undefined) return result;
        clock.jump(next);
      }
      return "more";
    },
  };
}
