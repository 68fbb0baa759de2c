/**
 * ICMPv6 and neighbour discovery: the header that all messages have, what follows it in each, and options.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";

const table = {
  name: "ICMPv6",
  reference: "RFC 4443 section 2.1",
  fields: {
    type: { bits: 8, rfc: "Type" },
    code: { bits: 8, rfc: "Code" },
    checksum: { bits: 16, rfc: "Checksum" },
  },
} as const;
/** Followed by one of the messages below. */
export const icmpv6: Format<typeof table> = format(table);

const echoTable = {
  name: "ICMPv6 echo",
  reference: "RFC 4443 section 4.1",
  fields: { identifier: { bits: 16, rfc: "Identifier" }, sequenceNumber: { bits: 16, rfc: "Sequence Number" } },
} as const;
export const icmpv6Echo: Format<typeof echoTable> = format(echoTable);

const errorTable = {
  name: "ICMPv6 error",
  reference: "RFC 4443 section 3",
  fields: { parameter: { bits: 32, rfc: "MTU, Pointer, or Unused" } },
} as const;
/** The MTU of packet too big, the pointer of parameter problem, unused in others. The packet that caused it follows. */
export const icmpv6Error: Format<typeof errorTable> = format(errorTable);

const routerSolicitationTable = {
  name: "router solicitation",
  reference: "RFC 4861 section 4.1",
  fields: { reserved: { bits: 32, rfc: "Reserved" } },
} as const;
/** Options follow, as after each of the next. */
export const routerSolicitation: Format<typeof routerSolicitationTable> = format(routerSolicitationTable);

const routerAdvertisementTable = {
  name: "router advertisement",
  reference: "RFC 4861 section 4.2",
  fields: {
    curHopLimit: { bits: 8, rfc: "Cur Hop Limit" },
    managed: { bits: 1, rfc: "M" },
    other: { bits: 1, rfc: "O" },
    reserved: { bits: 6, rfc: "Reserved" },
    routerLifetime: { bits: 16, rfc: "Router Lifetime" },
    reachableTime: { bits: 32, rfc: "Reachable Time" },
    retransTimer: { bits: 32, rfc: "Retrans Timer" },
  },
} as const;
export const routerAdvertisement: Format<typeof routerAdvertisementTable> = format(routerAdvertisementTable);

const neighborSolicitationTable = {
  name: "neighbor solicitation",
  reference: "RFC 4861 section 4.3",
  fields: { reserved: { bits: 32, rfc: "Reserved" }, target: { bytes: 16, rfc: "Target Address" } },
} as const;
export const neighborSolicitation: Format<typeof neighborSolicitationTable> = format(neighborSolicitationTable);

const neighborAdvertisementTable = {
  name: "neighbor advertisement",
  reference: "RFC 4861 section 4.4",
  fields: {
    router: { bits: 1, rfc: "R" },
    solicited: { bits: 1, rfc: "S" },
    override: { bits: 1, rfc: "O" },
    reserved: { bits: 29, rfc: "Reserved" },
    target: { bytes: 16, rfc: "Target Address" },
  },
} as const;
export const neighborAdvertisement: Format<typeof neighborAdvertisementTable> = format(neighborAdvertisementTable);

const redirectTable = {
  name: "ICMPv6 redirect",
  reference: "RFC 4861 section 4.5",
  fields: {
    reserved: { bits: 32, rfc: "Reserved" },
    target: { bytes: 16, rfc: "Target Address" },
    destination: { bytes: 16, rfc: "Destination Address" },
  },
} as const;
export const icmpv6Redirect: Format<typeof redirectTable> = format(redirectTable);

/** Options of neighbour discovery: their lengths count 8 bytes, and 0 is malformed. */
export const neighborOptions: OptionList = optionList({
  name: "neighbor discovery options",
  reference: "RFC 4861 section 4.6",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 8,
  counts: "all",
});

/** Kinds of options. */
export const neighborOptionKinds = {
  sourceLinkLayer: 1,
  targetLinkLayer: 2,
  prefixInformation: 3,
  redirectedHeader: 4,
  mtu: 5,
} as const;

const linkLayerTable = {
  name: "link-layer address option",
  reference: "RFC 4861 section 4.6.1, RFC 2464 section 6",
  fields: {
    type: { bits: 8, rfc: "Type", usual: 1 },
    length: { bits: 8, rfc: "Length", is: 1 },
    linkLayerAddress: { bytes: 6, rfc: "Link-Layer Address" },
  },
} as const;
/** Of Ethernet; `type` says source or target. */
export const linkLayerOption: Format<typeof linkLayerTable> = format(linkLayerTable);

const prefixTable = {
  name: "prefix information option",
  reference: "RFC 4861 section 4.6.2",
  fields: {
    type: { bits: 8, rfc: "Type", is: 3 },
    length: { bits: 8, rfc: "Length", is: 4 },
    prefixLength: { bits: 8, rfc: "Prefix Length" },
    onLink: { bits: 1, rfc: "L" },
    autonomous: { bits: 1, rfc: "A" },
    reserved1: { bits: 6, rfc: "Reserved1" },
    validLifetime: { bits: 32, rfc: "Valid Lifetime" },
    preferredLifetime: { bits: 32, rfc: "Preferred Lifetime" },
    reserved2: { bits: 32, rfc: "Reserved2" },
    prefix: { bytes: 16, rfc: "Prefix" },
  },
} as const;
export const prefixInformation: Format<typeof prefixTable> = format(prefixTable);

const mtuTable = {
  name: "MTU option",
  reference: "RFC 4861 section 4.6.4",
  fields: {
    type: { bits: 8, rfc: "Type", is: 5 },
    length: { bits: 8, rfc: "Length", is: 1 },
    reserved: { bits: 16, rfc: "Reserved" },
    mtu: { bits: 32, rfc: "MTU" },
  },
} as const;
export const mtuOption: Format<typeof mtuTable> = format(mtuTable);

/** Types. RFC 4443, RFC 2710, RFC 4861. */
export const icmpv6Types = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  multicastQuery: 130,
  multicastReport: 131,
  multicastDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
} as const;
