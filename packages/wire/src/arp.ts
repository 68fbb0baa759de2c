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

const fixedTable = {
  name: "ARP fixed part",
  reference: "RFC 826",
  fields: {
    hardwareType: { bits: 16, rfc: "ar$hrd" },
    protocolType: { bits: 16, rfc: "ar$pro" },
    hardwareLength: { bits: 8, rfc: "ar$hln" },
    protocolLength: { bits: 8, rfc: "ar$pln" },
    operation: { bits: 16, rfc: "ar$op" },
  },
} as const;
/** What stands before the addresses, of whatever lengths those are. */
export const arpFixed: Format<typeof fixedTable> = format(fixedTable);

/** `ar$op`, RFC 826, RFC 903 and RFC 2390. */
export const arpOperations = {
  request: 1,
  reply: 2,
  reverseRequest: 3,
  reverseReply: 4,
  inverseRequest: 8,
  inverseReply: 9,
} as const;

/** `ar$hrd` and `ar$pro`: Ethernet; IPv4, IPv4 with trailers (RFC 893), IPv6. */
export const arpTypes = { ethernet: 1, ip: 0x0800, trailer: 0x1000, ip6: 0x86dd } as const;

/** The bytes of an address of some protocols. */
export const protocolLengths: ReadonlyMap<number, number> = new Map([
  [arpTypes.ip, 4],
  [arpTypes.ip6, 16],
]);
