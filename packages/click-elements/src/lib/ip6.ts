/** What several elements do with IPv6 headers and addresses in staged code. */
import { annotation, type Packet } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { type Struct, struct, type U64Field, u64 } from "@clickos/layout";
import { type StagedHeader, span, storeBytes, storedBytes } from "@clickos/wire";
import { foldSum, sumFunction } from "@clickos/wire/checksum";
import { ipv6 } from "@clickos/wire/ipv6";
import { type Ip6Prefix, ip6AddressSize } from "./ip6-address.ts";

export type StagedIp6 = StagedHeader<(typeof ipv6)["table"]>;

/** The marked header; `wrong` leaves where none is marked, or the packet ends before it does. */
export function ip6Of(packet: Packet, wrong: () => void): StagedIp6 {
  const { c, network } = packet;
  c.if(network.eqz(), wrong);
  return span(c, network, packet.data.add(packet.length).sub(network)).header(ipv6, wrong);
}

/** The two halves of an address. */
const halves: Struct<{ first: U64Field; second: U64Field }> = struct(
  { first: u64, second: u64 },
  { name: "ip6Address" },
);

export interface StagedIp6Address {
  readonly first: I64;
  readonly second: I64;
}

/** The address at a place, as it stands in memory. */
export function loadIp6(c: FunctionBuilder, at: I32): StagedIp6Address {
  const { first, second } = staged(c, halves, at);
  return { first: first.get(), second: second.get() };
}

export function storeIp6(c: FunctionBuilder, at: I32, { first, second }: StagedIp6Address): void {
  const place = staged(c, halves, at);
  place.first.set(first);
  place.second.set(second);
}

/** The place of the destination address annotation. */
export const ip6Annotation = (packet: Packet): I32 => packet.annotationAddress.add(annotation.dstIp6);

/** Whether an address is one that is known when the code is made. */
export function isIp6(c: FunctionBuilder, address: StagedIp6Address, bytes: Uint8Array): I32 {
  return isInPrefix(c, address, { address: bytes, length: ip6AddressSize * 8 });
}

/** Whether an address is in a prefix. */
export function isInPrefix(c: FunctionBuilder, { first, second }: StagedIp6Address, prefix: Ip6Prefix): I32 {
  const mask = Uint8Array.from(
    prefix.address,
    (_, i) => (0xff00 >> Math.min(Math.max(prefix.length - i * 8, 0), 8)) & 0xff,
  );
  const half = (value: I64, from: number): I32 => {
    const bytes = storedBytes(mask.subarray(from, from + 8));
    if (bytes === 0n) return c.i32(1);
    return value.and(bytes).eq(storedBytes(prefix.address.subarray(from, from + 8)));
  };
  return half(first, 0).and(half(second, 8));
}

export function storeKnownIp6(c: FunctionBuilder, at: I32, address: Uint8Array): void {
  storeBytes(c, at, address);
}

/** A checksum over IPv6's pseudo-header (RFC 8200 section 8.1) and so many bytes, as it is stored; the field counts as it is. */
export function ip6Checksum(c: FunctionBuilder, ip: StagedIp6, protocol: number, address: I32, length: I32): I32 {
  const addresses = c.call(sumFunction(c), ip.source.address, c.i32(2 * ip6AddressSize));
  const sum = c.call(sumFunction(c), address, length);
  return foldSum(
    addresses
      .add(sum)
      .add(length.swap16())
      .add(protocol << 8),
  ).xor(0xffff);
}

/** What an IPv4-mapped address has before the IPv4 address, as it is stored. */
const mappedMark = 0xffff_0000n;

/** Writes the IPv4-mapped address (RFC 4291 section 2.5.5.2) of an IPv4 address that is as it is stored. */
export function storeMappedIp6(c: FunctionBuilder, at: I32, ipv4: I32): void {
  storeIp6(c, at, { first: c.i64(0n), second: ipv4.toI64().shl(32n).or(mappedMark) });
}

/** The IPv4 address in an IPv4-mapped one, as it is stored; 0 where it is none. */
export function mappedIp4(c: FunctionBuilder, { first, second }: StagedIp6Address): I32 {
  const isMapped = first.eqz().and(second.and(0xffff_ffffn).eq(mappedMark));
  return c.select(isMapped, second.shrU(32n).toI32(), c.i32(0));
}
