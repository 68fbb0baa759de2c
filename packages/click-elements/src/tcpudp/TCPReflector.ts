/**
 * TCPReflector — answers TCP packets as a server might.
 *
 * Expects IP headers at the front of packets. Turns a segment into a plausible reply to it, and keeps nothing of it: a SYN is accepted, data
 * and FIN are acknowledged. The other packets are dropped. The destination annotation becomes the new destination, the TTL 250.
 *
 *   ... -> CheckIPHeader -> IPFilter(allow tcp && dst host 1.0.0.77 && dst port 99, deny all) -> TCPReflector -> ...
 */
import { type ElementClass, element, type StagedIp } from "@clickos/click-core/element";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { draw } from "../lib/draw.ts";
import { dataOf } from "../lib/headers.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

const ttl = 250;
const windowSize = 60 * 1024;

export const TCPReflector: ElementClass = element({
  name: "TCPReflector",
  ports: "1/1",
  processing: "a/a",
  action(c, packet, { secret }) {
    const ignore = (): void => packet.drop("no segment to answer");
    const ip: StagedIp = dataOf(packet)
      .need(ipv4.size + tcp.size, ignore)
      .header(ipv4);
    const bytes = ip.payload(ignore);
    const segment = bytes.header(tcp, ignore);
    const dataBytes = bytes.length.sub(segment.headerLength);
    const { flags } = segment;
    const [sequence, acknowledgment] = [segment.sequenceNumber.get(), segment.acknowledgmentNumber.get()];
    segment.psh.set(0);
    const { syn, rst, fin } = segment.load("syn", "rst", "fin");
    const answer = (sequenceNumber: typeof sequence, acknowledgmentNumber: typeof sequence): void => {
      flags.set(0);
      segment.ack.set(1);
      segment.sequenceNumber.set(sequenceNumber);
      segment.acknowledgmentNumber.set(acknowledgmentNumber);
    };
    c.if(
      syn,
      () => {
        const others = segment.anySet("cwr", "ece", "urg", "ack", "rst", "fin");
        c.if(others, ignore);
        answer(draw(c, secret, 0xffffffff).swap32(), sequence.add(1));
        segment.syn.set(1);
      },
      () => {
        c.if(rst.or(dataBytes.leS(0).and(fin.eqz())), ignore);
        answer(acknowledgment, sequence.add(dataBytes).add(fin));
        segment.fin.set(fin);
      },
    );
    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    ip.source.stored.set(destination);
    ip.destination.stored.set(source);
    ip.ttl.set(ttl);
    packet.dstIp.set(ip.destination.get());
    segment.ports.stored.set(segment.ports.stored.get().rotl(16));
    segment.window.set(windowSize);
    segment.checksum.set(0);
    segment.checksum.stored.set(transportChecksum(c, { source, destination }, ipProtocols.tcp, bytes));
    ip.totalLength.set(packet.length);
    setPlainHeaderChecksum(c, ip);
  },
});
