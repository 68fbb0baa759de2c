/**
 * FromDevice(DEVNAME [, PROMISC, SNAPLEN] [, keywords FORCE_IP, PROTOCOL, BURST, TIMESTAMP, ...]) — packets received from a network
 * device.
 *
 * DEVNAME is the number of the device, alone or behind letters (`0`, `eth0`): a virtual interface in a virtual machine; a capture or
 * a ring in process. Packets start with an Ethernet header, and are marked as broadcast or multicast by their destination.
 *
 * With FORCE_IP true, IP headers are marked, and packets without one leave on the second output, or are dropped where that is not
 * connected. PROTOCOL (0: any) is the Ethernet type of the packets that are wanted. Packets are cut to SNAPLEN bytes if it is given,
 * and their extra length annotation says how much is missing. TIMESTAMP false leaves packets without a timestamp. Pushes up to
 * BURST packets (32) each time it is scheduled.
 *
 * The device is the router's alone, and is read in one way. So PROMISC, SNIFFER, OUTBOUND, METHOD, CAPTURE, ENCAP and HEADROOM are
 * checked and change nothing. There is no libpcap: a BPF_FILTER is ignored with a warning.
 *
 * Handlers: kernel_drops (`??`: not known), encap, count (read), reset_counts (write).
 *
 *   FromDevice(0) -> ... -> ToDevice(1);
 */
import {
  accepted,
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  type Packet,
  packetType,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u64 } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { broadcastAddress, ethernet, isGroup } from "@clickos/wire/ethernet";
import { forceIp } from "../lib/force-ip.ts";
import { dataOf } from "../lib/headers.ts";
import { checkMethod, deviceNumber, noSuchDevice, nothingDone, refuseDeviceName } from "./device-number.ts";

const routersAlone = "the device is the router's alone";
const snapLengths = { least: 14, most: 65535 };
const mostHeadroom = 8190;

export const FromDevice: ElementClass = element({
  name: "FromDevice",
  ports: "0/1-2",
  processing: "h/h",
  taskHandlers: "none",
  configurePhase: 89,
  config: {
    DEVNAME: required(arg.string),
    PROMISC: positional(arg.bool, undefined),
    SNAPLEN: positional(arg.i32, undefined),
    SNIFFER: accepted(arg.bool, routersAlone),
    FORCE_IP: keyword(arg.bool, false),
    METHOD: keyword(arg.string, ""),
    CAPTURE: keyword(arg.string, ""),
    BPF_FILTER: keyword(arg.string, ""),
    PROTOCOL: keyword(arg.u16, 0),
    OUTBOUND: accepted(arg.bool, "what the router sends to the device does not come back"),
    HEADROOM: keyword(arg.u32, undefined),
    ENCAP: accepted(arg.string, "a device's packets are Ethernet frames"),
    BURST: keyword(arg.i32, 32),
    TIMESTAMP: keyword(arg.bool, true),
  },
  prepare(context) {
    const { config, error, warning } = context;
    const { SNAPLEN, HEADROOM = 0, BURST, BPF_FILTER, PROMISC } = config;
    const method = config.METHOD || config.CAPTURE;
    if (SNAPLEN !== undefined && (SNAPLEN < snapLengths.least || SNAPLEN > snapLengths.most))
      error("SNAPLEN out of range");
    else if (HEADROOM > mostHeadroom) error("HEADROOM out of range");
    else if (BURST <= 0) error("BURST out of range");
    else if (checkMethod(method, context)) {
      if (BPF_FILTER)
        warning(
          method === "PCAP" ? "no libpcap here, BPF filter ignored" : "not using METHOD PCAP, BPF filter ignored",
        );
      if (PROMISC !== undefined) nothingDone("PROMISC", routersAlone, context);
      if (config.HEADROOM !== undefined) nothingDone("HEADROOM", "packets get more room when they need it", context);
    }
    return { device: deviceNumber(config.DEVNAME) };
  },
  peers: ({ config, plan, error }) => refuseDeviceName(config, plan, error),
  device: ({ plan }) => plan.device ?? 0,
  withoutDevice: noSuchDevice,
  state: { count: u64 },
  handlers: {
    kernel_drops: { constant: () => "??" },
    encap: { constant: () => "ETHER" },
    count: { counter: "count" },
    reset_counts: {
      write: (s) => {
        s.count = 0n;
      },
    },
  },
  polls: true,
  task(c, { config, plan, state, device, output }) {
    const { SNAPLEN, PROTOCOL } = config;
    const give = (packet: Packet): void => {
      if (SNAPLEN !== undefined) cut(c, packet, SNAPLEN);
      if (!config.TIMESTAMP) packet.timestamp.set(0n);
      if (!config.FORCE_IP) output(0).push(packet);
      else
        c.if(
          forceIp(c, packet),
          () => output(0).push(packet),
          () => output(1).push(packet, "no IP header"),
        );
    };
    const received = device(plan.device ?? 0).receive(config.BURST, (packet) => {
      packet.mac.set(packet.data);
      const isFrame = dataOf(packet).has(ethernet.size);
      c.if(isFrame, () => setType(c, packet));
      if (PROTOCOL === 0) {
        give(packet);
        return;
      }
      const wanted = isFrame.and(dataOf(packet).header(ethernet, "stated").etherType.get().eq(PROTOCOL));
      c.if(
        wanted,
        () => {
          state.count.inc();
          give(packet);
        },
        () => packet.drop("another protocol"),
      );
    });
    if (PROTOCOL === 0) state.count.inc(received.toI64());
    return received;
  },
});

/** Marks a frame for a group. */
function setType(c: FunctionBuilder, packet: Packet): void {
  const to = dataOf(packet).header(ethernet, "stated").destination.get();
  c.if(isGroup(to), () => {
    const broadcast: I32 = to.eq(storedBytes(broadcastAddress));
    packet.type.set(c.select(broadcast, c.i32(packetType.broadcast), c.i32(packetType.multicast)));
  });
}

function cut(c: FunctionBuilder, packet: Packet, snapLength: number): void {
  const { length } = packet;
  c.if(length.gtU(snapLength), () => {
    packet.annotation32(annotation.extraLength).set(length.sub(snapLength));
    packet.setLength(snapLength);
  });
}
