/**
 * ToHost(DEVNAME) — sends packets to the host, by a device that a FromHost has.
 *
 * Packets start with an Ethernet header. They are in the capture that `clickos run --out` names for the device, or leave by a
 * virtual interface. One that finds the device's ring full is dropped.
 *
 * Handlers: dev_name, drops (read).
 *
 *   FromHost(tap0) -> ...; ... -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToHost(tap0)
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { hostDevicePlace, readDeviceNumber } from "./device-number.ts";

export const ToHost: ElementClass = element({
  name: "ToHost",
  ports: "1/0",
  processing: "h/h",
  config: { DEVNAME: required(arg.string) },
  prepare({ config: { DEVNAME }, attach, error }) {
    const alone = attach(hostDevicePlace(DEVNAME));
    return { alone, device: alone ? 0 : readDeviceNumber(DEVNAME, error) };
  },
  peers({ config: { DEVNAME }, plan, error }) {
    if (plan.alone) error(`ToHost(${DEVNAME}) requires an initialized FromHost with the same dev_name`);
  },
  device: ({ plan }) => plan.device,
  state: { drops: u32 },
  handlers: {
    dev_name: { constant: ({ config }) => config.DEVNAME },
    drops: { counter: "drops" },
  },
  push(_c, _port, packet, { plan, state, device }) {
    device(plan.device).transmit(packet, (rejected) => {
      state.drops.inc();
      rejected.drop("transmit ring full");
    });
  },
});
