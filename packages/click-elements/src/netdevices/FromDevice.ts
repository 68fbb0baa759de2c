/**
 * FromDevice(DEVNAME [, keywords BURST, PROMISC, SNAPLEN, SNIFFER]) — packets received from a network device.
 *
 * DEVNAME is the number of the device: a virtual interface in a virtual machine, a capture or a ring in process.
 * PROMISC, SNAPLEN, SNIFFER and METHOD are accepted with a warning: the device is the router's alone.
 * Pushes up to BURST packets (default 32) each time it is scheduled.
 *
 * Handlers: count (read), reset_counts (write).
 *
 *   FromDevice(0) -> ... -> ToDevice(1);
 */

import { accepted, arg, type ElementClass, element, keyword, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { noSuchDevice, readDeviceNumber } from "./device-number.ts";

export const FromDevice: ElementClass = element({
  name: "FromDevice",
  ports: "0/1",
  processing: "h/h",
  taskHandlers: "none",
  configurePhase: 89,
  config: {
    DEVNAME: required(arg.string),
    BURST: keyword(arg.u32, 32),
    SNIFFER: accepted(arg.bool, "the device is the router's alone"),
    PROMISC: accepted(arg.bool, "the device is the router's alone"),
    SNAPLEN: accepted(arg.u32, "frames are received whole"),
    METHOD: accepted(arg.string, "a device is read in one way"),
  },
  prepare: ({ config, error }) => ({ device: readDeviceNumber(config.DEVNAME, error) }),
  device: ({ plan }) => plan.device,
  withoutDevice: noSuchDevice,
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
      },
    },
  },
  polls: true,
  task(_c, { config, plan, state, device, output }) {
    const received = device(plan.device).receive(Math.max(1, config.BURST), (packet) => {
      packet.mac.set(packet.data);
      output(0).push(packet);
    });
    state.count.inc(received.toI64());
    return received;
  },
});
