/**
 * StoreTimestamp([OFFSET] [, keyword TAIL]) — stores packets' timestamps in their data.
 *
 * A timestamp is eight bytes, nanoseconds, in the machine's order. With OFFSET they are put there, and a packet that is too short is
 * made longer, with zeros; with TAIL true they are put behind its end. One of the two must be given.
 *
 *   ... -> StoreTimestamp(TAIL true) -> ToDevice(0)
 */
import { arg, type ElementClass, element, keyword, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { staged } from "@clickos/codegen";
import { u64 } from "@clickos/layout";

const timestampBytes = 8;

export const StoreTimestamp: ElementClass = element({
  name: "StoreTimestamp",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.i32, -1), TAIL: keyword(arg.bool, false) },
  prepare({ config, error }) {
    if (config.OFFSET >= 0 === config.TAIL) error("supply exactly one of 'OFFSET' and 'TAIL'");
  },
  action(c, packet, { config, packets, output }) {
    const { OFFSET } = config;
    if (OFFSET > maximumLargeFrame) {
      packet.drop("no room for a timestamp");
      return;
    }
    const offset = OFFSET < 0 ? packet.length : c.i32(OFFSET);
    const end = offset.add(timestampBytes);
    const more = c.select(end.gtU(packet.length), end.sub(packet.length), c.i32(0));
    packets.room(packet, { tail: more }, (packet) => {
      const { length } = packet;
      c.if(more, () => {
        c.fill(packet.data.add(length), 0, more);
        packet.setLength(length.add(more));
      });
      staged(c, u64, packet.data.add(offset)).set(packet.timestamp.get());
      output(0).push(packet);
    });
  },
});
