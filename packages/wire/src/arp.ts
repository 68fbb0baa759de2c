/**
 * ARP for IPv4 over Ethernet.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "ARP",
  reference: "RFC 826",
  fields: {
    hardwareType: { bits: 16, rfc: "ar$hrd", is: 1 },
    protocolType: { bits: 16, rfc: "ar$pro", is: 0x0800 },
    hardwareLength: { bits: 8, rfc: "ar$hln", is: 6 },
    protocolLength: { bits: 8, rfc: "ar$pln", is: 4 },
    operation: { bits: 16, rfc: "ar$op", usual: 1 },
    senderHardware: { bytes: 6, rfc: "ar$sha" },
    senderProtocol: { bits: 32, rfc: "ar$spa" },
    targetHardware: { bytes: 6, rfc: "ar$tha" },
    targetProtocol: { bits: 32, rfc: "ar$tpa" },
  },
} as const;
export const arp: Format<typeof table> = format(table);

/** `ar$op`, RFC 826 and RFC 903. */
export const arpOperations = { request: 1, reply: 2, reverseRequest: 3, reverseReply: 4 } as const;

/** `ar$hrd` and `ar$pro` of IPv4 over Ethernet. */
export const arpTypes = { ethernet: 1, ip: 0x0800 } as const;
