/**
 * Discard([keywords ACTIVE, BURST]) — ends packets.
 *
 * As a push element it kills what it is given; as a pull element it pulls BURST packets (default 1) a turn.
 *
 * Handlers: count (read), reset_counts (write), active (read).
 *
 *   ... -> c :: Counter -> Discard;
 */

import { arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { pullTask } from "../lib/pull-task.ts";

export const Discard: ElementClass = element({
  name: "Discard",
  ports: "1/0",
  processing: "a/a",
  config: { ACTIVE: keyword(arg.bool, true), BURST: keyword(arg.u32, 1) },
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    active: { constant: ({ config }) => config.ACTIVE },
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
  hasTask: ({ config, inputIsPush }) => !inputIsPush && config.ACTIVE,
  task: (c, { config, input, state }) =>
    pullTask(c, config.BURST, input(0), (packet) => {
      state.count.inc();
      packet.kill();
    }),
});
