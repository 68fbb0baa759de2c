/**
 * ToDevice(DEVNAME [, keywords BURST, METHOD, DEBUG]) — sends packets to a network device.
 *
 * DEVNAME is the number of the device, alone or behind letters (`1`, `eth1`). Packets start with an Ethernet header. Pulled packets are
 * taken only as far as the device's ring has room, up to BURST (32) a turn, so none is lost. Pushed packets, which Click's
 * ToDevice does not take, are sent at once; one that finds the ring full is dropped. Several may send to one device.
 *
 * Packets that were sent leave on the first output where it is connected, as copies of what the device has; those that were not,
 * on the second. METHOD and DEBUG are checked and change nothing: a device is reached in one way, and is not waited for.
 *
 * Handlers: pulls, q (whether a packet is held back: never), count, drops (read), reset_counts (write).
 *
 *   ... -> Queue -> ToDevice(1);
 */
import {
  accepted,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  type Packet,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { type U64Field, u64 } from "@clickos/layout";
import { pullTask } from "../lib/pull-task.ts";
import { checkMethod, deviceNumber, noSuchDevice, refuseDeviceName } from "./device-number.ts";

type Context = Pick<
  ElementContext<
    unknown,
    { readonly device: number | undefined },
    { readonly count: U64Field; readonly drops: U64Field }
  >,
  "plan" | "state" | "device" | "output" | "packets"
>;

export const ToDevice: ElementClass = element({
  name: "ToDevice",
  ports: "1/0-2",
  processing: "a/h",
  flow: "x/x",
  taskHandlers: "first",
  configurePhase: 90,
  config: {
    DEVNAME: required(arg.string),
    DEBUG: accepted(arg.bool, "a device is not waited for"),
    METHOD: keyword(arg.string, ""),
    BURST: keyword(arg.i32, 32),
  },
  prepare(context) {
    const { config, error } = context;
    if (config.DEVNAME === "") error("interface not set");
    else if (config.BURST <= 0) error("bad BURST");
    else checkMethod(config.METHOD, context);
    return { device: deviceNumber(config.DEVNAME) };
  },
  peers: ({ config, plan, error }) => refuseDeviceName(config, plan, error),
  device: ({ plan }) => plan.device ?? 0,
  withoutDevice: noSuchDevice,
  state: { count: u64, drops: u64, pulls: u64 },
  handlers: {
    pulls: { counter: "pulls" },
    q: { constant: () => false },
    count: { counter: "count" },
    drops: { counter: "drops" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
        s.drops = 0n;
      },
    },
  },
  push: (c, _port, packet, context) => send(c, packet, context),
  hasTask: ({ inputIsPush }) => !inputIsPush,
  task(c, context) {
    const { config, plan, state, device, input } = context;
    const port = device(plan.device ?? 0);
    const space = port.space();
    const burst = c.select(space.ltU(config.BURST), space, c.i32(config.BURST));
    const pulled = pullTask(
      c,
      burst,
      input(0),
      (packet) => send(c, packet, context),
      // A packet may be in several slots.
      () => port.space(),
      () => state.pulls.inc(),
    );
    state.pulls.inc(pulled.toI64());
    return pulled;
  },
});

/** Sends a packet. Where outputs want to know of it, the device gets a copy, and the packet goes on. */
function send(c: FunctionBuilder, packet: Packet, { plan, state, device, output, packets }: Context): void {
  const port = device(plan.device ?? 0);
  const wanted = [0, 1].some((number) => output(number).connected);
  state.count.inc();
  const failed = (): void => {
    state.count.inc(-1n);
    state.drops.inc();
  };
  if (!wanted) {
    port.transmit(packet, (rejected) => {
      failed();
      rejected.drop("transmit ring full");
    });
    return;
  }
  const sent = c.var("i32", 0, "sent");
  packets.copy(packet, (copy) => {
    sent.set(1);
    port.transmit(copy, (rejected) => {
      sent.set(0);
      rejected.kill();
    });
  });
  c.if(
    sent.get(),
    () => output(0).push(packet),
    () => {
      failed();
      output(1).push(packet, "transmit ring full");
    },
  );
}
