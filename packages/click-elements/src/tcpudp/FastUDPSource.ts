/**
 * FastUDPSource(RATE, LIMIT, LENGTH, SRCETH, SRCIP, SPORT, DSTETH, DSTIP, DPORT [, CHECKSUM, INTERVAL, ACTIVE]) — makes UDP packets
 * of one kind, when it is pulled.
 *
 * Packets have LENGTH bytes, 60 at least, with Ethernet, IP and UDP headers of the addresses and ports, and zeros behind them. There are RATE
 * packets a second, as many as are pulled where RATE is 0, and LIMIT in all, any number where that is negative. The UDP
 * checksum is computed unless CHECKSUM is false. After each INTERVAL packets both ports are one more; where INTERVAL is 0, the default,
 * they stay.
 *
 * Handlers: count (read); rate (read, write): read, the rate at which LIMIT packets were made; written, RATE; active, limit, reset (write).
 *
 *   FastUDPSource(100000, 500000, 60, 0:0:0:0:0:0, 1.0.0.1, 1234, 1:1:1:1:1:1, 2.0.0.2, 1234) -> ToDevice(0)
 */
import { arg, type ElementClass, element, maximumLargeFrame, required } from "@clickos/click-core/element";
import { stored32 } from "@clickos/wire";
import { ipProtocols } from "@clickos/wire/ipv4";
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
  writeHeaders,
} from "../lib/fast-source.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

export const FastUDPSource: ElementClass = element({
  name: "FastUDPSource",
  ports: "0/1",
  processing: "l/l",
  config: {
    ...fastArguments,
    SRCETH: required(arg.etherAddress),
    SRCIP: required(arg.ipAddress),
    SPORT: required(arg.port("udp")),
    DSTETH: required(arg.etherAddress),
    DSTIP: required(arg.ipAddress),
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
      const transport = writeHeaders(c, packet, config, c.i32(plan.length), ipProtocols.udp);
      const { length } = transport;
      const datagram = transport.header(udp);
      datagram.emit({ ...ports, length });
      if (config.CHECKSUM) {
        const addresses = { source: c.i32(stored32(config.SRCIP)), destination: c.i32(stored32(config.DSTIP)) };
        const bytes = { address: datagram.address, length: length.and(0xffff) };
        datagram.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.udp, bytes));
      }
    });
  },
});
