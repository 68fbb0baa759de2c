/**
 * CheckICMPHeader([keywords VERBOSE, DETAILS]) — lets valid ICMP packets pass.
 *
 * Expects marked IP headers. Checks that the protocol is ICMP, that the message is as long as its type needs, and its checksum. Bad
 * packets leave on output 1 if it is connected and are dropped otherwise. The first of them leaves a message; with VERBOSE
 * true, each does.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> CheckIPHeader -> CheckICMPHeader -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { sumFunction } from "@clickos/wire/checksum";
import { icmp, icmpTimestamp, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { icmpErrorTypes } from "../emit/icmp-error.ts";
import { transportCheck } from "../lib/check-transport.ts";
import { transportOf } from "../lib/headers.ts";
import { echoSize } from "../lib/icmp-echo.ts";

/** Bytes of a packet that an error has at least: its header, and 64 bits after that (RFC 792). */
const carried = ipv4.size + 8;
const timestamps = [icmpTypes.timestamp, icmpTypes["timestamp-reply"]];
const informations = [icmpTypes.inforeq, icmpTypes["inforeq-reply"]];

export const CheckICMPHeader: ElementClass = transportCheck({
  name: "CheckICMPHeader",
  protocol: "ICMP",
  named: true,
  check(c, packet, wrong) {
    c.if(packet.ip.protocol.get().ne(ipProtocols.icmp), wrong.protocol);
    const message = transportOf(packet).need(echoSize, wrong.length);
    const type = message.header(icmp).type.get();
    const { length } = message;
    const isOne = (types: readonly number[]): I32 => types.reduce((any, t) => any.or(type.eq(t)), c.i32(0));
    c.if(isOne(icmpErrorTypes).and(length.ltS(echoSize + carried)), wrong.length);
    c.if(isOne(timestamps).and(length.ne(icmp.size + icmpTimestamp.size)), wrong.length);
    c.if(isOne(informations).and(length.ne(echoSize)), wrong.length);
    c.if(c.call(sumFunction(c), message.address, length).ne(0xffff), wrong.checksum);
  },
});
