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
import { u64 } from "@clickos/layout";
import { stored32 } from "@clickos/wire";
import { arp, arpOperations, arpTypes } from "@clickos/wire/arp";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { dataOf } from "../lib/headers.ts";

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
    const ether = dataOf(packet)
      .need(ethernet.size + arp.size, refuse)
      .header(ethernet);
    const message = ether.payload().header(arp);
    const request = ether.etherType
      .get()
      .eq(etherTypes.arp)
      .and(message.hardwareType.get().eq(arpTypes.ethernet))
      .and(message.protocolType.get().eq(arpTypes.ip))
      .and(message.operation.get().eq(arpOperations.request));
    const target = message.targetProtocol.stored.get();
    const entry = c.var("i32", plan.entries.length, "entry");
    plan.entries.forEach(({ prefix }, i) => {
      c.if(
        entry
          .get()
          .eq(plan.entries.length)
          .and(target.and(stored32(prefix.mask)).eq(stored32(prefix.address))),
        () => entry.set(i),
      );
    });
    c.if(request.eqz().or(entry.get().eq(plan.entries.length)), refuse);
    ether.destination.set(message.senderHardware);
    message.targetHardware.set(message.senderHardware);
    message.targetProtocol.set(message.senderProtocol.get());
    message.senderProtocol.stored.set(target);
    message.operation.set(arpOperations.reply);
    c.switch(
      entry.get(),
      plan.entries.map((e) => () => {
        ether.source.set(e.ether);
        message.senderHardware.set(e.ether);
      }),
    );
    state.count.inc();
  },
});
