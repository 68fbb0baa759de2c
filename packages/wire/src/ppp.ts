/**
 * PPP, its link control packets, and PPP over Ethernet with its discovery tags.
 *
 * @packageDocumentation
 */
import { type Format, format } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";

const pppoeTable = {
  name: "PPPoE",
  reference: "RFC 2516 section 4",
  fields: {
    version: { bits: 4, rfc: "VER", is: 1 },
    type: { bits: 4, rfc: "TYPE", is: 1 },
    code: { bits: 8, rfc: "CODE" },
    sessionId: { bits: 16, rfc: "SESSION_ID" },
    length: { bits: 16, rfc: "LENGTH" },
  },
  totalLength: { field: "length", counts: "payload" },
} as const;
/** In a session, PPP follows; in discovery, tags. */
export const pppoe: Format<typeof pppoeTable> = format(pppoeTable);

export const pppoeTags: OptionList = optionList({
  name: "PPPoE tags",
  reference: "RFC 2516 section 4, Appendix A",
  kindBytes: 2,
  lengthBytes: 2,
  unit: 1,
  counts: "value",
});

const tagTable = {
  name: "PPPoE tag",
  reference: "RFC 2516 section 4",
  fields: { type: { bits: 16, rfc: "TAG_TYPE" }, length: { bits: 16, rfc: "TAG_LENGTH" } },
  totalLength: { field: "length", counts: "payload" },
} as const;
/** The start of a tag; its value follows. */
export const pppoeTag: Format<typeof tagTable> = format(tagTable);

/** `CODE`, RFC 2516 section 5. */
export const pppoeCodes = { session: 0x00, padi: 0x09, pado: 0x07, padr: 0x19, pads: 0x65, padt: 0xa7 } as const;

/** Kinds of tags, RFC 2516 Appendix A. */
export const pppoeTagKinds = {
  endOfList: 0x0000,
  serviceName: 0x0101,
  acName: 0x0102,
  hostUniq: 0x0103,
  acCookie: 0x0104,
  vendorSpecific: 0x0105,
  relaySessionId: 0x0110,
  serviceNameError: 0x0201,
  acSystemError: 0x0202,
  genericError: 0x0203,
} as const;

const pppTable = {
  name: "PPP",
  reference: "RFC 1661 section 2",
  fields: { protocol: { bits: 16, rfc: "Protocol" } },
} as const;
/** As in PPPoE: without address and control, the protocol not compressed. */
export const ppp: Format<typeof pppTable> = format(pppTable);

const hdlcTable = {
  name: "PPP in HDLC-like framing",
  reference: "RFC 1662 section 3.1",
  fields: {
    hdlcAddress: { bits: 8, rfc: "Address", is: 0xff },
    hdlcControl: { bits: 8, rfc: "Control", is: 0x03 },
    protocol: { bits: 16, rfc: "Protocol" },
  },
} as const;
/** As on a serial line, and in captures of one. */
export const pppHdlc: Format<typeof hdlcTable> = format(hdlcTable);

/** `Protocol`, RFC 1661, and RFC 5072 for IPv6. */
export const pppProtocols = {
  ip: 0x0021,
  ip6: 0x0057,
  ipcp: 0x8021,
  ip6cp: 0x8057,
  lcp: 0xc021,
  pap: 0xc023,
  chap: 0xc223,
} as const;

const controlTable = {
  name: "PPP control packet",
  reference: "RFC 1661 section 5",
  fields: {
    code: { bits: 8, rfc: "Code" },
    identifier: { bits: 8, rfc: "Identifier" },
    length: { bits: 16, rfc: "Length" },
  },
  totalLength: { field: "length", counts: "all" },
} as const;
/** Of link control and network control protocols; configuration packets have options. */
export const pppControl: Format<typeof controlTable> = format(controlTable);

export const pppOptions: OptionList = optionList({
  name: "PPP configuration options",
  reference: "RFC 1661 section 6",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 1,
  counts: "all",
});

/** `Code` of link control packets, RFC 1661 section 5; network control protocols have the first seven. */
export const pppCodes = {
  configureRequest: 1,
  configureAck: 2,
  configureNak: 3,
  configureReject: 4,
  terminateRequest: 5,
  terminateAck: 6,
  codeReject: 7,
  protocolReject: 8,
  echoRequest: 9,
  echoReply: 10,
  discardRequest: 11,
} as const;

/** `Type` of LCP's options, RFC 1661 section 6. */
export const lcpOptionKinds = { maximumReceiveUnit: 1, authenticationProtocol: 3, magicNumber: 5 } as const;

/** `Type` of IPCP's options, RFC 1332 section 3 and RFC 1877 section 1. */
export const ipcpOptionKinds = { ipAddress: 3, primaryDns: 129, secondaryDns: 131 } as const;

const shortTable = {
  name: "PPP option of 16 bits",
  reference: "RFC 1661 section 6.1",
  fields: {
    kind: { bits: 8, rfc: "Type" },
    length: { bits: 8, rfc: "Length", is: 4 },
    value: { bits: 16, rfc: "Maximum-Receive-Unit" },
  },
} as const;
/** The largest packet that is received; also the authentication protocol, where it is a number alone, as PAP's is. */
export const pppShortOption: Format<typeof shortTable> = format(shortTable);

const longTable = {
  name: "PPP option of 32 bits",
  reference: "RFC 1661 section 6.4",
  fields: {
    kind: { bits: 8, rfc: "Type" },
    length: { bits: 8, rfc: "Length", is: 6 },
    value: { bits: 32, rfc: "Magic-Number" },
  },
} as const;
/** A magic number; in IPCP, an address. */
export const pppLongOption: Format<typeof longTable> = format(longTable);

const magicTable = {
  name: "PPP magic number",
  reference: "RFC 1661 section 5.8",
  fields: { magicNumber: { bits: 32, rfc: "Magic-Number" } },
} as const;
/** What echo requests and replies begin with. */
export const pppMagic: Format<typeof magicTable> = format(magicTable);

/** `Code` of PAP, RFC 1334 section 2.2. */
export const papCodes = { request: 1, ack: 2, nak: 3 } as const;

const countedTable = {
  name: "PAP field",
  reference: "RFC 1334 section 2.2.1",
  fields: { length: { bits: 8, rfc: "Peer-ID Length" } },
  totalLength: { field: "length", counts: "payload" },
} as const;
/** A name, a password or a message, with its length before it. */
export const papField: Format<typeof countedTable> = format(countedTable);
