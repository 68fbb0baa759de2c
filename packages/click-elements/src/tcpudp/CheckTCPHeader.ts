/**
 * CheckTCPHeader([keywords VERBOSE, DETAILS]) — lets valid TCP packets pass.
 *
 * Expects marked IP headers. Checks that the protocol is TCP, the length of the TCP header and of the packet, and the checksum. Bad packets
 * leave on output 1 if it is connected and are dropped otherwise. The first of them leaves a message; with VERBOSE true, each
 * does.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> CheckIPHeader -> CheckTCPHeader -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { transportCheck } from "../lib/check-transport.ts";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";

export const CheckTCPHeader: ElementClass = transportCheck({
  name: "CheckTCPHeader",
  protocol: "TCP",
  named: true,
  check(c, packet, wrong) {
    c.if(packet.ip.protocol.get().ne(ipProtocols.tcp), wrong.protocol);
    const ip = packet.ip.clip(wrong.length);
    const segment = ip.payload(wrong.length);
    segment.header(tcp, wrong.length).parts(wrong.length);
    c.if(transportChecksum(c, coveredAddresses(c, ip), ipProtocols.tcp, segment), wrong.checksum);
  },
});
