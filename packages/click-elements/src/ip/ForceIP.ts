/**
 * ForceIP — makes packets of any bytes look like IP packets.
 *
 * Sets the version, the length and the checksum of an IP header at the packet's start, and its header length where that is wrong; all but
 * one in eight packets become unfragmented ones. Marks the network and transport header. A packet that is shorter than an IP header is
 * dropped. For tests of what comes behind it.
 *
 *   RandomSource(64) -> ForceIP -> CheckIPHeader -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { sumFunction } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import { dataOf } from "../lib/headers.ts";

export const ForceIP: ElementClass = element({
  name: "ForceIP",
  ports: "1/1",
  processing: "a/a",
  state: { count: u32 },
  action(c, packet, { state }) {
    const ip = dataOf(packet).header(ipv4, () => packet.drop("shorter than an IP header"));
    const { length } = packet;
    ip.version.set(4);
    ip.totalLength.set(length);
    c.if(state.count.get().and(7).ne(1), () => ip.flagsAndOffset.set(0));
    state.count.inc();
    const headerLength = ip.headerLength;
    const wrong = headerLength.ltU(ipv4.size).or(headerLength.gtU(length));
    c.if(wrong, () => ip.ihl.set(length.shrU(2).and(0xf)));
    ip.checksum.set(0);
    ip.checksum.stored.set(c.call(sumFunction(c), ip.address, ip.headerLength).xor(0xffff));
    packet.setNetworkHeader(ip.address, ip.address.add(headerLength));
  },
});
