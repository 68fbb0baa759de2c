/**
 * IGMP, versions 1 to 3: hosts say to which multicast groups they listen, and routers ask them.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "IGMP",
  reference: "RFC 2236 section 2",
  fields: {
    type: { bits: 8, rfc: "Type" },
    maxResponseTime: { bits: 8, rfc: "Max Resp Time" },
    checksum: { bits: 16, rfc: "Checksum" },
    group: { bits: 32, rfc: "Group Address" },
  },
} as const;
/** A query of all versions, a report of versions 1 and 2, or a leave; the time is in tenths of a second, and in version 3 a code for it. */
export const igmp: Format<typeof table> = format(table);

const queryTable = {
  name: "IGMPv3 query",
  reference: "RFC 3376 section 4.1",
  fields: {
    reserved: { bits: 4, rfc: "Resv" },
    s: { bits: 1, rfc: "S" },
    qrv: { bits: 3, rfc: "QRV" },
    qqic: { bits: 8, rfc: "QQIC" },
    sources: { bits: 16, rfc: "Number of Sources" },
  },
} as const;
/** What follows in a query of version 3; addresses of sources follow that. */
export const igmpQuery: Format<typeof queryTable> = format(queryTable);

const reportTable = {
  name: "IGMPv3 report",
  reference: "RFC 3376 section 4.2",
  fields: {
    type: { bits: 8, rfc: "Type" },
    reserved: { bits: 8, rfc: "Reserved" },
    checksum: { bits: 16, rfc: "Checksum" },
    reserved2: { bits: 16, rfc: "Reserved" },
    records: { bits: 16, rfc: "Number of Group Records" },
  },
} as const;
/** Group records follow. */
export const igmpReport: Format<typeof reportTable> = format(reportTable);

const recordTable = {
  name: "IGMPv3 group record",
  reference: "RFC 3376 section 4.2.4",
  fields: {
    type: { bits: 8, rfc: "Record Type" },
    auxiliaryWords: { bits: 8, rfc: "Aux Data Len" },
    sources: { bits: 16, rfc: "Number of Sources" },
    group: { bits: 32, rfc: "Multicast Address" },
  },
} as const;
/** Followed by addresses of sources, and so many words of auxiliary data. */
export const igmpGroupRecord: Format<typeof recordTable> = format(recordTable);

/** Types of messages, RFC 3376 section 4. */
export const igmpTypes: Readonly<Record<"query" | "reportV1" | "reportV2" | "leave" | "reportV3", number>> = {
  query: 0x11,
  reportV1: 0x12,
  reportV2: 0x16,
  leave: 0x17,
  reportV3: 0x22,
};
/** Types of group records, RFC 3376 section 4.2.12. */
export const igmpRecordTypes: Readonly<
  Record<"isInclude" | "isExclude" | "toInclude" | "toExclude" | "allow" | "block", number>
> = { isInclude: 1, isExclude: 2, toInclude: 3, toExclude: 4, allow: 5, block: 6 };
