/**
 * RoundRobinUnqueue([BURST]) — pulls packets from its inputs in turn, and pushes each to the output of its input's number.
 *
 * Each time it is scheduled it pulls up to BURST packets, 1 by default, from the next input; a BURST of 0 is all there are. It sleeps while no input
 * has any. There are as many outputs as inputs.
 *
 * Handlers: packets (read): how many there were.
 *
 *   ... -> Queue -> [0] u :: RoundRobinUnqueue [0] -> ...; ... -> Queue -> [1] u [1] -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { pullTask } from "../lib/pull-task.ts";

const all = 0xffffffff;

export const RoundRobinUnqueue: ElementClass = element({
  name: "RoundRobinUnqueue",
  ports: "-/-",
  processing: "l/h",
  flow: "x/x",
  config: { BURST: positional(arg.i32, 1) },
  prepare: ({ ninputs, noutputs }) => ({ isPaired: ninputs === noutputs }),
  peers({ plan, error }) {
    if (!plan.isPaired) error("number of outputs must equal to number of inputs");
  },
  state: { next: u32, packets: u32, idle: u32 },
  handlers: { packets: { kind: "text", read: (s) => `${s.packets} packets\n` } },
  task(c, { config, state, ninputs, input, output, task, mayPull }) {
    const count = c.var("i32", 0, "count");
    const burst = config.BURST === 0 ? all : Math.max(config.BURST, 1);
    c.switch(
      state.next.get(),
      Array.from({ length: ninputs }, (_, i) => () => {
        state.next.set((i + 1) % ninputs);
        count.set(
          pullTask(c, burst, input(i), (packet) => {
            state.packets.inc();
            output(i).push(packet);
          }),
        );
        state.idle.set(c.select(count.get().or(mayPull(i)), c.i32(0), state.idle.get().add(1)));
      }),
    );
    // Nobody had any in a whole round.
    c.if(state.idle.get().geU(ninputs), () => {
      state.idle.set(0);
      task.unschedule();
    });
    return count.get();
  },
});
