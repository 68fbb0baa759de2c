/**
 * FromHost(DEVNAME [, DST] [, keywords GATEWAY, ETHER, HEADROOM, MTU]) — packets that the host sends to a device of its own.
 *
 * DEVNAME is the number of the device, `0` or `tap0`, as FromDevice has it: what the host sends there is a capture that `clickos
 * run --in` names, or comes in at a virtual interface. A second output, where it is connected, is for packets that are not IP of
 * version 4. DST, GATEWAY and ETHER would set up the host's end, which is not here: they are checked, and change nothing; nor do
 * HEADROOM and MTU. `click` alone has no such devices.
 *
 * Handlers: dev_name, signal (read).
 *
 *   FromHost(tap0, 10.0.0.1/8) -> Strip(14) -> CheckIPHeader -> ...; ... -> ToHost(tap0)
 */
import { accepted, arg, type ElementClass, element, keyword, positional, required } from "@clickos/click-core/element";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";
import { hostDevicePlace, readDeviceNumber } from "./device-number.ts";

const hostsEnd = "the host's end of the device is not set up here";
const burst = 32;
const mostHeadroom = 8192;

export const FromHost: ElementClass = element({
  name: "FromHost",
  ports: "0/1-2",
  processing: "h/h",
  taskHandlers: "none",
  // Before ToHost, which asks for it.
  configurePhase: 99,
  config: {
    DEVNAME: required(arg.string),
    DST: positional(arg.ipPrefix, undefined),
    GATEWAY: keyword(arg.ipAddress, undefined),
    ETHER: accepted(arg.etherAddress, hostsEnd),
    HEADROOM: keyword(arg.u32, 0),
    MTU: accepted(arg.u32, hostsEnd),
  },
  prepare({ config: { DEVNAME, DST, GATEWAY, HEADROOM }, attach, error }) {
    if (DST && GATEWAY !== undefined && (GATEWAY & DST.mask) >>> 0 !== DST.address) error("bad GATEWAY");
    if (HEADROOM > mostHeadroom) error("HEADROOM too large");
    attach(hostDevicePlace(DEVNAME));
    return { device: readDeviceNumber(DEVNAME, error) };
  },
  device: ({ plan }) => plan.device,
  withoutDevice: () => "open /dev/net/tun: No such device",
  handlers: {
    dev_name: { constant: ({ config }) => config.DEVNAME },
    signal: { constant: () => true },
  },
  polls: true,
  task: (c, { plan, device, output }) =>
    device(plan.device).receive(burst, (packet) => {
      packet.mac.set(packet.data);
      if (!output(1).connected) {
        output(0).push(packet);
        return;
      }
      const other = (): void => output(1).push(packet);
      c.if(packet.length.ltU(ethernet.size), other, () => {
        const { etherType } = dataOf(packet).header(ethernet, "stated");
        c.if(etherType.get().ne(etherTypes.ip), other, () => output(0).push(packet));
      });
    }),
});
