/**
 * UDP.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "UDP",
  reference: "RFC 768",
  fields: {
    sourcePort: { bits: 16, rfc: "Source Port" },
    destinationPort: { bits: 16, rfc: "Destination Port" },
    length: { bits: 16, rfc: "Length" },
    /** 0 says that the datagram carries none; a computed 0 is sent as 0xffff. */
    checksum: { bits: 16, rfc: "Checksum" },
    ports: { over: ["sourcePort", "destinationPort"], rfc: "Source Port and Destination Port" },
  },
  totalLength: { field: "length", counts: "all" },
} as const;
export const udp: Format<typeof table> = format(table);
