/**
 * Pad([LENGTH] [, keyword ZERO]) — makes packets longer.
 *
 * Packets shorter than LENGTH bytes get bytes at their end; without LENGTH, or where it is 0, as many as their extra length
 * annotation says. That is zero afterwards. The bytes are zeros unless ZERO is false. A packet for which there is no buffer
 * of the size is dropped and counted.
 *
 *   FromIPSummaryDump(trace) -> Pad -> ToDump(out.pcap, ENCAP IP);
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";

export const Pad: ElementClass = element({
  name: "Pad",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { LENGTH: positional(arg.u32, 0), ZERO: keyword(arg.bool, true) },
  action(c, packet, { config, packets, output }) {
    const { length } = packet;
    const extra = packet.annotation32(annotation.extraLength);
    const wanted = config.LENGTH > 0 ? c.i32(config.LENGTH) : length.add(extra.get());
    const more = c.select(wanted.gtU(length), wanted.sub(length), c.i32(0));
    packets.room(packet, { tail: more }, (packet) => {
      c.if(more, () => {
        if (config.ZERO) c.fill(packet.data.add(length), 0, more);
        packet.setLength(length.add(more));
      });
      packet.annotation32(annotation.extraLength).set(0);
      output(0).push(packet);
    });
  },
});
