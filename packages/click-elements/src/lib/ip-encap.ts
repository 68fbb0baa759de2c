/** Headers that elements put before packets: IPv4's, and one of a transport after it. */
import type { ElementContext, Packet, StagedIp } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import type { Span, StagedValues } from "@clickos/wire";
import { headerSum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "./headers.ts";

/** Computes the checksum of a header without options. */
export function setPlainHeaderChecksum(c: FunctionBuilder, ip: StagedIp): void {
  ip.checksum.set(0);
  ip.checksum.stored.set(headerSum(c, ip.address, c.i32(ipv4.size)).xor(0xffff));
}

/**
 * Puts an IPv4 header before the packet, and `transportSize` bytes between that and what the packet had, and marks both. `some`
 * gets the packet with the IP header complete and the bytes of the transport header unset.
 */
export function encapsulate(
  c: FunctionBuilder,
  { packets }: Pick<ElementContext<any, any, any>, "packets">,
  packet: Packet,
  values: StagedValues<(typeof ipv4)["table"]>,
  transportSize: number,
  some: (packet: Packet, ip: StagedIp, transport: Span) => void,
): void {
  const size = ipv4.size + transportSize;
  packets.room(packet, { head: size }, (packet) => {
    packet.unpull(size);
    const bytes = dataOf(packet).need(size, "stated");
    const ip = bytes.header(ipv4);
    const transport = bytes.advance(ipv4.size);
    ip.emit({ ...values, totalLength: packet.length });
    setPlainHeaderChecksum(c, ip);
    packet.setNetworkHeader(ip.address, transport.address);
    some(packet, ip, transport);
  });
}
