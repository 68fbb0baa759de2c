/**
 * EraseIPPayload — sets what TCP segments and UDP datagrams carry to zeros.
 *
 * Packets keep their lengths; the checksums of TCP and UDP are set to 0. ICMP passes unchanged. Packets of other protocols, and those
 * without an IP header, are dropped.
 *
 *   FromDump(trace.pcap, FORCE_IP true) -> EraseIPPayload -> ToDump(erased.pcap, ENCAP IP);
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { Span } from "@clickos/wire";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";

/** Bytes of a header up to the end of a field. */
const upTo = ({ offset, size }: { readonly offset: number; readonly size: number }): number => offset + size;

export const EraseIPPayload: ElementClass = element({
  name: "EraseIPPayload",
  ports: "1/1",
  processing: "a/a",
  action(c, packet) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header"));
    const protocol = packet.ip.protocol.get();
    const isTcp = protocol.eq(ipProtocols.tcp);
    const isUdp = protocol.eq(ipProtocols.udp);
    c.if(isTcp.or(isUdp).or(protocol.eq(ipProtocols.icmp)).eqz(), () => packet.drop("no TCP, UDP or ICMP packet"));
    const segment = transportOf(packet);
    c.if(isTcp, () => {
      c.if(segment.has(upTo(tcp.fields.dataOffset)), () => {
        erase(c, segment, segment.header(tcp, "stated").headerLength);
      });
      c.if(segment.has(upTo(tcp.fields.checksum)), () => segment.header(tcp, "stated").checksum.stored.set(0));
    });
    c.if(isUdp, () => {
      erase(c, segment, c.i32(udp.size));
      c.if(segment.has(udp.size), () => segment.header(udp, "stated").checksum.stored.set(0));
    });
  },
});

/** Sets the bytes of a span from there on to zeros. */
function erase(c: FunctionBuilder, { address, length }: Span, from: I32): void {
  c.if(length.gtS(from), () => c.fill(address.add(from), 0, length.sub(from)));
}
