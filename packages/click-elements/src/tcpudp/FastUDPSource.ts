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
import { arg, type ElementClass, element, maximumLargeFrame, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import {
  atRate,
  fastArguments,
  fastHandlers,
  fastInitial,
  fastLength,
  fastState,
  isOver,
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
    CHECKSUM: positional(arg.bool, true),
    INTERVAL: positional(arg.u32, 0),
    ACTIVE: positional(arg.bool, true),
  },
  prepare: ({ config, error, warning }) => ({ length: fastLength(config, { error, warning }, maximumLargeFrame) }),
  // A reset begins to count anew; the ports are those of before until they change.
  state: { ...fastState, steps: u32, above: u32 },
  initial: ({ config }) => fastInitial(config),
  handlers: fastHandlers((s) => {
    s.steps = 0;
  }),
  init: (_c, context) => tellShort(context),
  pull(c, _port, context) {
    const { config, plan, state, packets, output } = context;
    c.if(state.active.get().and(isOver(context).eqz()), () =>
      atRate(c, context, () => {
        const made = c.var("i32", 0, "made");
        packets.make(plan.length, (packet) => {
          const transport = writeHeaders(c, packet, config, c.i32(plan.length), ipProtocols.udp);
          const { length } = transport;
          const datagram = transport.header(udp);
          const ports = {
            sourcePort: state.above.get().add(config.SPORT),
            destinationPort: state.above.get().add(config.DPORT),
          };
          datagram.emit({ ...ports, length });
          if (config.CHECKSUM) {
            const addresses = { source: c.i32(stored32(config.SRCIP)), destination: c.i32(stored32(config.DSTIP)) };
            const bytes = { address: datagram.address, length: length.and(0xffff) };
            datagram.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.udp, bytes));
          }
          made.set(1);
          if (config.INTERVAL > 0)
            c.if(state.count.get().remU(config.INTERVAL).eqz(), () => {
              state.steps.inc();
              state.above.set(state.steps.get());
            });
          output(0).push(packet);
        });
        return made.get();
      }),
    );
  },
});
