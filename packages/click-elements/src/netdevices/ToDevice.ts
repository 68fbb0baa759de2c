/**
 * ToDevice(DEVNAME [, keywords BURST]) — sends packets to a network device.
 *
 * Pushed packets are sent at once; one that finds the device's ring full is dropped. Pulled packets are taken
 * only as far as the ring has room, up to BURST (default 32) a turn, so none is lost.
 *
 * Handlers: count, drops (read), reset_counts (write).
 *
 *   ... -> Queue -> ToDevice(1);
 */

import { accepted, arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { pullTask } from "../lib/pull-task.ts";
import { noSuchDevice, readDeviceNumber } from "./device-number.ts";

export const ToDevice: ElementClass = element({
  name: "ToDevice",
  ports: "1/0",
  processing: "a/a",
  taskHandlers: "first",
  configurePhase: 90,
  config: {
    DEVNAME: required(arg.string),
    BURST: keyword(arg.u32, 32),
    METHOD: accepted(arg.string, "a device is written to in one way"),
  },
  prepare: ({ config, error }) => ({ device: readDeviceNumber(config.DEVNAME, error) }),
  device: ({ plan }) => plan.device,
  withoutDevice: noSuchDevice,
  state: { count: u64, drops: u64 },
  handlers: {
    count: { counter: "count" },
    drops: { counter: "drops" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
        s.drops = 0n;
      },
    },
  },
  push(_c, _port, packet, { plan, state, device }) {
    state.count.inc();
    device(plan.device).transmit(packet, (rejected) => {
      state.count.inc(-1n);
      state.drops.inc();
      rejected.drop("transmit ring full");
    });
  },
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task(c, { config, plan, state, device, input }) {
    const port = device(plan.device);
    const space = port.space();
    const burst = c.select(space.ltU(config.BURST), space, c.i32(Math.max(1, config.BURST)));
    const sent = pullTask(
      c,
      burst,
      input(0),
      (packet) => port.transmit(packet, (rejected) => rejected.drop("transmit ring full")),
      // A packet may be in several slots.
      () => port.space(),
    );
    state.count.inc(sent.toI64());
    return sent;
  },
});
