/**
 * ProtocolTranslator46 — makes IPv6 packets of IPv4 packets.
 *
 * A packet that is pushed begins with its IPv4 header, whose options count as payload. Its addresses become IPv4-mapped ones,
 * `::ffff:1.2.3.4`, the hop limit is the TTL plus 65 in a byte, the checksums of TCP and UDP are computed anew, and ICMP becomes ICMPv6, up to 255 bytes
 * of it, as RFC 2765 says, but for the packets in messages and the size in Packet Too Big, which is 0. A payload of another protocol is
 * not changed, and its next header is 0. The packet that leaves has no annotations.
 *
 * A packet that ends before its header says, and an ICMP message that has no counterpart, is dropped. Pulled packets are not changed.
 *
 *   ... -> ProtocolTranslator46 -> CheckIP6Header -> ...
 */
import {
  type ElementClass,
  type ElementContext,
  element,
  type Packet,
  type StagedIp,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { Span } from "@clickos/wire";
import { icmpv6 } from "@clickos/wire/icmpv6";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { dataOf } from "../lib/headers.ts";
import { ip6Checksum, type StagedIp6, storeMappedIp6 } from "../lib/ip6.ts";
import { messageLength, messageSize, toIcmp6, writeMessage } from "./icmp-translation.ts";

/** What Click adds to the TTL, in a byte. */
const hops = 0x40 - 0xff;

export const ProtocolTranslator46: ElementClass = element({
  name: "ProtocolTranslator46",
  ports: "1/1",
  processing: "a/a",
  push(c, _port, packet, context) {
    const ip: StagedIp = dataOf(packet).header(ipv4, () => packet.drop("too short"));
    const length = ip.totalLength.get().sub(ipv4.size);
    c.if(length.ltS(0).or(length.add(ipv4.size).gtU(packet.length)), () => packet.drop("bad IP length"));
    const protocol = ip.protocol.get();
    c.if(protocol.eq(ipProtocols.icmp), () => {
      const message = dataOf(packet).need(ipv4.size, "stated").advance(ipv4.size);
      const bytes = messageLength(length);
      c.if(bytes.ltU(messageSize), () => packet.drop("no ICMP message"));
      const parts = toIcmp6(c, message, () => packet.drop("no ICMPv6 message is like it"));
      translate(c, packet, context, { ip, length: bytes, nextHeader: ipProtocols["ipv6-icmp"] }, (header, payload) => {
        writeMessage(payload, parts);
        const { checksum } = payload.header(icmpv6, "stated");
        checksum.stored.set(ip6Checksum(c, header, ipProtocols["ipv6-icmp"], payload.address, bytes));
      });
    });
    for (const [kind, format] of [
      [ipProtocols.tcp, tcp],
      [ipProtocols.udp, udp],
    ] as const)
      c.if(protocol.eq(kind), () =>
        translate(c, packet, context, { ip, length, nextHeader: kind }, (header, payload) =>
          c.if(payload.has(format.size), () => {
            const { checksum } = payload.header<typeof udp.table | typeof tcp.table>(format, "stated");
            checksum.set(0);
            checksum.stored.set(ip6Checksum(c, header, kind, payload.address, length));
          }),
        ),
      );
    translate(c, packet, context, { ip, length, nextHeader: 0 }, () => {});
  },
  pull(_c, _port, { input, output }) {
    input(0).pull((packet) => output(0).push(packet));
  },
});

interface Translated {
  readonly ip: StagedIp;
  readonly length: I32;
  readonly nextHeader: number;
}

/** Makes the packet that leaves, whose payload `finish` completes, in place of the one that came. */
function translate(
  c: FunctionBuilder,
  packet: Packet,
  { packets, output }: Pick<ElementContext<any, any, any>, "packets" | "output">,
  { ip, length, nextHeader }: Translated,
  finish: (header: StagedIp6, payload: Span) => void,
): void {
  packets.make(
    length.add(ipv6.size),
    (made) => {
      const bytes = dataOf(made).need(ipv6.size, "stated");
      const header = bytes.header(ipv6);
      header.emit({ payloadLength: length, nextHeader, hopLimit: ip.ttl.get().add(hops).and(0xff) });
      storeMappedIp6(c, header.source.address, ip.source.stored.get());
      storeMappedIp6(c, header.destination.address, ip.destination.stored.get());
      const payload = bytes.advance(ipv6.size);
      c.copy(payload.address, packet.data.add(ipv4.size), length);
      finish(header, payload);
      packet.kill();
      output(0).push(made);
    },
    () => packet.kill(),
  );
}
