/**
 * DynamicUDPIPEncap(SRC, SPORT, DST, DPORT [, CHECKSUM, INTERVAL]) — puts a UDP and an IP header before each packet, with ports
 * that change.
 *
 * As UDPIPEncap, but after INTERVAL packets both ports are one more; where INTERVAL is 0, the default, they stay. The destination
 * annotation becomes DST.
 *
 *   ... -> DynamicUDPIPEncap(1.0.0.1, 1234, 2.0.0.2, 1234, true, 100) -> ...
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import { u16, u32 } from "@clickos/layout";
import { encapsulateUdp } from "../lib/udp-encap.ts";

export const DynamicUDPIPEncap: ElementClass = element({
  name: "DynamicUDPIPEncap",
  ports: "1/1",
  processing: "a/a",
  config: {
    SRC: required(arg.ipAddress),
    SPORT: required(arg.port("udp")),
    DST: required(arg.ipAddress),
    DPORT: required(arg.port("udp")),
    CHECKSUM: positional(arg.bool, true),
    INTERVAL: positional(arg.u32, 0),
  },
  state: { sourcePort: u16, destinationPort: u16, count: u32, made: u32 },
  initial: ({ config }) => ({ sourcePort: config.SPORT, destinationPort: config.DPORT }),
  action(c, packet, context) {
    const { config, state, output } = context;
    const { sourcePort, destinationPort, count, made } = state;
    const headers = {
      source: config.SRC,
      sourcePort: sourcePort.get(),
      destination: config.DST,
      destinationPort: destinationPort.get(),
      checksum: config.CHECKSUM,
      made,
    };
    encapsulateUdp(c, context, packet, headers, (packet) => {
      packet.dstIp.set(config.DST);
      if (config.INTERVAL > 0) {
        count.inc();
        c.if(count.get().eq(config.INTERVAL), () => {
          sourcePort.inc();
          destinationPort.inc();
          count.set(0);
        });
      }
      output(0).push(packet);
    });
  },
});
