/**
 * EnsureEther([ETHERTYPE, SRC, DST]) — has IP packets start with an Ethernet header.
 *
 * A packet whose network header is 14 bytes from its start, behind a type of IP or IPv6, passes as it is. One that starts with its network
 * header gets back the header that was stripped, if there was one of those types. Any other gets a header of ETHERTYPE
 * (0x0800), SRC (01:01:01:01:01:01) and DST (02:02:02:02:02:02) before its network header, in place of what was there. Packets without
 * a network header mark, or that start behind it, pass as they are.
 *
 *   FromDump(mixed.pcap) -> MarkIPHeader(14) -> EnsureEther -> ToDump(ether.pcap);
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { span, stored16 } from "@clickos/wire";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

export const EnsureEther: ElementClass = element({
  name: "EnsureEther",
  ports: "1/1",
  processing: "a/a",
  config: {
    ETHERTYPE: positional(arg.u32, etherTypes.ip),
    SRC: positional(arg.etherAddress, new Uint8Array(6).fill(1)),
    DST: positional(arg.etherAddress, new Uint8Array(6).fill(2)),
  },
  prepare({ config, error }) {
    if (config.ETHERTYPE > 0xffff) error("argument 1 (Ethernet encapsulation type) must be <= 0xFFFF");
  },
  action(c, packet, { config, packets, output }) {
    const { network } = packet;
    const offset = network.sub(packet.data);
    const beyond = offset.ltS(0).or(offset.gtS(packet.length));
    c.if(network.eqz().or(beyond), () => output(0).push(packet));
    /** Whether a header of IP or IPv6 is there. */
    const isHeader = (at: I32): I32 => {
      const type = span(c, at, ethernet.size).header(ethernet, "stated").etherType.stored.get();
      return type.eq(stored16(etherTypes.ip)).or(type.eq(stored16(etherTypes.ip6)));
    };
    c.if(offset.eq(ethernet.size), () => c.if(isHeader(packet.data), () => output(0).push(packet)));
    c.if(offset.eqz().and(packet.headroom.geU(ethernet.size)), () => {
      c.if(isHeader(packet.data.sub(ethernet.size)), () => {
        packet.unpull(ethernet.size);
        output(0).push(packet);
      });
    });
    packet.pull(offset);
    packets.room(packet, { head: ethernet.size }, (packet) => {
      packet.unpull(ethernet.size);
      const header = dataOf(packet).header(ethernet, "stated");
      header.emit({ destination: config.DST, source: config.SRC, etherType: config.ETHERTYPE });
      output(0).push(packet);
    });
  },
});
