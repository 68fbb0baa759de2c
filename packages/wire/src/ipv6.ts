/**
 * IPv6 and its extension headers.
 *
 * @packageDocumentation
 */
import type { I32 } from "@clickos/codegen";
import { type Format, format, type HeaderResult } from "./format.ts";
import { type OptionList, optionList } from "./option-list.ts";
import { type Otherwise, type Span, span } from "./span.ts";
import type { StagedHeader } from "./staged-header.ts";
import type { HeaderView } from "./view.ts";

const ipv6Table = {
  name: "IPv6",
  reference: "RFC 8200 section 3",
  fields: {
    version: { bits: 4, rfc: "Version", is: 6 },
    dscp: { bits: 6, rfc: "DSCP", see: "RFC 2474 section 3" },
    ecn: { bits: 2, rfc: "ECN", see: "RFC 3168 section 5" },
    flowLabel: { bits: 20, rfc: "Flow Label" },
    payloadLength: { bits: 16, rfc: "Payload Length" },
    nextHeader: { bits: 8, rfc: "Next Header" },
    hopLimit: { bits: 8, rfc: "Hop Limit" },
    source: { bytes: 16, rfc: "Source Address" },
    destination: { bytes: 16, rfc: "Destination Address" },
    trafficClass: { over: ["dscp", "ecn"], rfc: "Traffic Class" },
  },
  totalLength: { field: "payloadLength", counts: "payload" },
} as const;
export const ipv6: Format<typeof ipv6Table> = format(ipv6Table);

const extensionTable = {
  name: "IPv6 extension header",
  reference: "RFC 8200 section 4",
  fields: {
    nextHeader: { bits: 8, rfc: "Next Header" },
    headerExtensionLength: { bits: 8, rfc: "Hdr Ext Len" },
    data: { bytes: 6, rfc: "Options" },
  },
  headerLength: { field: "headerExtensionLength", unit: 8, plus: 8 },
} as const;
/** Hop-by-hop options, destination options, and any other header that says its length as they do. */
export const ipv6Extension: Format<typeof extensionTable> = format(extensionTable);

const routingTable = {
  name: "IPv6 routing header",
  reference: "RFC 8200 section 4.4",
  fields: {
    nextHeader: { bits: 8, rfc: "Next Header" },
    headerExtensionLength: { bits: 8, rfc: "Hdr Ext Len" },
    routingType: { bits: 8, rfc: "Routing Type" },
    segmentsLeft: { bits: 8, rfc: "Segments Left" },
    data: { bytes: 4, rfc: "type-specific data" },
  },
  headerLength: { field: "headerExtensionLength", unit: 8, plus: 8 },
} as const;
export const ipv6Routing: Format<typeof routingTable> = format(routingTable);

const fragmentTable = {
  name: "IPv6 fragment header",
  reference: "RFC 8200 section 4.5",
  fields: {
    nextHeader: { bits: 8, rfc: "Next Header" },
    reserved: { bits: 8, rfc: "Reserved" },
    fragmentOffset: { bits: 13, rfc: "Fragment Offset" },
    res: { bits: 2, rfc: "Res" },
    m: { bits: 1, rfc: "M flag" },
    identification: { bits: 32, rfc: "Identification" },
  },
} as const;
export const ipv6Fragment: Format<typeof fragmentTable> = format(fragmentTable);

const authenticationTable = {
  name: "IP authentication header",
  reference: "RFC 4302 section 2",
  fields: {
    nextHeader: { bits: 8, rfc: "Next Header" },
    payloadLength: { bits: 8, rfc: "Payload Len", usual: 1 },
    reserved: { bits: 16, rfc: "RESERVED" },
    spi: { bits: 32, rfc: "Security Parameters Index" },
    sequenceNumber: { bits: 32, rfc: "Sequence Number Field" },
  },
  headerLength: { field: "payloadLength", unit: 4, plus: 8 },
} as const;
/** The integrity check value is its options. Of IPv4 too. */
export const authenticationHeader: Format<typeof authenticationTable> = format(authenticationTable);

