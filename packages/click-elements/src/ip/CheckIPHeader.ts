/**
 * CheckIPHeader([OFFSET] [, keywords INTERFACES, BADSRC, GOODDST, CHECKSUM, VERBOSE, DETAILS]) — lets valid IPv4 packets
 * pass.
 *
 * Expects the IP header OFFSET bytes into the packet (default 0). Checks version, header length, total length, and the
 * checksum unless CHECKSUM is false; marks the header, sets the destination annotation and cuts padding after the packet.
 * Bad packets leave on output 1 if it is connected and are dropped otherwise. The first of them leaves a message; with
 * VERBOSE true, each does.
 *
 * BADSRC is a list of addresses, with spaces between them, that no packet may come from, unless it goes to one of GOODDST.
 * INTERFACES gives the router's own addresses with their prefixes, `18.26.4.9/24 18.32.9.44/28`: their broadcast addresses,
 * 0.0.0.0 and 255.255.255.255 are bad sources, and the addresses good destinations; BADSRC and GOODDST then do not count.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> Strip(14) -> CheckIPHeader(INTERFACES 18.26.4.9/24) -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { checkIpHeader } from "../lib/check-ip-header.ts";

export const CheckIPHeader: ElementClass = checkIpHeader("CheckIPHeader", true);
