/**
 * IPMirror([DST_ANNO]) — exchanges the source and destination of IP packets.
 *
 * Exchanges the addresses of the marked IP header and, in packets of TCP and UDP that are not later fragments, the ports; of TCP,
 * the sequence and acknowledgment numbers too. Checksums stay right as they are. The destination annotation becomes the new
 * destination unless DST_ANNO is false.
 *
 *   FromDevice(0) -> Strip(14) -> CheckIPHeader -> IPMirror -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";

interface Stored {
  get(): I32;
  set(value: I32): void;
}

function exchange(a: Stored, b: Stored): void {
  const [before, after] = [a.get(), b.get()];
  a.set(after);
  b.set(before);
}

/** Where a TCP header's acknowledgment number ends. */
const numbersEnd = tcp.fields.acknowledgmentNumber.offset + tcp.fields.acknowledgmentNumber.size;

export const IPMirror: ElementClass = element({
  name: "IPMirror",
  ports: "1/1",
  processing: "a/a",
  config: { DST_ANNO: positional(arg.bool, true) },
  action(c, packet, { config }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    exchange(ip.source.stored, ip.destination.stored);
    if (config.DST_ANNO) packet.dstIp.set(ip.destination.get());
    const protocol = ip.protocol.get();
    const isTcp = protocol.eq(ipProtocols.tcp);
    const transport = transportOf(packet);
    const hasPorts = isTcp.or(protocol.eq(ipProtocols.udp)).and(ip.fragmentOffset.get().eqz());
    c.if(hasPorts.and(transport.has(udp.size)), () => {
      // Both protocols begin with their ports.
      const { ports } = transport.header(udp, "stated");
      ports.stored.set(ports.stored.get().rotl(16));
      c.if(isTcp.and(transport.has(numbersEnd)), () => {
        const { sequenceNumber, acknowledgmentNumber } = transport.header(tcp, "stated");
        exchange(sequenceNumber.stored, acknowledgmentNumber.stored);
      });
    });
  },
});
