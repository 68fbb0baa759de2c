/**
 * ProtocolTranslator64 — makes IPv4 packets of IPv6 packets.
 *
 * A packet that is pushed begins with its IPv6 header, from and to IPv4-mapped addresses, `::ffff:1.2.3.4`; any other is dropped. The
 * IPv4 header has the hop limit as its TTL and says that the packet may not be fragmented. The checksums of TCP and UDP are computed anew, and
 * ICMPv6 becomes ICMP, up to 255 bytes of it, as RFC 2765 says, but for the packets in messages and the size in Fragmentation Needed, which is 0.
 * A payload of another protocol, extension headers among them, is not changed, and its IPv4 header has protocol 0 and checksum 0, as Click leaves
 * it. The packet that leaves has no annotations.
 *
 * A packet that ends before its header says, and an ICMPv6 message that has no counterpart, is dropped. Pulled packets are not changed.
 *
 *   ... -> ProtocolTranslator64 -> CheckIPHeader -> ...
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
import { foldSum, sumFunction } from "@clickos/wire/checksum";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { dataOf } from "../lib/headers.ts";
import { setPlainHeaderChecksum } from "../lib/ip-encap.ts";
import { loadIp6, mappedIp4 } from "../lib/ip6.ts";
import { transportChecksum } from "../lib/transport-checksum.ts";
import { messageLength, messageSize, toIcmp4, writeMessage } from "./icmp-translation.ts";

export const ProtocolTranslator64: ElementClass = element({
  name: "ProtocolTranslator64",
  ports: "1/1",
  processing: "a/a",
  push(c, _port, packet, context) {
    const ip = dataOf(packet).header(ipv6, () => packet.drop("too short"));
    const source = mappedIp4(c, loadIp6(c, ip.source.address));
    const destination = mappedIp4(c, loadIp6(c, ip.destination.address));
    c.if(source.eqz().or(destination.eqz()), () => packet.drop("no IPv4-mapped addresses"));
    const length = ip.payloadLength.get();
    c.if(length.add(ipv6.size).gtU(packet.length), () => packet.drop("bad IP length"));
    const addresses = { source, destination };
    const ttl = ip.hopLimit.get();
    const next = ip.nextHeader.get();
    c.if(next.eq(ipProtocols["ipv6-icmp"]), () => {
      const message = dataOf(packet).need(ipv6.size, "stated").advance(ipv6.size);
      const bytes = messageLength(length);
      c.if(bytes.ltU(messageSize), () => packet.drop("no ICMPv6 message"));
      const parts = toIcmp4(c, message, () => packet.drop("no ICMP message is like it"));
      translate(c, packet, context, { addresses, ttl, length: bytes, protocol: ipProtocols.icmp }, (_ip, payload) => {
        writeMessage(payload, parts);
        const { checksum } = payload.header(icmp, "stated");
        checksum.stored.set(foldSum(c.call(sumFunction(c), payload.address, bytes)).xor(0xffff));
      });
    });
    for (const [protocol, format] of [
      [ipProtocols.tcp, tcp],
      [ipProtocols.udp, udp],
    ] as const)
      c.if(next.eq(protocol), () =>
        translate(c, packet, context, { addresses, ttl, length, protocol }, (_ip, payload) =>
          c.if(payload.has(format.size), () => {
            const { checksum } = payload.header<typeof udp.table | typeof tcp.table>(format, "stated");
            checksum.set(0);
            checksum.stored.set(transportChecksum(c, addresses, protocol, { address: payload.address, length }));
          }),
        ),
      );
    translate(c, packet, context, { addresses, ttl, length, protocol: 0 }, (ip) => ip.checksum.set(0));
  },
  pull(_c, _port, { input, output }) {
    input(0).pull((packet) => output(0).push(packet));
  },
});

interface Translated {
  /** As they are stored. */
  readonly addresses: { readonly source: I32; readonly destination: I32 };
  readonly ttl: I32;
  readonly length: I32;
  readonly protocol: number;
}

/** Makes the packet that leaves, which `finish` completes, in place of the one that came. */
function translate(
  c: FunctionBuilder,
  packet: Packet,
  { packets, output }: Pick<ElementContext<any, any, any>, "packets" | "output">,
  { addresses, ttl, length, protocol }: Translated,
  finish: (ip: StagedIp, payload: Span) => void,
): void {
  packets.make(
    length.add(ipv4.size),
    (made) => {
      const bytes = dataOf(made).need(ipv4.size, "stated");
      const header: StagedIp = bytes.header(ipv4);
      header.emit({ totalLength: length.add(ipv4.size), df: 1, ttl, protocol });
      header.source.stored.set(addresses.source);
      header.destination.stored.set(addresses.destination);
      setPlainHeaderChecksum(c, header);
      const payload = bytes.advance(ipv4.size);
      c.copy(payload.address, packet.data.add(ipv6.size), length);
      finish(header, payload);
      packet.kill();
      output(0).push(made);
    },
    () => packet.kill(),
  );
}
