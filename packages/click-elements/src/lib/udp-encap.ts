/** Puts UDP and IPv4 headers before packets. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { encapsulate } from "./ip-encap.ts";
import { transportChecksum } from "./transport-checksum.ts";

const ttl = 250;

export interface UdpHeaders {
  readonly source: I32Like;
  readonly sourcePort: I32Like;
  readonly destination: I32Like;
  readonly destinationPort: I32Like;
  readonly checksum: boolean;
  /** Identifications count up in it. */
  readonly made: Ref<I32, I32Like>;
}

export function encapsulateUdp(
  c: FunctionBuilder,
  context: Pick<ElementContext<any, any, any>, "packets">,
  packet: Packet,
  { source, sourcePort, destination, destinationPort, checksum, made }: UdpHeaders,
  some: (packet: Packet) => void,
): void {
  const identification = made.get();
  made.set(identification.add(1));
  const header = { identification, ttl, protocol: ipProtocols.udp, source, destination };
  encapsulate(c, context, packet, header, udp.size, (packet, ip, transport) => {
    const length = packet.length.sub(ipv4.size);
    const datagram = transport.header(udp);
    datagram.emit({ sourcePort, destinationPort, length });
    if (checksum) {
      const addresses = { source: ip.source.stored.get(), destination: ip.destination.stored.get() };
      const bytes = { address: datagram.address, length: length.and(0xffff) };
      datagram.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.udp, bytes));
    }
    some(packet);
  });
}
