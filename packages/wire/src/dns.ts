/**
 * DNS: the header of messages, and what follows the name of a question.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";

const table = {
  name: "DNS",
  reference: "RFC 1035 section 4.1.1",
  fields: {
    id: { bits: 16, rfc: "ID" },
    qr: { bits: 1, rfc: "QR" },
    opcode: { bits: 4, rfc: "OPCODE" },
    aa: { bits: 1, rfc: "AA" },
    tc: { bits: 1, rfc: "TC" },
    rd: { bits: 1, rfc: "RD" },
    ra: { bits: 1, rfc: "RA" },
    z: { bits: 1, rfc: "Z" },
    ad: { bits: 1, rfc: "AD", see: "RFC 4035 section 3.2.3" },
    cd: { bits: 1, rfc: "CD", see: "RFC 4035 section 3.2.2" },
    rcode: { bits: 4, rfc: "RCODE" },
    questions: { bits: 16, rfc: "QDCOUNT" },
    answers: { bits: 16, rfc: "ANCOUNT" },
    authorities: { bits: 16, rfc: "NSCOUNT" },
    additional: { bits: 16, rfc: "ARCOUNT" },
  },
} as const;
/** Followed by questions and records. */
export const dns: Format<typeof table> = format(table);

const questionTable = {
  name: "DNS question",
  reference: "RFC 1035 section 4.1.2",
  fields: { type: { bits: 16, rfc: "QTYPE" }, class: { bits: 16, rfc: "QCLASS" } },
} as const;
/** What stands behind the name that is asked for. */
export const dnsQuestion: Format<typeof questionTable> = format(questionTable);

/** The port of servers, RFC 1035 section 4.2.1. */
export const dnsPort = 53;
/** Answers' codes, RFC 1035 section 4.1.1. */
export const dnsCodes: Readonly<Record<"noError" | "formatError" | "serverFailure" | "nameError" | "refused", number>> =
  {
    noError: 0,
    formatError: 1,
    serverFailure: 2,
    nameError: 3,
    refused: 5,
  };
/** Bytes of a label and of a whole name, with its lengths, RFC 1035 section 2.3.4. */
export const dnsLimits: Readonly<Record<"label" | "name", number>> = { label: 63, name: 255 };
