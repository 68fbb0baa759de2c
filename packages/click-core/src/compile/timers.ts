/** Timers: one an element at most, each with the address of the time that it is due. */
import { type Func, type ModuleBuilder, staged } from "@clickos/codegen";
import { noTimer, routerControl } from "./platform.ts";

export interface Timer {
  readonly due: number;
  readonly func: Func<undefined>;
}

/** Calls those that are due, and finds when the next is. */
export function defineTimers(module: ModuleBuilder, control: number, timers: readonly Timer[]): Func<undefined> {
  return module.func("timers", {}, undefined, (c) => {
    const words = staged(c, routerControl, control);
    const now = words.now.get();
    for (const { due, func } of timers) {
      const when = c.load64(due);
      c.if(when.leU(now), () => {
        c.store64(due, noTimer);
        c.call(func);
      });
    }
    const next = c.var("i64", noTimer, "next");
    for (const { due } of timers) {
      const when = c.load64(due);
      c.if(when.ltU(next.get()), () => next.set(when));
    }
    words.nextTimer.set(next.get());
  });
}
