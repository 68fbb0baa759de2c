/** KernelTun and KernelTap: packets between the router and its host, by a device that the host has. */
import {
  accepted,
  arg,
  deprecated,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  type Packet,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { u64 } from "@clickos/layout";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { forceIp } from "../lib/force-ip.ts";
import { dataOf } from "../lib/headers.ts";
import { pullTask } from "../lib/pull-task.ts";
import { readDeviceNumber } from "./device-number.ts";

/** A prefix; an address alone is none. */
const prefixWithMask: typeof arg.ipPrefix = {
  ...arg.ipPrefix,
  parse: (text, scope) => (/^[\d.]+$/.test(text) ? undefined : arg.ipPrefix.parse(text, scope)),
};
const hostsEnd = "the host's end of the device is not set up here";
const mostHeadroom = 8192;
/** Frames that carry a tunnel's packets go between these. */
const [hostAddress, routerAddress] = ["00:01:02:03:04:05", "02:00:00:00:00:00"].map((text) =>
  Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16)),
) as [Uint8Array, Uint8Array];

interface Plan {
  readonly device: number;
  /** The class and the device, for messages. */
  readonly title: string;
  readonly name: string;
  /** Whether the router has the packets' Ethernet headers. */
  readonly frames: boolean;
}
type Context = Pick<
  ElementContext<
    { readonly MTU: number; readonly ETHER: Uint8Array | undefined },
    Plan,
    Readonly<Record<never, never>>
  >,
  "plan" | "config" | "device" | "packets" | "line"
>;

export function tunnelElement(name: string, frames: boolean): ElementClass {
  return element({
    name,
    ports: "0-1/1-2",
    processing: "a/h",
    flow: "x/y",
    taskHandlers: "none",
    configurePhase: 89,
    config: {
      ADDR: required(prefixWithMask),
      GATEWAY: positional(arg.ipAddress, 0),
      TAP: keyword(arg.bool, frames),
      HEADROOM: keyword(arg.u32, 0),
      BURST: keyword(arg.u32, 1),
      ETHER: keyword(arg.etherAddress, undefined),
      IGNORE_QUEUE_OVERFLOWS: accepted(arg.bool, "what finds the device's ring full is counted and not printed"),
      MTU: keyword(arg.i32, 1500),
      DEV_NAME: deprecated(keyword(arg.string, "")),
      DEVNAME: keyword(arg.string, ""),
    },
    prepare({ config, error, note }): Plan {
      const { ADDR, GATEWAY, BURST, MTU, HEADROOM, TAP } = config;
      if (GATEWAY !== 0 && (GATEWAY & ADDR.mask) >>> 0 !== (ADDR.address & ADDR.mask) >>> 0) error("bad GATEWAY");
      else if (BURST < 1) error("BURST must be >= 1");
      else if (MTU < ipv4.size) error(`MTU must be greater than ${ipv4.size}`);
      else if (HEADROOM > mostHeadroom) error("HEADROOM too big");
      if (GATEWAY !== 0) note(`changes nothing: ${hostsEnd}`, { subject: "GATEWAY" });
      const device = config.DEVNAME || config.DEV_NAME || (TAP ? "tap0" : "tun0");
      return { device: readDeviceNumber(device, error), name: device, title: `${name}(${device})`, frames: TAP };
    },
    device: ({ plan }) => plan.device,
    withoutDevice: () => "/dev/net/tun: No such device",
    state: { selectedCalls: u64, packets: u64 },
    handlers: {
      dev_name: { flags: "", constant: ({ plan }) => plan.name },
      selected_calls: { flags: "", counter: "selectedCalls", unit: "calls" },
      packets: { flags: "", counter: "packets" },
    },
    push: (c, _port, packet, context) => send(c, packet, context),
    polls: true,
    task(c, context) {
      const { config, plan, state, device, input, output, ninputs } = context;
      const received = device(plan.device).receive(config.BURST, (packet) => {
        if (plan.frames) output(0).push(packet);
        else
          c.if(
            forceIp(c, packet),
            () => {
              packet.pull(packet.network.sub(packet.data));
              output(0).push(packet);
            },
            () => output(1).push(packet, "no IP packet"),
          );
      });
      state.packets.inc(received.toI64());
      c.if(received, () => state.selectedCalls.inc());
      if (ninputs === 0 || context.inputIsPush(0)) return received;
      return received.or(pullTask(c, 1, input(0), (packet) => send(c, packet, context)));
    },
  });
}

/** Sends a packet to the host, in a frame. */
function send(c: FunctionBuilder, packet: Packet, { plan, config, device, packets, line }: Context): void {
  const refuse = (reason: string): void => {
    line().text(`${plan.title}: ${reason}`).end();
    packet.drop(reason);
  };
  const transmit = (frame: Packet): void =>
    device(plan.device).transmit(frame, (rejected) => rejected.drop("transmit ring full"));
  if (plan.frames) {
    c.if(packet.length.ltU(ethernet.size), () => refuse("packet too small"));
    c.if(packet.length.gtU(config.MTU + ethernet.size), () => refuse(`packet larger than MTU (${config.MTU})`));
    transmit(packet);
    return;
  }
  const end = packet.data.add(packet.length);
  c.if(packet.network.eqz().or(end.sub(packet.network).ltS(ipv4.size)), () => refuse("no network header"));
  const version = packet.ip.version.get();
  const isIp6 = version.eq(6);
  c.if(isIp6.or(version.eq(4)).eqz(), () => {
    line().text(`${plan.title}: unknown IP version `).decimal(version).end();
    packet.drop("unknown IP version");
  });
  packet.pull(packet.network.sub(packet.data));
  c.if(packet.length.gtU(config.MTU), () => refuse(`packet larger than MTU (${config.MTU})`));
  packets.room(packet, { head: ethernet.size }, (packet) => {
    packet.unpull(ethernet.size);
    dataOf(packet)
      .header(ethernet, "stated")
      .emit({
        destination: config.ETHER ?? hostAddress,
        source: routerAddress,
        etherType: c.select(isIp6, c.i32(etherTypes.ip6), c.i32(etherTypes.ip)),
      });
    transmit(packet);
  });
}
