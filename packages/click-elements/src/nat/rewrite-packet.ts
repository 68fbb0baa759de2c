/** What rewriters do to packets: to their addresses, ports and checksums. */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import { updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import type { Rewriting } from "./flows.ts";

/** Where a TCP header's checksum ends. */
export const tcpChecksumEnd: number = tcp.fields.checksum.offset + tcp.fields.checksum.size;

/** The addresses and the IP header's checksum; with `annotate`, the destination annotation is the new destination. */
export function rewriteAddresses(packet: Packet, to: Rewriting, annotate: boolean): void {
  const { source, destination, checksum } = packet.ip;
  checksum.stored.set(updatedChecksum(checksum.stored.get(), to.ipChange));
  source.stored.set(to.source);
  destination.stored.set(to.destination);
  if (annotate) packet.dstIp.set(to.destination.swap32());
}

/** UDP's checksum: zero says that the datagram carries none (RFC 768), and a computed zero is sent as all ones. */
export function rewriteUdpChecksum(c: FunctionBuilder, stored: Ref<I32, I32Like>, change: I32): void {
  const before = stored.get();
  c.if(before, () => {
    const after = updatedChecksum(before, change).and(0xffff);
    stored.set(c.select(after, after, c.i32(0xffff)));
  });
}

/** The checksum of TCP or UDP after addresses have changed, in a packet that has it whole and is no later fragment. */
export function rewriteTransportChecksum(c: FunctionBuilder, packet: Packet, change: I32): void {
  const { ip } = packet;
  const protocol = ip.protocol.get();
  const transport = transportOf(packet);
  c.if(ip.fragmentOffset.get().eqz(), () =>
    c.if(
      protocol.eq(ipProtocols.tcp),
      () =>
        c.if(transport.has(tcpChecksumEnd), () => {
          const { stored } = transport.header(tcp, "stated").checksum;
          stored.set(updatedChecksum(stored.get(), change));
        }),
      () =>
        c.if(protocol.eq(ipProtocols.udp).and(transport.has(udp.size)), () =>
          rewriteUdpChecksum(c, transport.header(udp, "stated").checksum.stored, change),
        ),
    ),
  );
}