/** Options of hop-by-hop and destination headers: `data` and the rest of the header. */
export const ipv6Options: OptionList = optionList({
  name: "IPv6 options",
  reference: "RFC 8200 section 4.2",
  kindBytes: 1,
  lengthBytes: 1,
  unit: 1,
  counts: "value",
  single: [0],
});

/** Numbers of extension headers, among those of protocols; IANA "IPv6 Extension Header Types". */
export const ipv6ExtensionKinds = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  noNextHeader: 59,
  destinationOptions: 60,
  mobility: 135,
  hostIdentity: 139,
  shim6: 140,
} as const;

const { hopByHop, routing, fragment, authentication, destinationOptions, mobility, hostIdentity, shim6 } =
  ipv6ExtensionKinds;
const likeOptions: readonly number[] = [hopByHop, routing, destinationOptions, mobility, hostIdentity, shim6];

/** What a packet carries after its extension headers. */
export interface UpperLayer {
  /** The protocol of the payload; of a later fragment, what its first one would say. */
  readonly protocol: number;
  /** In units of 8 bytes; not 0 in a later fragment, whose payload has no header of the protocol. */
  readonly fragmentOffset: number;
  readonly payload: Uint8Array;
}

/** Goes past extension headers, up to a fragment header of a later fragment. */
export function readExtensions(ip: HeaderView<typeof ipv6Table>): HeaderResult<UpperLayer> {
  let [protocol, payload, fragmentOffset] = [ip.nextHeader, ip.payload, 0];
  while (fragmentOffset === 0) {
    if (protocol === fragment) {
      const read = ipv6Fragment.read(payload);
      if (!read.ok) return read;
      ({ fragmentOffset, nextHeader: protocol, payload } = read.header);
    } else if (protocol === authentication || likeOptions.includes(protocol)) {
      const read = protocol === authentication ? authenticationHeader.read(payload) : ipv6Extension.read(payload);
      if (!read.ok) return read;
      ({ nextHeader: protocol, payload } = read.header);
    } else break;
  }
  return { ok: true, header: { protocol, fragmentOffset, payload } };
}

/** The same in staged code. A chain ends because every header has at least 8 bytes and none is left twice. */
export function skipExtensions(
  ip: StagedHeader<typeof ipv6Table>,
  malformed: Otherwise,
): { readonly protocol: I32; readonly fragmentOffset: I32; readonly payload: Span } {
  const { c } = ip.span;
  const first = ip.payload();
  const protocol = c.var("i32", ip.nextHeader.get(), "protocol");
  const fragmentOffset = c.var("i32", 0, "fragmentOffset");
  const at = c.var("i32", first.address, "extension");
  const left = c.var("i32", first.length, "extensionBytes");
  const bad = c.var("i32", 0, "malformed");
  c.loop(() => {
    const kind = protocol.get();
    let plain = c.i32(0);
    for (const other of likeOptions) plain = plain.or(kind.eq(other));
    const isFragment = kind.eq(fragment);
    const isAuthentication = kind.eq(authentication);
    c.if(plain.or(isFragment).or(isAuthentication).eqz(), () => c.break());
    const bytes = span(c, at.get(), left.get());
    const stop = (): void => {
      bad.set(1);
      c.break();
    };
    c.if(bytes.has(ipv6Extension.size).eqz(), stop);
    const header = bytes.header(ipv6Extension, "stated");
    const size = c.select(
      isFragment,
      c.i32(ipv6Fragment.size),
      c.select(isAuthentication, header.headerExtensionLength.get().shl(2).add(8), header.headerLength),
    );
    // An authentication header has 12 bytes at least.
    c.if(size.gtU(bytes.length).or(isAuthentication.and(size.ltU(authenticationHeader.size))), stop);
    c.if(isFragment, () => fragmentOffset.set(bytes.header(ipv6Fragment, "stated").fragmentOffset.get()));
    protocol.set(header.nextHeader.get());
    at.set(at.get().add(size));
    left.set(left.get().sub(size));
    c.if(fragmentOffset.get(), () => c.break());
  });
  if (malformed !== "stated") c.leaveIf(bad.get(), malformed);
  return {
    protocol: protocol.get(),
    fragmentOffset: fragmentOffset.get(),
    payload: span(c, at.get(), left.get()),
  };
}
