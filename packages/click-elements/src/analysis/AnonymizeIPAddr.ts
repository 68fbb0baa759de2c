/**
 * AnonymizeIPAddr([keywords CLASS, PRESERVE_8, SEED]) — puts other addresses in the place of those in IP packets.
 *
 * Each address is mapped to another one, by chance, and always to the same. Prefixes are kept: addresses whose first n bits are alike are mapped
 * to such that share their first n bits. 0.0.0.0 and 255.255.255.255 stay what they are. Source and destination are replaced, and in ICMP
 * errors those of the packet that the error is about; checksums are updated. Packets must have their IP header marked; those that are not
 * of IP version 4 leave on output 1, or are dropped where that is not connected.
 *
 * CLASS N keeps the first ones of an address, as many as N: 1 keeps class A apart from others, 2 class B too, 3 class C, 4 class D; at most
 * 32. PRESERVE_8 lists numbers of networks of 8 bits that stay what they are. Networks near to them are mapped among each other only, as
 * prefixes are kept: with `PRESERVE_8 18`, 19 stays 19, and 16 and 17 may change places. SEED is accepted.
 *
 * What is drawn follows from RandomSeed. The mapping does not hide much from who can send packets, or who knows the traffic.
 *
 *   FromDump(in.pcap, STOP true, FORCE_IP true) -> AnonymizeIPAddr(CLASS 4) -> ToDump(out.pcap)
 */
import {
  accepted,
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  emptyScope,
  keyword,
  readText,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { u8, u32 } from "@clickos/layout";
import type { StagedHeader } from "@clickos/wire";
import { doubleWordChange, foldSum, updatedChecksum } from "@clickos/wire/checksum";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { icmpErrorTypes } from "../emit/icmp-error.ts";
import { transportOf } from "../lib/headers.ts";
import { findAddress, makeTree, treeNode } from "./address-tree.ts";

const mostBits = 32;
/** A number of CLASS that is another name for the most. */
const allBits = 99;
/** A network of 8 bits, and what is within it. */
const [networkShift, hosts] = [24, 0x00ffffff];
/** Bytes of a message about an error before the packet that it is about, and those of that packet behind its IP header. */
const [messageBytes, aboutBytes] = [icmp.size + 4, 8];

const state = { root: anew(u32), full: u8 };
interface Plan {
  /** The first address of the tree, and the bits that what it is mapped to has instead of what is drawn. */
  readonly first: number;
  readonly fixed: { readonly mask: number; readonly value: number };
  /** Other networks that stay. */
  readonly networks: readonly number[];
}
type Context = ElementContext<unknown, Plan, typeof state>;

export const AnonymizeIPAddr: ElementClass = element({
  name: "AnonymizeIPAddr",
  ports: "1/1-2",
  processing: "a/a",
  config: {
    CLASS: keyword(arg.i32, 0),
    PRESERVE_8: keyword(arg.raw, ""),
    SEED: accepted(arg.bool, "RandomSeed seeds what is drawn"),
  },
  prepare({ config, error, complaint }): Plan {
    const bits = config.CLASS === allBits ? mostBits : config.CLASS;
    if (bits > mostBits) complaint(`CLASS must be between 0 and ${mostBits}`);
    const numbers = splitWords(config.PRESERVE_8).map((word) => readText(arg.i32, word, emptyScope));
    if (numbers.some((number) => typeof number !== "number" || number < 0 || number > 255))
      error("PRESERVE_8 expects integer between 0 and 255");
    const networks = numbers.map((number) => (Number(number) << networkShift) >>> 0);
    // As many ones as are kept; of 32, as a shift by as many does nothing there, none.
    const ones = ~(0xffffffff >>> bits) >>> 0;
    if (bits > 0) return { first: ones, fixed: { mask: ones, value: ones }, networks };
    const [first, ...others] = networks;
    if (first === undefined) return { first: 1, fixed: { mask: 0, value: 0 }, networks };
    return { first, fixed: { mask: ~hosts, value: first }, networks: others };
  },
  state,
  init(c, context) {
    const { state, plan } = context;
    const { first, fixed, networks } = plan;
    state.root.set(makeTree(c, context, first, (drawn) => drawn.and(~fixed.mask).or(fixed.value)));
    for (const network of networks)
      keepNetwork(c, findAddress(c, context, state.root.get(), c.i32(network)).node, network);
  },
  action(c, packet, context) {
    const { noutputs, isPush, output } = context;
    const refuse = (): void => {
      if (noutputs > 1 && isPush(1)) output(1).push(packet);
      else packet.drop("no packet of IP version 4");
    };
    c.if(packet.network.eqz(), refuse);
    const { ip } = packet;
    c.if(ip.version.get().ne(ipv4.fields.version.is as number), refuse);
    ip.checksum.stored.set(updatedChecksum(ip.checksum.stored.get(), anonymize(c, context, ip)));
    const message = transportOf(packet);
    c.if(
      ip.protocol
        .get()
        .eq(ipProtocols.icmp)
        .and(message.has(messageBytes + ipv4.size)),
      () => {
        const { type, checksum } = message.header(icmp, "stated");
        const about = message
          .need(messageBytes + ipv4.size, "stated")
          .advance(messageBytes)
          .header(ipv4);
        const length = about.ihl.get().mul(ipv4.table.headerLength.unit);
        const isError = icmpErrorTypes.reduce((any, e) => any.or(type.get().eq(e)), c.i32(0));
        const isWhole = length.geU(ipv4.size).and(message.length.geS(length.add(messageBytes + aboutBytes)));
        c.if(isError.and(isWhole), () =>
          checksum.stored.set(updatedChecksum(checksum.stored.get(), anonymize(c, context, about))),
        );
      },
    );
  },
});

/** A network is mapped to itself. */
function keepNetwork(c: FunctionBuilder, node: I32, network: number): void {
  c.if(node, () => {
    const { output } = staged(c, treeNode, node);
    output.set(output.get().and(hosts).or(network));
  });
}

/** Maps a header's addresses; the result is what that changes in its sum. */
function anonymize(c: FunctionBuilder, context: Context, ip: StagedHeader<typeof ipv4.table>): I32 {
  const change = c.var("i32", 0, "change");
  for (const { stored } of [ip.source, ip.destination]) {
    const before = c.var("i32", stored.get(), "before");
    const found = findAddress(c, context, context.state.root.get(), before.get().swap32());
    c.if(found.failed.and(context.state.full.get().eqz()), () => {
      context.state.full.set(1);
      context.line().text("AnonymizeIPAddr: out of memory!").end();
    });
    const after = c.var("i32", found.output.swap32(), "after");
    stored.set(after.get());
    change.inc(doubleWordChange(before.get(), after.get()));
  }
  return foldSum(change.get());
}
