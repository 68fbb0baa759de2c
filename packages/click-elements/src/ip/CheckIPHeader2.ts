/**
 * CheckIPHeader2([OFFSET] [, keywords INTERFACES, BADSRC, GOODDST, CHECKSUM, VERBOSE, DETAILS]) — lets valid IPv4 packets pass,
 * whatever their checksums.
 *
 * As CheckIPHeader, but for CHECKSUM, which is false unless it is given.
 *
 * Handlers: drops (read); with DETAILS true, drop_details (read), the drops by reason.
 *
 *   ... -> Strip(14) -> CheckIPHeader2 -> ...
 */
import type { ElementClass } from "@clickos/click-core/element";
import { checkIpHeader } from "../lib/check-ip-header.ts";

export const CheckIPHeader2: ElementClass = checkIpHeader("CheckIPHeader2", false);
