/** TimedUnqueue and Burster: they pull a burst of packets once in a while, and push them. */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { pullTask } from "./pull-task.ts";
import { wholeMilliseconds } from "./time.ts";

/** `usual` is how many packets a burst has where nothing is said. */
export function timedUnqueue(name: string, usual: number): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "l/h",
    config: { INTERVAL: required(wholeMilliseconds), BURST: positional(arg.i32, usual) },
    prepare({ config, error }) {
      if (config.BURST <= 0) error("bad BURST");
    },
    /** `waits` while the timer is set, `steady` while the next interval begins where the last one ended. */
    state: { waits: u32, steady: u32 },
    taskHandlers: "none",
    timer(_c, { state, task }) {
      state.waits.set(0);
      task.schedule();
    },
    task(c, { config, state, input, output, timer, task, mayPull }) {
      const worked = c.var("i32", 0, "worked");
      task.unschedule();
      c.if(state.waits.get().eqz(), () => {
        const count = pullTask(c, config.BURST, input(0), (packet) => output(0).push(packet));
        c.if(
          count.or(mayPull(0)),
          () => {
            c.if(
              state.steady.get(),
              () => timer.again(config.INTERVAL),
              () => timer.after(config.INTERVAL),
            );
            state.waits.set(1);
            state.steady.set(1);
            worked.set(1);
          },
          () => state.steady.set(0),
        );
      });
      return worked.get();
    },
  });
}
