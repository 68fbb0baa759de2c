/** Segments of TCP that an element makes itself: without data, and with no option but the segment size. */
import type { ElementContext, Packet, StagedIp } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like } from "@clickos/codegen";
import { span } from "@clickos/wire";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp, tcpMaximumSegmentSize } from "@clickos/wire/tcp";
import { dataOf } from "../lib/headers.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

const ttl = 64;
/** Segments with the option and without. */
export const synBytes: number = ipv4.size + tcp.size + tcpMaximumSegmentSize.size;
export const plainBytes: number = ipv4.size + tcp.size;

export interface Ends {
  /** As they are stored. */
  readonly source: I32;
  readonly destination: I32;
  readonly ports: I32;
}
export interface Values {
  readonly sequenceNumber: I32;
  readonly acknowledgmentNumber?: I32;
  readonly syn?: 1;
  readonly ack?: 1;
  readonly rst?: 1;
  readonly window?: I32Like;
}

/** Writes a segment without data to a packet that is as long as it; with a segment size where the packet has room for the option. */
export function writeSegment(
  c: FunctionBuilder,
  packet: Packet,
  { source, destination, ports }: Ends,
  values: Values,
  mss?: I32Like,
): void {
  const length = mss === undefined ? plainBytes : synBytes;
  packet.setNetworkHeader(packet.data, packet.data.add(ipv4.size));
  const all = dataOf(packet).need(length, "stated");
  const ip: StagedIp = all.header(ipv4);
  ip.emit({ ttl, df: 1, protocol: ipProtocols.tcp, totalLength: length });
  ip.source.stored.set(source);
  ip.destination.stored.set(destination);
  setPlainHeaderChecksum(c, ip);
  const body = span(c, ip.address.add(ipv4.size), length - ipv4.size);
  const segment = body.header(tcp, "stated");
  segment.emit({ ...values, dataOffset: (length - ipv4.size) / 4 });
  segment.ports.stored.set(ports);
  if (mss !== undefined)
    body.advance(tcp.size, "stated").header(tcpMaximumSegmentSize, "stated").emit({ maximumSegmentSize: mss });
  segment.checksum.stored.set(transportChecksum(c, { source, destination }, ipProtocols.tcp, body));
  packet.dstIp.set(ip.destination.get());
}

/** Makes a packet a segment without data: of the same ends, or back to where it came from. */
export function become(
  c: FunctionBuilder,
  packet: Packet,
  { packets }: Pick<ElementContext<any, any, any>, "packets">,
  given: {
    readonly back: boolean;
    readonly values: Values;
    readonly mss?: I32Like;
    then(packet: Packet): void;
  },
): void {
  const { ip } = packet;
  const [from, to] = [ip.source.stored.get(), ip.destination.stored.get()];
  const segment = span(c, packet.network.add(ip.headerLength), tcp.size).header(tcp, "stated");
  const ports = segment.ports.stored.get();
  const ends = given.back
    ? { source: to, destination: from, ports: ports.rotl(16) }
    : { source: from, destination: to, ports };
  packet.pull(packet.network.sub(packet.data));
  packets.room(packet, { tail: tcpMaximumSegmentSize.size }, (packet) => {
    packet.setLength(given.mss === undefined ? plainBytes : synBytes);
    writeSegment(c, packet, ends, given.values, given.mss);
    given.then(packet);
  });
}
