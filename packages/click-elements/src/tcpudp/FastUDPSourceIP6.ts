/**
 * FastUDPSourceIP6(RATE, LIMIT, LENGTH, SRCETH, SRCIP6, SPORT, DSTETH, DSTIP6, DPORT [, CHECKSUM, INTERVAL, ACTIVE]) — makes UDP packets
 * over IPv6 of one kind, when it is pulled.
 *
 * It is FastUDPSource with IPv6 headers. Packets have LENGTH bytes, 60 at least, where the UDP header is cut after its length.
 *
 * Handlers: count (read); rate (read, write): read, the rate at which LIMIT packets were made; written, RATE; active, limit, reset (write).
 *
 *   FastUDPSourceIP6(100000, 500000, 70, 0:0:0:0:0:0, 3ffe::1, 1234, 1:1:1:1:1:1, 3ffe::2, 1234) -> ToDevice(0)
 */
import { arg, type ElementClass, element, maximumLargeFrame, required } from "@clickos/click-core/element";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp } from "@clickos/wire/udp";
import {
  fastArguments,
  fastInitial,
  fastLength,
  pullStepped,
  shortestFast,
  steppedArguments,
  steppedHandlers,
  steppedState,
  tellShort,
} from "../lib/fast-source.ts";
import { dataOf } from "../lib/headers.ts";
import { ip6Annotation, ip6Checksum, storeKnownIp6 } from "../lib/ip6.ts";
import { ip6Address } from "../lib/ip6-address.ts";

const hopLimit = 250;
/** The end of a packet's headers may be beyond the packet, where its buffer has room. */
const headers = ethernet.size + ipv6.size + udp.size;

export const FastUDPSourceIP6: ElementClass = element({
  name: "FastUDPSourceIP6",
  ports: "0/1",
  processing: "l/l",
  config: {
    ...fastArguments,
    SRCETH: required(arg.etherAddress),
    SRCIP6: required(ip6Address),
    SPORT: required(arg.port("udp")),
    DSTETH: required(arg.etherAddress),
    DSTIP6: required(ip6Address),
    DPORT: required(arg.port("udp")),
    ...steppedArguments,
  },
  prepare: ({ config, error, warning }) => ({ length: fastLength(config, { error, warning }, maximumLargeFrame) }),
  state: steppedState,
  initial: ({ config }) => fastInitial(config),
  handlers: steppedHandlers(),
  init(_c, context) {
    if (context.config.LENGTH < shortestFast) tellShort(context);
  },
  pull(c, _port, context) {
    const { config, plan } = context;
    pullStepped(c, context, plan.length, (packet, ports) => {
      c.fill(packet.data, 0, Math.max(plan.length, headers));
      const frame = dataOf(packet).need(headers, "stated");
      frame.header(ethernet).emit({ destination: config.DSTETH, source: config.SRCETH, etherType: etherTypes.ip6 });
      const ip = frame.advance(ethernet.size).header(ipv6);
      const length = plan.length - ethernet.size - ipv6.size;
      ip.emit({
        payloadLength: length,
        nextHeader: ipProtocols.udp,
        hopLimit,
        source: config.SRCIP6,
        destination: config.DSTIP6,
      });
      const transport = frame.advance(ethernet.size + ipv6.size);
      const datagram = transport.header(udp);
      datagram.emit({ ...ports, length });
      if (config.CHECKSUM)
        datagram.checksum.stored.set(ip6Checksum(c, ip, ipProtocols.udp, datagram.address, c.i32(length & 0xffff)));
      packet.setNetworkHeader(ip.address, transport.address);
      storeKnownIp6(c, ip6Annotation(packet), config.DSTIP6);
    });
  },
});
