/** The bytes of a packet, for headers of `@clickos/wire` in staged code. */
import { maximumLargeFrame, type Packet } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { type Otherwise, type Span, type StagedAddress, span } from "@clickos/wire";
import { etherAddress } from "@clickos/wire/ethernet";

/** The packet's data. */
export function dataOf(packet: Packet): Span {
  return span(packet.c, packet.data, packet.length);
}

/** An offset that no packet reaches to stands for all larger ones; it may be below 0, before the data. */
export const boundedOffset = (offset: number): number =>
  Math.max(Math.min(offset, maximumLargeFrame), -maximumLargeFrame);

/** Whether the packet's buffer has `size` bytes from an offset on, which end in its data; before the data they are what was stripped. */
export function hasBytes(packet: Packet, offset: number, size: number): I32 {
  if (offset >= 0) return dataOf(packet).has(offset + size);
  return packet.headroom.geS(-offset).and(packet.length.geS(offset + size));
}

/** What follows the IP header, to the packet's end; less than nothing where that is before. */
export function transportOf(packet: Packet): Span {
  const { transport } = packet;
  return span(packet.c, transport, packet.data.add(packet.length).sub(transport));
}

/** What starts at the MAC header mark, or at the packet's start where there is no mark. */
export function linkOf(packet: Packet): Span {
  const mac = packet.mac.get();
  const start = packet.c.select(mac, mac, packet.data);
  return span(packet.c, start, packet.data.add(packet.length).sub(start));
}

/** Marks the packet's start as its MAC header, of so many bytes, and what follows as its network header. */
export function markLink(packet: Packet, size: number): void {
  packet.mac.set(packet.data);
  packet.setNetworkHeader(packet.data.add(size), packet.transport);
}

/** What follows `offset` bytes, of which `size` are known to be there. No packet reaches to an offset that is larger than any. */
export function advanced(bytes: Span, offset: number, size: number, tooShort: Otherwise): Span {
  const bounded = Math.min(offset, maximumLargeFrame);
  return bytes.need(bounded + size, tooShort).advance(bounded);
}

/** The Ethernet address at an offset in a packet. */
export function addressAt(packet: Packet, offset: number, tooShort: Otherwise): StagedAddress {
  return advanced(dataOf(packet), offset, etherAddress.size, tooShort).header(etherAddress, "stated").mac;
}

/** The Ethernet address in a packet's annotations. */
export function annotationAddress(packet: Packet, position: number): StagedAddress {
  const at = packet.annotationAddress.add(position);
  return span(packet.c, at, etherAddress.size).header(etherAddress, "stated").mac;
}
