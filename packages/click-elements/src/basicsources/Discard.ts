/**
 * Discard([keywords ACTIVE, BURST]) — ends packets.
 *
 * As a push element it kills what it is given; as a pull element it pulls BURST packets (default 1; 0 is no limit) a turn,
 * while it is active.
 *
 * Handlers: count (read), reset_counts (write); where it pulls, active (read, write).
 *
 *   ... -> c :: Counter -> Discard;
 */

import { arg, type ElementClass, element, keyword, live } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { syntaxError } from "../lib/handlers.ts";
import { pullTask } from "../lib/pull-task.ts";

export const Discard: ElementClass = element({
  name: "Discard",
  ports: "1/0",
  processing: "a/a",
  config: {
    ACTIVE: keyword(
      live(arg.bool, {
        refusal: syntaxError,
        written: ({ schedule, unschedule }, s: { readonly active: number }) => (s.active ? schedule() : unschedule()),
      }),
      true,
    ),
    BURST: keyword(arg.u32, 1),
  },
  prepare({ config, inputIsPush, error }) {
    if (!config.ACTIVE && inputIsPush(0)) error("ACTIVE is meaningless in push context");
  },
  state: { count: u64 },
  handlerOrder: ["count", "reset_counts", "active"],
  withoutHandlers: ({ inputs }) => (inputs[0] === "push" ? ["active"] : []),
  handlers: {
    count: { counter: "count" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
      },
    },
  },
  push(_c, _port, packet, { state }) {
    state.count.inc();
    packet.kill();
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  startsScheduled: ({ config }) => config.ACTIVE,
  task(c, { config, input, state, task, mayPull }) {
    const count = pullTask(c, config.BURST === 0 ? 0xffffffff : config.BURST, input(0), (packet) => packet.kill());
    state.count.inc(count.toI64());
    c.if(
      state.active
        .get()
        .and(count.ne(0).or(mayPull(0)))
        .eqz(),
      () => task.unschedule(),
    );
    return count;
  },
});
