/** ForceTCP, ForceUDP and ForceICMP: where the transport header of a packet is, as far as its IP header says. */
import type { ElementContext, Packet, StagedIp } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type Span, span } from "@clickos/wire";
import { foldSum, sumFunction } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";

export interface ForcedSegment {
  readonly ip: StagedIp;
  /** Bytes of the IP header. */
  readonly headerLength: I32;
  /** What follows the IP header, as far as that says. */
  readonly segment: Span;
}

/**
 * The segment of at least `size` bytes behind a packet's IP header; a packet without ends, which is said. A length that the packet does
 * not have is none, unless it is `clipped`.
 */
export function segmentOf(
  packet: Packet,
  { line }: Pick<ElementContext<unknown, unknown, Record<never, never>>, "line">,
  name: string,
  size: number,
  clipped = false,
): ForcedSegment {
  const { c, network } = packet;
  const bad = (): void => {
    line().text(`${name}: bad lengths`).end();
    packet.kill();
  };
  c.if(network.eqz(), bad);
  const there = packet.data.add(packet.length).sub(network);
  c.if(there.ltS(ipv4.size), bad);
  const { ip } = packet;
  const { headerLength } = ip;
  c.if(headerLength.ltU(ipv4.size).or(headerLength.gtU(there)), bad);
  const total = ip.totalLength.get();
  const short = total.ltU(headerLength.add(size));
  c.if(clipped ? short.or(there.ltU(headerLength.add(size))) : short.or(total.gtU(there)), bad);
  const end = c.select(total.gtU(there), there, total);
  return { ip, headerLength, segment: span(c, network.add(headerLength), end.sub(headerLength)).need(size, "stated") };
}

/** The sum of some bytes, folded, and as it stands in memory. */
export function sumOf(c: FunctionBuilder, address: I32, length: I32): I32 {
  return c.call(sumFunction(c), address, length);
}

/**
 * The checksum of a segment whose own is 0, as it stands in memory: over the addresses, the protocol and the length that the IP header
 * says, and the header's options, which are in Click's sum.
 */
export function forcedChecksum(c: FunctionBuilder, { ip, headerLength, segment }: ForcedSegment): I32 {
  const { offset } = ipv4.fields.source;
  const rest = sumOf(c, ip.address.add(offset), headerLength.sub(offset).add(segment.length));
  const length = ip.totalLength.get().sub(headerLength);
  return foldSum(rest.add(length.swap16()).add(ip.protocol.get().shl(8))).xor(0xffff);
}
