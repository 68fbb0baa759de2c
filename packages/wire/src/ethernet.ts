/**
 * Ethernet II frames and VLAN tags.
 *
 * A tag stands where the type would, and its own type follows it: tags nest, outermost first.
 *
 * @packageDocumentation
 */
import type { I32, I64 } from "@clickos/codegen";
import { type Format, format, type HeaderResult } from "./format.ts";
import { type Otherwise, type Span, span } from "./span.ts";
import { stored16 } from "./staged-field.ts";
import type { StagedHeader } from "./staged-header.ts";
import type { HeaderView } from "./view.ts";

const ethernetTable = {
  name: "Ethernet",
  reference: "IEEE 802.3 section 3.1",
  fields: {
    destination: { bytes: 6, rfc: "Destination Address" },
    source: { bytes: 6, rfc: "Source Address" },
    etherType: { bits: 16, rfc: "Length/Type" },
  },
} as const;
export const ethernet: Format<typeof ethernetTable> = format(ethernetTable);

const vlanTable = {
  name: "VLAN",
  reference: "IEEE 802.1Q section 9.6",
  fields: {
    pcp: { bits: 3, rfc: "Priority Code Point" },
    dei: { bits: 1, rfc: "Drop Eligible Indicator" },
    vid: { bits: 12, rfc: "VLAN Identifier" },
    etherType: { bits: 16, rfc: "Length/Type" },
    tci: { over: ["pcp", "vid"], rfc: "Tag Control Information" },
  },
} as const;
/** What follows a type that says a tag comes. */
export const vlan: Format<typeof vlanTable> = format(vlanTable);

const addressTable = {
  name: "Ethernet address",
  reference: "IEEE 802 section 8.2",
  fields: { mac: { bytes: 6, rfc: "MAC address" } },
} as const;
/** An address that stands alone. */
export const etherAddress: Format<typeof addressTable> = format(addressTable);

/** IEEE's register of types. */
export const etherTypes = {
  ip: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ip6: 0x86dd,
  macControl: 0x8808,
  mpls: 0x8847,
  pppoeDiscovery: 0x8863,
  pppoeSession: 0x8864,
  serviceVlan: 0x88a8,
  transparentEthernet: 0x6558,
} as const;

export const broadcastAddress: Uint8Array = new Uint8Array(6).fill(0xff);

/** Whether an address, as it stands in memory, is one of a group: broadcast or multicast. */
export function isGroup(stored: I64): I32 {
  return stored.toI32().and(1);
}

/**
 * Puts a tag into a frame that starts 4 bytes before its addresses: they move to its start. The tag is to be filled in; its type, which
 * was the frame's, is there.
 */
export function insertTag(
  frame: StagedHeader<typeof ethernetTable>,
  etherType: number,
): StagedHeader<typeof vlanTable> {
  const { c } = frame.span;
  const { address } = frame;
  const low = c.load64(address, vlan.size);
  const high = c.load32(address, vlan.size + 8);
  c.store64(address, low);
  c.store32(address, high, 8);
  frame.etherType.set(etherType);
  return frame.payload("stated").header(vlan, "stated");
}

/** Takes the outermost tag out of a frame: it starts 4 bytes later then. */
export function removeTag(frame: StagedHeader<typeof ethernetTable>): void {
  const { c } = frame.span;
  const { address } = frame;
  const low = c.load64(address);
  const high = c.load32(address, 8);
  c.store64(address, low, vlan.size);
  c.store32(address, high, vlan.size + 8);
}

/** What a frame carries after its tags, which are given outermost first. */
export function readTags(frame: HeaderView<typeof ethernetTable>): HeaderResult<{
  readonly etherType: number;
  readonly tags: readonly HeaderView<typeof vlanTable>[];
  readonly payload: Uint8Array;
}> {
  const tags: HeaderView<typeof vlanTable>[] = [];
  let { etherType, payload } = frame;
  while (etherType === etherTypes.vlan || etherType === etherTypes.serviceVlan) {
    const tag = vlan.read(payload);
    if (!tag.ok) return tag;
    tags.push(tag.header);
    ({ etherType, payload } = tag.header);
  }
  return { ok: true, header: { etherType, tags, payload } };
}

/** The same in staged code: goes past any number of tags. */
export function skipTags(
  frame: StagedHeader<typeof ethernetTable>,
  tooShort: Otherwise,
): { readonly etherType: I32; readonly payload: Span } {
  const { c } = frame.span;
  const first = frame.payload();
  const etherType = c.var("i32", frame.etherType.stored.get(), "etherType");
  const at = c.var("i32", first.address, "tag");
  const left = c.var("i32", first.length, "tagBytes");
  const short = c.var("i32", 0, "short");
  c.loop(() => {
    const type = etherType.get();
    c.if(type.ne(stored16(etherTypes.vlan)).and(type.ne(stored16(etherTypes.serviceVlan))), () => c.break());
    const bytes = span(c, at.get(), left.get());
    c.if(bytes.has(vlan.size).eqz(), () => {
      short.set(1);
      c.break();
    });
    const tag = bytes.header(vlan, "stated");
    etherType.set(tag.etherType.stored.get());
    at.inc(vlan.size);
    left.inc(-vlan.size);
  });
  if (tooShort !== "stated") c.leaveIf(short.get(), tooShort);
  return { etherType: etherType.get().swap16(), payload: span(c, at.get(), left.get()) };
}

/** Exchanges a frame's addresses: their twelve bytes are moved as eight and four. */
export function exchangeAddresses({ span: { c }, address }: StagedHeader<typeof ethernetTable>): void {
  const low = c.load64(address);
  const high = c.load32(address, 8).toI64();
  c.store64(address, low.shrU(48).or(high.shl(16)).or(low.shl(48)));
  c.store32(address, low.shrU(16).toI32(), 8);
}
