/** What FORCE_IP asks of a packet from an Ethernet device. */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { span } from "@clickos/wire";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "./headers.ts";

/**
 * Marks the IP header of a frame, which may have a VLAN tag, and sets the destination annotation to that of a packet of version 4. The
 * result is 0 where there is no IP header that is whole.
 */
export function forceIp(c: FunctionBuilder, packet: Packet): I32 {
  const bytes = dataOf(packet);
  const start = c.var("i32", 0, "start of the IP header");
  const type = c.var("i32", 0, "type");
  const marked = c.var("i32", 0, "marked");
  c.if(bytes.has(ethernet.size), () => {
    const frame = bytes.header(ethernet, "stated");
    start.set(packet.data.add(ethernet.size));
    type.set(frame.etherType.get());
    const tagged = type
      .get()
      .eq(etherTypes.vlan)
      .and(bytes.has(ethernet.size + vlan.size));
    c.if(tagged, () => {
      start.set(start.get().add(vlan.size));
      type.set(frame.payload("stated").header(vlan, "stated").etherType.get());
    });
  });
  c.if(type.get().eq(etherTypes.ip).or(type.get().eq(etherTypes.ip6)), () => {
    const rest = span(c, start.get(), packet.data.add(packet.length).sub(start.get()));
    c.if(rest.has(ipv4.size), () => {
      const ip = rest.header(ipv4, "stated");
      const version = ip.version.get();
      const length = ip.headerLength;
      const isWhole = version.eq(4).and(length.geU(ipv4.size)).and(length.leU(rest.length));
      c.if(isWhole, () => {
        packet.setNetworkHeader(ip.address, ip.address.add(length));
        packet.dstIp.set(ip.destination.get());
        marked.set(1);
      });
      c.if(version.eq(6).and(rest.has(ipv6.size)), () => {
        packet.setNetworkHeader(ip.address, ip.address.add(ipv6.size));
        marked.set(1);
      });
    });
  });
  return marked.get();
}
