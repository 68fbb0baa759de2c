/**
 * ARPResponder(IP/MASK [IP/MASK...] ETH, ...) — answers ARP requests.
 *
 * Turns a request for an address in one of the prefixes into a response that gives ETH, that of the most specific
 * prefix. A name of AddressInfo that has both an IP and an Ethernet address is enough. Other packets leave on output 1
 * if it is connected and are dropped otherwise.
 *
 * Handlers: table, count (read).
 *
 *   arp_requests -> ARPResponder(10.0.0.1 10.1.0.0/16 02:00:00:00:00:01) -> ToDevice(0);
 */

import {
  type ArgumentType,
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  formatIpPrefix,
  type IpPrefix,
  Mistake,
  readText,
  rest,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import { staged } from "@clickos/codegen";
import { u64 } from "@clickos/layout";
import { copyEther, memoryWord, storeBytes } from "../lib/bytes.ts";
import { arpLength, arpPacket, arpReply, arpRequest } from "./arp-packet.ts";

interface Entry {
  readonly prefixes: readonly IpPrefix[];
  readonly ether: Uint8Array;
}

const addresses = arg.listOf(arg.either(arg.ipPrefix, arg.etherAddress));

/** `IP/MASK... ETH` in any order; a name that is both an IP and an Ethernet address stands for both. */
const entry: ArgumentType<Entry> = {
  expects: "IP/MASK... ETH",
  parse(text, scope) {
    const list = readText(addresses, text, scope);
    if (list instanceof Mistake) return list;
    const prefixes = list.flatMap((a) => (a instanceof Uint8Array ? [] : [a]));
    const ethers = list.flatMap((a) => (a instanceof Uint8Array ? [a] : []));
    if (prefixes.length === 0) return new Mistake("no IP prefix");
    if (ethers.length > 1) return new Mistake("more than one Ethernet address");
    const ether =
      ethers[0] ??
      splitWords(text)
        .map((word) => arg.etherAddress.parse(word, scope))
        .find((a) => a instanceof Uint8Array);
    return ether ? { prefixes, ether } : new Mistake("no Ethernet address");
  },
};

export const ARPResponder: ElementClass = element({
  name: "ARPResponder",
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: { ENTRY: rest(entry) },
  prepare({ config, warning }) {
    // The most specific prefix answers, and of equal ones the last.
    const known = new Map<string, { readonly prefix: IpPrefix; readonly ether: Uint8Array }>();
    config.ENTRY.forEach(({ prefixes, ether }, i) => {
      for (const prefix of prefixes) {
        const text = formatIpPrefix(prefix);
        if (known.has(text)) warning(`several entries for ${text}; the last one counts`, i);
        known.set(text, { prefix, ether });
      }
    });
    return { entries: [...known.values()].sort((a, b) => b.prefix.length - a.prefix.length) };
  },
  state: { count: u64 },
  handlers: {
    count: { counter: "count" },
    table: {
      constant: ({ plan }) =>
        plan.entries.map((e) => `${formatIpPrefix(e.prefix)} ${formatEtherAddress(e.ether)}`).join("\n"),
    },
  },
  action(c, packet, { plan, state, output }) {
    const refuse = (): void => output(1).push(packet, "no ARP request for us");
    c.if(packet.length.ltU(arpLength), refuse);
    const arp = staged(c, arpPacket, packet.data);
    const request = arp.etherType
      .get()
      .eq(0x0806)
      .and(arp.hardware.get().eq(1))
      .and(arp.protocol.get().eq(0x0800))
      .and(arp.operation.get().eq(arpRequest));
    const target = arp.targetIp.get();
    const entry = c.var("i32", plan.entries.length, "entry");
    plan.entries.forEach(({ prefix }, i) => {
      c.if(
        entry
          .get()
          .eq(plan.entries.length)
          .and(target.and(memoryWord(prefix.mask)).eq(memoryWord(prefix.address))),
        () => entry.set(i),
      );
    });
    c.if(request.eqz().or(entry.get().eq(plan.entries.length)), refuse);
    const { offsets } = arpPacket;
    const at = packet.data;
    copyEther(c, at, offsets.etherDst, at, offsets.senderEther);
    copyEther(c, at, offsets.targetEther, at, offsets.senderEther);
    arp.targetIp.set(arp.senderIp.get());
    arp.senderIp.set(target);
    arp.operation.set(arpReply);
    c.switch(
      entry.get(),
      plan.entries.map((e) => () => {
        storeBytes(c, at, e.ether, offsets.etherSrc);
        storeBytes(c, at, e.ether, offsets.senderEther);
      }),
    );
    state.count.inc();
  },
});
