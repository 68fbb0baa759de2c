/**
 * VXLAN: an Ethernet frame in a UDP datagram.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "VXLAN",
  reference: "RFC 7348 section 5",
  fields: {
    reservedFlags: { bits: 4, rfc: "R" },
    i: { bits: 1, rfc: "I", is: 1 },
    reservedFlags2: { bits: 3, rfc: "R" },
    reserved: { bits: 24, rfc: "Reserved" },
    vni: { bits: 24, rfc: "VXLAN Network Identifier" },
    reserved2: { bits: 8, rfc: "Reserved" },
  },
} as const;
export const vxlan: Format<typeof table> = format(table);

/** The UDP port that IANA has given it. */
export const vxlanPort = 4789;
