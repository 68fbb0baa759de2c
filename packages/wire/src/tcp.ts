/**
 * TCP and its options.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";

const table = {
  name: "TCP",
  reference: "RFC 9293 section 3.1",
  fields: {
    sourcePort: { bits: 16, rfc: "Source Port" },
    destinationPort: { bits: 16, rfc: "Destination Port" },
    sequenceNumber: { bits: 32, rfc: "Sequence Number" },
    acknowledgmentNumber: { bits: 32, rfc: "Acknowledgment Number" },
    dataOffset: { bits: 4, rfc: "Data Offset", usual: 5 },
    reserved: { bits: 3, rfc: "Reserved" },
    ns: { bits: 1, rfc: "NS", see: "RFC 3540 section 9" },
    cwr: { bits: 1, rfc: "CWR" },
    ece: { bits: 1, rfc: "ECE" },
    urg: { bits: 1, rfc: "URG" },
    ack: { bits: 1, rfc: "ACK" },
    psh: { bits: 1, rfc: "PSH" },
    rst: { bits: 1, rfc: "RST" },
    syn: { bits: 1, rfc: "SYN" },
    fin: { bits: 1, rfc: "FIN" },
    window: { bits: 16, rfc: "Window" },
    checksum: { bits: 16, rfc: "Checksum" },
    urgentPointer: { bits: 16, rfc: "Urgent Pointer" },
    ports: { over: ["sourcePort", "destinationPort"], rfc: "Source Port and Destination Port" },
    flags: { over: ["cwr", "fin"], rfc: "Control Bits" },
  },
  headerLength: { field: "dataOffset", unit: 4 },
} as const;
export const tcp: Format<typeof table> = format(table);

export const tcpOptions: OptionList = optionList({
  name: "TCP options",
  reference: "RFC 9293 section 3.1",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 1,
  counts: "all",
  end: 0,
  single: [1],
});

/** Kinds of options. */
export const tcpOptionKinds = {
  end: 0,
  noOperation: 1,
  maximumSegmentSize: 2,
  windowScale: 3,
  sackPermitted: 4,
  sack: 5,
  timestamps: 8,
} as const;

const mssTable = {
  name: "TCP maximum segment size option",
  reference: "RFC 9293 section 3.7.1",
  fields: {
    kind: { bits: 8, rfc: "Kind", is: 2 },
    length: { bits: 8, rfc: "Length", is: 4 },
    maximumSegmentSize: { bits: 16, rfc: "Maximum Segment Size" },
  },
} as const;
export const tcpMaximumSegmentSize: Format<typeof mssTable> = format(mssTable);

const windowScaleTable = {
  name: "TCP window scale option",
  reference: "RFC 7323 section 2.2",
  fields: {
    kind: { bits: 8, rfc: "Kind", is: 3 },
    length: { bits: 8, rfc: "Length", is: 3 },
    shift: { bits: 8, rfc: "shift.cnt" },
  },
} as const;
export const tcpWindowScale: Format<typeof windowScaleTable> = format(windowScaleTable);

const sackPermittedTable = {
  name: "TCP SACK-permitted option",
  reference: "RFC 2018 section 2",
  fields: { kind: { bits: 8, rfc: "Kind", is: 4 }, length: { bits: 8, rfc: "Length", is: 2 } },
} as const;
export const tcpSackPermitted: Format<typeof sackPermittedTable> = format(sackPermittedTable);

const sackBlockTable = {
  name: "TCP SACK block",
  reference: "RFC 2018 section 3",
  fields: { leftEdge: { bits: 32, rfc: "Left Edge of Block" }, rightEdge: { bits: 32, rfc: "Right Edge of Block" } },
} as const;
/** The value of a SACK option is some of these. */
export const tcpSackBlock: Format<typeof sackBlockTable> = format(sackBlockTable);

const timestampsTable = {
  name: "TCP timestamps option",
  reference: "RFC 7323 section 3.2",
  fields: {
    kind: { bits: 8, rfc: "Kind", is: 8 },
    length: { bits: 8, rfc: "Length", is: 10 },
    value: { bits: 32, rfc: "TSval" },
    echoReply: { bits: 32, rfc: "TSecr" },
  },
} as const;
export const tcpTimestamps: Format<typeof timestampsTable> = format(timestampsTable);
