/**
 * NumberPacket([OFFSET] [, keyword NET_ORDER]) — writes a number into packets that counts them.
 *
 * The number is of 64 bits, little endian unless NET_ORDER is true, and stands OFFSET bytes from the start of the packet, 40 by
 * default. A packet that ends before it is made longer; if it has an IP header, that says so. It is an element of FastClick.
 *
 * Handlers: count (read).
 *
 *   InfiniteSource(LENGTH 64) -> NumberPacket(42) -> ToDevice(0);
 */
import { arg, type ElementClass, element, keyword, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { staged } from "@clickos/codegen";
import { u64, u64be } from "@clickos/layout";

export const NumberPacket: ElementClass = element({
  name: "NumberPacket",
  ports: "1/1",
  processing: "a/a",
  config: { OFFSET: positional(arg.i32, 40), NET_ORDER: keyword(arg.bool, false) },
  prepare({ config, error }) {
    if (config.OFFSET < 0) error("Offset must be >= 0");
    return { offset: Math.min(Math.max(config.OFFSET, 0), maximumLargeFrame) };
  },
  state: { count: u64 },
  handlers: { count: { counter: "count" } },
  action(c, packet, { config, plan: { offset }, state, packets, output }) {
    const end = offset + u64.size;
    const more = c.select(packet.length.ltU(end), c.i32(end).sub(packet.length), c.i32(0));
    packets.room(packet, { tail: more }, (packet) => {
      c.if(packet.length.ltU(end), () => {
        packet.setLength(end);
        c.if(packet.network, () => packet.ip.totalLength.set(end));
      });
      staged(c, config.NET_ORDER ? u64be : u64, packet.data, offset).set(state.count.get());
      state.count.inc();
      output(0).push(packet);
    });
  },
});
