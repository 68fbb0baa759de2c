/**
 * TruncateIPPayload([LENGTH, TRANSPORT] [, keyword EXTRA_LENGTH]) — cuts the payload of IP packets.
 *
 * What follows the transport header, of TCP, UDP or ICMP, is cut to LENGTH bytes, 0 by default; where TRANSPORT is false, what follows the
 * IP header is. A packet without a marked IP header is cut to LENGTH bytes. How much was cut is added to the packet's extra length annotation,
 * unless EXTRA_LENGTH is false.
 *
 *   ... -> MarkIPHeader -> TruncateIPPayload(20) -> ...
 */
import {
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  type Packet,
  positional,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { icmp, icmpEcho, icmpTimestamp, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";

export const TruncateIPPayload: ElementClass = element({
  name: "TruncateIPPayload",
  ports: "1/1",
  processing: "a/a",
  config: {
    LENGTH: positional(arg.u16, 0),
    TRANSPORT: positional(arg.bool, true),
    EXTRA_LENGTH: keyword(arg.bool, true),
  },
  action(c, packet, { config }) {
    const { network } = packet;
    const kept = c.var("i32", config.LENGTH, "kept");
    c.if(network, () => {
      const { headerLength } = packet.ip;
      const isBroken = headerLength.ltU(ipv4.size);
      kept.set(
        network
          .sub(packet.data)
          .add(config.LENGTH)
          .add(c.select(isBroken, c.i32(ipv4.size), headerLength)),
      );
      if (config.TRANSPORT) c.if(isBroken.eqz(), () => kept.set(kept.get().add(transportSize(c, packet))));
    });
    const cut = packet.length.sub(kept.get());
    c.if(cut.gtS(0), () => {
      if (config.EXTRA_LENGTH) {
        const extra = packet.annotation32(annotation.extraLength);
        extra.set(extra.get().add(cut));
      }
      packet.setLength(kept.get());
    });
  },
});

/** Bytes of the header of TCP, UDP or ICMP. */
function transportSize(c: FunctionBuilder, packet: Packet): I32 {
  const protocol = packet.ip.protocol.get();
  const transport = transportOf(packet);
  const size = c.var("i32", 0, "transportSize");
  c.if(protocol.eq(ipProtocols.udp), () => size.set(udp.size));
  c.if(protocol.eq(ipProtocols.tcp), () => {
    size.set(tcp.size);
    c.if(transport.has(tcp.size), () => {
      const { headerLength } = transport.header(tcp, "stated");
      c.if(headerLength.gtU(tcp.size), () => size.set(headerLength));
    });
  });
  const message = icmp.size + icmpEcho.size;
  c.if(protocol.eq(ipProtocols.icmp).and(transport.has(message)), () => {
    const type = transport.header(icmp, "stated").type.get();
    const isTimestamp = type.eq(icmpTypes.timestamp).or(type.eq(icmpTypes["timestamp-reply"]));
    size.set(c.select(isTimestamp, c.i32(icmp.size + icmpTimestamp.size), c.i32(message)));
  });
  return size.get();
}
