/** The bytes of a packet, for headers of `@clickos/wire` in staged code. */
import type { Packet } from "@clickos/click-core/element";
import { type Span, span } from "@clickos/wire";

/** The packet's data. */
export function dataOf(packet: Packet): Span {
  return span(packet.c, packet.data, packet.length);
}

/** What follows the IP header, to the packet's end; less than nothing where that is before. */
export function transportOf(packet: Packet): Span {
  const { transport } = packet;
  return span(packet.c, transport, packet.data.add(packet.length).sub(transport));
}
