/**
 * CheckUDPHeader([keywords VERBOSE, DETAILS]) — lets valid UDP packets pass.
 *
 * Expects marked IP headers. Checks that the protocol is UDP, the datagram's length, and its checksum if it has one. Bad packets leave on
 * output 1 if it is connected and are dropped otherwise. The first of them leaves a message; with VERBOSE true, each does.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> CheckIPHeader -> CheckUDPHeader -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { transportCheck } from "../lib/check-transport.ts";
import { coveredAddresses, transportChecksum } from "../lib/transport-checksum.ts";

export const CheckUDPHeader: ElementClass = transportCheck({
  name: "CheckUDPHeader",
  protocol: "UDP",
  named: false,
  check(c, packet, wrong) {
    c.if(packet.ip.protocol.get().ne(ipProtocols.udp), wrong.protocol);
    const { ip } = packet;
    const datagram = ip.payload(wrong.length).header(udp, wrong.length).clip(wrong.length);
    c.if(datagram.checksum.stored.get(), () =>
      c.if(transportChecksum(c, coveredAddresses(c, ip), ipProtocols.udp, datagram.span), wrong.checksum),
    );
  },
});
