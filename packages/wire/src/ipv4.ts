/**
 * IPv4 and its options. IP in IP (RFC 2003) is this header after this header: protocol `ipip`.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";

const table = {
  name: "IPv4",
  reference: "RFC 791 section 3.1",
  fields: {
    version: { bits: 4, rfc: "Version", is: 4 },
    ihl: { bits: 4, rfc: "IHL", usual: 5 },
    dscp: { bits: 6, rfc: "DSCP", see: "RFC 2474 section 3" },
    ecn: { bits: 2, rfc: "ECN", see: "RFC 3168 section 5" },
    totalLength: { bits: 16, rfc: "Total Length" },
    identification: { bits: 16, rfc: "Identification" },
    reserved: { bits: 1, rfc: "Flags, bit 0" },
    df: { bits: 1, rfc: "Don't Fragment" },
    mf: { bits: 1, rfc: "More Fragments" },
    fragmentOffset: { bits: 13, rfc: "Fragment Offset" },
    ttl: { bits: 8, rfc: "Time to Live" },
    protocol: { bits: 8, rfc: "Protocol" },
    checksum: { bits: 16, rfc: "Header Checksum" },
    source: { bits: 32, rfc: "Source Address" },
    destination: { bits: 32, rfc: "Destination Address" },
    tos: { over: ["dscp", "ecn"], rfc: "Type of Service" },
    /** Not 0 in a fragment. */
    fragment: { over: ["mf", "fragmentOffset"], rfc: "Flags and Fragment Offset" },
    firstWord: { over: ["version", "ecn"], rfc: "Version, IHL and Type of Service" },
    /** The word in which routers change the time to live. */
    ttlAndProtocol: { over: ["ttl", "protocol"], rfc: "Time to Live and Protocol" },
    flagsAndOffset: { over: ["reserved", "fragmentOffset"], rfc: "Flags and Fragment Offset" },
  },
  headerLength: { field: "ihl", unit: 4 },
  totalLength: { field: "totalLength", counts: "all" },
} as const;
export const ipv4: Format<typeof table> = format(table);

/** Bytes that one of `fragmentOffset` stands for. */
export const fragmentUnit = 8;

export const ipv4Options: OptionList = optionList({
  name: "IPv4 options",
  reference: "RFC 791 section 3.1",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 1,
  counts: "all",
  end: 0,
  single: [1],
});

/** Kinds of options. */
export const ipv4OptionKinds = {
  end: 0,
  noOperation: 1,
  recordRoute: 7,
  timestamp: 68,
  security: 130,
  looseSourceRoute: 131,
  streamId: 136,
  strictSourceRoute: 137,
  routerAlert: 148,
} as const;

const sourceRouteTable = {
  name: "IPv4 source route",
  reference: "RFC 791 section 3.1, Loose Source and Record Route",
  fields: {
    kind: { bits: 8, rfc: "type" },
    length: { bits: 8, rfc: "length" },
    /** From 1, the first octet of the option, on: where the next address is. */
    pointer: { bits: 8, rfc: "pointer" },
  },
} as const;
/** The start of a loose or strict source route, or of a recorded one; addresses follow. */
export const ipv4SourceRoute: Format<typeof sourceRouteTable> = format(sourceRouteTable);

const timestampTable = {
  name: "IPv4 timestamp",
  reference: "RFC 791 section 3.1, Internet Timestamp",
  fields: {
    kind: { bits: 8, rfc: "type", usual: 68 },
    length: { bits: 8, rfc: "length", usual: 4 },
    /** From 1, the first octet of the option, on: where the next timestamp is. */
    pointer: { bits: 8, rfc: "pointer", usual: 5 },
    /** Routers that had no room for theirs. */
    overflow: { bits: 4, rfc: "oflw" },
    flag: { bits: 4, rfc: "flg" },
  },
} as const;
/** The start of a timestamp option; timestamps follow, each with an address before it unless `flag` says that there are none. */
export const ipv4Timestamp: Format<typeof timestampTable> = format(timestampTable);

/** What a timestamp option is made of: times, times with the addresses of who wrote them, or such of certain routers only. */
export const ipv4TimestampFlags = { timesOnly: 0, withAddresses: 1, prespecified: 3 } as const;

/** Protocol numbers of IPv4, and of IPv6's next header, by the names that filters have for them. */
export const ipProtocols = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  ospf: 89,
  pim: 103,
  sctp: 132,
  udplite: 136,
} as const;

/** What the two bits of ECN say, RFC 3168 section 5. */
export const ecnCodes = { notEct: 0, ect1: 1, ect0: 2, ce: 3 } as const;
