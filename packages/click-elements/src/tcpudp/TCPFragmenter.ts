/**
 * TCPFragmenter([keywords MTU, MTU_ANNO]) — makes several TCP packets of one that is too long.
 *
 * A packet of more than MTU bytes from its IP header on, or of exactly as many, becomes several of at most as many, with consecutive parts of its
 * data, and with everything else as it was, what is in front of its IP header too, but for lengths, sequence numbers and
 * checksums, which are right; FIN is in those from whose start less than MTU bytes of data are left. MTU_ANNO is an annotation of two bytes that says the MTU of a packet where it is not 0
 * and is lower. One of both arguments must be given.
 *
 * Packets must have an IP header marked, with a TCP header behind it, and be as long as the IP header says; others are dropped.
 *
 * Handlers: count, fragmented_count, fragments (read): packets that came, those of them that were too long, and packets made of those.
 *
 *   ... -> CheckIPHeader -> TCPFragmenter(MTU 1400) -> ...
 */
import { arg, type ElementClass, element, keyword } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { annotationArgument } from "../lib/annotations.ts";
import { transportOf } from "../lib/headers.ts";
import { setHeaderChecksum } from "../lib/ip-header.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";

export const TCPFragmenter: ElementClass = element({
  name: "TCPFragmenter",
  ports: "1/1",
  processing: "h/h",
  live: true,
  config: {
    MTU: keyword(arg.u16, 0),
    MTU_ANNO: keyword<number | undefined>(annotationArgument(2), undefined),
  },
  prepare({ config, error }) {
    if (config.MTU === 0 && config.MTU_ANNO === undefined) error("At least one of MTU and MTU_ANNO must be set");
  },
  state: { count: u32, fragmented: u32, fragments: u32 },
  handlers: {
    fragments: { counter: "fragments" },
    fragmented_count: { counter: "fragmented" },
    count: { counter: "count" },
  },
  push(c, _port, packet, { config, state, packets, output }) {
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const segment = transportOf(packet).header(tcp, () => packet.drop("no TCP header"));
    const mtu = c.var("i32", config.MTU, "mtu");
    if (config.MTU_ANNO !== undefined) {
      const own = packet.annotation16(config.MTU_ANNO).get().and(0xffff);
      c.if(own.ne(0).and(mtu.get().eqz().or(own.ltU(mtu.get()))), () => mtu.set(own));
    }
    state.count.inc();
    const headers = ip.headerLength.add(segment.headerLength);
    const bytes = ip.totalLength.get().sub(headers);
    const most = mtu.get().sub(headers);
    c.if(mtu.get().eqz().or(most.leS(0)).or(bytes.ltS(most)), () => output(0).push(packet));

    const end = packet.data.add(packet.length);
    const isThere = packet.transport.eq(packet.network.add(ip.headerLength)).and(segment.headerLength.geU(tcp.size));
    const wrong = packet.network.add(ip.totalLength.get()).gtU(end).or(isThere.eqz());
    c.if(wrong, () => packet.drop("bad IP length"));
    state.fragmented.inc();
    const front = packet.network.sub(packet.data).add(headers);
    const sequence = segment.sequenceNumber.get();
    const fin = segment.fin.get();
    // The packet is cut to its headers while copies are made, so that each copies those only.
    const length = c.var("i32", 0, "length");
    const at = c.var("i32", 0, "at");
    packet.setLength(front);
    c.loop(() => {
      const left = bytes.sub(at.get());
      c.if(left.leS(0), () => c.break());
      length.set(c.select(left.ltU(most), left, most));
      packets.copy(packet, (copied) =>
        packets.room(copied, { tail: length.get() }, (fragment) => {
          c.copy(fragment.data.add(front), packet.data.add(front).add(at.get()), length.get());
          fragment.setLength(front.add(length.get()));
          const header = fragment.ip;
          header.totalLength.set(headers.add(length.get()));
          setHeaderChecksum(c, header);
          const part = transportOf(fragment).header(tcp, "stated");
          part.fin.set(fin.and(at.get().add(mtu.get()).geS(bytes)));
          part.sequenceNumber.set(sequence.add(at.get()));
          part.checksum.set(0);
          const addresses = { source: header.source.stored.get(), destination: header.destination.stored.get() };
          const whole = { address: part.address, length: segment.headerLength.add(length.get()) };
          part.checksum.stored.set(transportChecksum(c, addresses, ipProtocols.tcp, whole));
          state.fragments.inc();
          output(0).push(fragment);
        }),
      );
      at.set(at.get().add(most));
    });
    packet.kill();
  },
});
