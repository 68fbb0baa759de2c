/**
 * ARPResponder(IP/MASK [IP/MASK...] ETH, ...) — answers ARP requests.
 *
 * Answers a request for an address in one of the prefixes with a response that gives ETH, that of the most specific prefix. A
 * name of AddressInfo that has both an IP and an Ethernet address is enough. Other packets leave on output 1 if it is
 * connected and are dropped otherwise.
 *
 * Handlers: table (read): a line an entry, as they are looked at; lookup (read, with an IP address): its Ethernet address, or
 * nothing; add (write): `IP/MASK... ETH`; remove (write): `IP/MASK`. Handlers add up to 256 prefixes.
 *
 *   FromDevice(0) -> c :: Classifier(12/0806 20/0001, -) -> ARPResponder(10.0.0.1 10.1.0.0/16 02:00:00:00:00:01)
 *     -> Queue -> ToDevice(0); c [1] -> ...
 */

import {
  annotation,
  arg,
  type ElementClass,
  element,
  formatEtherAddress,
  formatIpPrefix,
  Mistake,
  readText,
  rest,
} from "@clickos/click-core/element";
import { array, struct, u32, u64 } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { arp, arpOperations, arpTypes } from "@clickos/wire/arp";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { storedEther } from "../lib/ether-address.ts";
import { refuse } from "../lib/handlers.ts";
import { dataOf } from "../lib/headers.ts";
import { type ArpEntry, inLookupOrder, readArpEntries } from "./entries.ts";

/** Entries that handlers may add. */
const spare = 256;

const stored = struct({ ether: u64, address: u32, mask: u32 }, { name: "entry" });

/** The entries of a state: how many there are, and places for more. */
interface HostEntries {
  count: number;
  readonly entries: { ether: bigint; address: number; mask: number }[];
}

const asStored = ({ address, mask, ether }: ArpEntry) => ({ address, mask, ether: storedBytes(ether) });

function entriesOf({ count, entries }: HostEntries): ArpEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const { address, mask, ether } = entries[i] as (typeof entries)[number];
    return { address, mask, ether: storedEther(ether) };
  });
}

function setEntries(s: HostEntries, entries: readonly ArpEntry[]): void {
  if (entries.length > s.entries.length) throw "out of memory!";
  s.count = entries.length;
  entries.forEach((entry, i) => {
    s.entries[i] = asStored(entry);
  });
}

const textOf = ({ address, mask }: Omit<ArpEntry, "ether">): string =>
  formatIpPrefix({ address, mask, length: mask === 0 ? 0 : Math.clz32(~mask) });

export const ARPResponder: ElementClass = element({
  name: "ARPResponder",
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: { ENTRY: rest(arg.raw) },
  prepare({ arguments: args, scope, error, warning }) {
    const entries = args.flatMap((text, i) => {
      const read = readArpEntries(text, scope);
      if (typeof read !== "string") return read;
      error(`argument ${i}: ${read}`, i);
      return [];
    });
    return { entries: inLookupOrder(entries, (entry) => warning(`multiple entries for ${textOf(entry)}`)) };
  },
  state: ({ plan }) => ({ count: u32, entries: array(stored, plan.entries.length + spare) }),
  initial: ({ plan }) => ({ count: plan.entries.length, entries: plan.entries.map(asStored) }),
  handlers: {
    table: {
      read: (s) =>
        entriesOf(s)
          .map((entry) => `${textOf(entry)} ${formatEtherAddress(entry.ether)}\n`)
          .join(""),
    },
    lookup: {
      flags: "+",
      read(s, { scope }, text) {
        const address = readText(arg.ipAddress, text.trim(), scope);
        if (address instanceof Mistake) throw "expected IP address";
        const found = entriesOf(s).find((entry) => (address & entry.mask) >>> 0 === entry.address);
        return found ? formatEtherAddress(found.ether) : "";
      },
    },
    add: {
      flags: "",
      write(s, text, { scope }) {
        const entries = readArpEntries(text, scope);
        if (typeof entries === "string") refuse(entries);
        setEntries(s, inLookupOrder([...entriesOf(s), ...entries]));
      },
    },
    remove: {
      flags: "",
      write(s, text, { scope }) {
        const prefix = readText(arg.ipPrefix, text.trim(), scope);
        if (prefix instanceof Mistake) throw "expected IP/MASK";
        const entries = entriesOf(s);
        const at = entries.findIndex((e) => e.address === prefix.address && e.mask === prefix.mask);
        if (at < 0) throw `${textOf(prefix)} not found`;
        setEntries(s, entries.toSpliced(at, 1));
      },
    },
  },
  action(c, packet, { state, output, packets }) {
    const refuse = (): void => output(1).push(packet, "no ARP request for us");
    const request = dataOf(packet)
      .need(ethernet.size + arp.size, refuse)
      .header(ethernet);
    const asked = request.payload().header(arp);
    const isRequest = request.etherType
      .get()
      .eq(etherTypes.arp)
      .and(asked.hardwareType.get().eq(arpTypes.ethernet))
      .and(asked.protocolType.get().eq(arpTypes.ip))
      .and(asked.operation.get().eq(arpOperations.request));
    c.if(isRequest.eqz(), refuse);
    const target = asked.targetProtocol.get();
    const found = c.var("i32", 0, "found");
    const ether = c.var("i64", 0n, "ether");
    c.for(0, state.count.get(), 1, (i) => {
      const entry = state.entries.at(i);
      c.if(target.and(entry.mask.get()).eq(entry.address.get()), () => {
        ether.set(entry.ether.get());
        found.set(1);
        c.break();
      });
    });
    c.if(found.get().eqz(), refuse);
    packets.make(ethernet.size + arp.size, (response) => {
      const header = dataOf(response).header(ethernet, "stated");
      header.emit({ destination: asked.senderHardware.get(), source: ether.get(), etherType: etherTypes.arp });
      const answer = header.payload("stated").header(arp, "stated");
      answer.emit({
        operation: arpOperations.reply,
        senderHardware: ether.get(),
        senderProtocol: target,
        targetHardware: asked.senderHardware.get(),
        targetProtocol: asked.senderProtocol.get(),
      });
      response.device.set(packet.device.get());
      response.annotation16(annotation.vlanTci).set(packet.annotation16(annotation.vlanTci).get());
      output(0).push(response);
    });
    packet.kill();
  },
});
