/**
 * ICMP: the header that all messages have, and what follows it in each.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "ICMP",
  reference: "RFC 792",
  fields: {
    type: { bits: 8, rfc: "Type" },
    code: { bits: 8, rfc: "Code" },
    checksum: { bits: 16, rfc: "Checksum" },
    typeAndCode: { over: ["type", "code"], rfc: "Type and Code" },
  },
} as const;
/** Followed by one of the messages below. */
export const icmp: Format<typeof table> = format(table);

const echoTable = {
  name: "ICMP echo",
  reference: "RFC 792, Echo or Echo Reply Message",
  fields: { identifier: { bits: 16, rfc: "Identifier" }, sequenceNumber: { bits: 16, rfc: "Sequence Number" } },
} as const;
/** Of echo, timestamp, information and address mask messages. */
export const icmpEcho: Format<typeof echoTable> = format(echoTable);

const unreachableTable = {
  name: "ICMP destination unreachable",
  reference: "RFC 792, Destination Unreachable Message",
  fields: {
    unused: { bits: 16, rfc: "unused" },
    nextHopMtu: { bits: 16, rfc: "Next-Hop MTU", see: "RFC 1191 section 4" },
  },
} as const;
/** The start of the packet that caused it follows, as after the next three. */
export const icmpUnreachable: Format<typeof unreachableTable> = format(unreachableTable);

const unusedTable = {
  name: "ICMP time exceeded",
  reference: "RFC 792, Time Exceeded Message",
  fields: { unused: { bits: 32, rfc: "unused" } },
} as const;
/** Of source quench too. */
export const icmpTimeExceeded: Format<typeof unusedTable> = format(unusedTable);

const redirectTable = {
  name: "ICMP redirect",
  reference: "RFC 792, Redirect Message",
  fields: { gateway: { bits: 32, rfc: "Gateway Internet Address" } },
} as const;
export const icmpRedirect: Format<typeof redirectTable> = format(redirectTable);

const parameterProblemTable = {
  name: "ICMP parameter problem",
  reference: "RFC 792, Parameter Problem Message",
  fields: { pointer: { bits: 8, rfc: "Pointer" }, unused: { bits: 24, rfc: "unused" } },
} as const;
export const icmpParameterProblem: Format<typeof parameterProblemTable> = format(parameterProblemTable);

const timestampTable = {
  name: "ICMP timestamp",
  reference: "RFC 792, Timestamp or Timestamp Reply Message",
  fields: {
    identifier: { bits: 16, rfc: "Identifier" },
    sequenceNumber: { bits: 16, rfc: "Sequence Number" },
    originate: { bits: 32, rfc: "Originate Timestamp" },
    receive: { bits: 32, rfc: "Receive Timestamp" },
    transmit: { bits: 32, rfc: "Transmit Timestamp" },
  },
} as const;
export const icmpTimestamp: Format<typeof timestampTable> = format(timestampTable);

/** Types by the names that filters have for them. RFC 792, RFC 950, RFC 1256. */
export const icmpTypes = {
  "echo-reply": 0,
  unreachable: 3,
  sourcequench: 4,
  redirect: 5,
  echo: 8,
  routeradvert: 9,
  routersolicit: 10,
  timeexceeded: 11,
  parameterproblem: 12,
  timestamp: 13,
  "timestamp-reply": 14,
  inforeq: 15,
  "inforeq-reply": 16,
  maskreq: 17,
  "maskreq-reply": 18,
} as const;

/** Codes of a type, by the names that filters have for them. RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. */
export const icmpCodes: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [icmpTypes.unreachable]: {
    net: 0,
    host: 1,
    protocol: 2,
    port: 3,
    needfrag: 4,
    srcroutefail: 5,
    netunknown: 6,
    hostunknown: 7,
    isolated: 8,
    netprohibited: 9,
    hostprohibited: 10,
    tosnet: 11,
    toshost: 12,
    filterprohibited: 13,
    hostprecedence: 14,
    precedencecutoff: 15,
  },
  [icmpTypes.redirect]: { net: 0, host: 1, tosnet: 2, toshost: 3 },
  [icmpTypes.timeexceeded]: { transit: 0, reassembly: 1 },
  [icmpTypes.parameterproblem]: { erroratptr: 0, missingopt: 1, length: 2 },
};

/** Types as prints name them. */
export const icmpTypeText: Readonly<Record<number, string>> = {
  0: "echo-reply",
  3: "unreachable",
  4: "source-quench",
  5: "redirect",
  8: "echo-request",
  11: "time-exceeded",
  12: "parameter-problem",
  13: "time-stamp",
  14: "time-stamp-reply",
};
