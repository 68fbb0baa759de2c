/**
 * ARPQuerier(IP, ETH [, keywords TIMEOUT, POLL_TIMEOUT, CAPACITY, TABLE_CAPACITY, BROADCAST]) — finds Ethernet addresses.
 *
 * Input 0 takes IP packets. Each gets an Ethernet header from ETH to the address of the host in its destination
 * annotation. When that is not known, the packet is held and an ARP request is sent for it, from IP and ETH.
 * Input 1 takes ARP responses: they teach the address and let held packets go. Requests leave on output 1 if it
 * is connected, on output 0 otherwise. Addresses are forgotten after TIMEOUT (5 minutes) and asked for again
 * after POLL_TIMEOUT (1 minute) while in use. At most CAPACITY packets (2048) are held, and TABLE_CAPACITY
 * addresses (1024) known.
 *
 * IP may have a prefix length: packets for the broadcast address of that network, or for BROADCAST, go to all hosts. With
 * a name of AddressInfo that has both an IP and an Ethernet address, ARPQuerier(NAME) is enough.
 *
 * Handlers: queries, responses, drops, length (packets held), count (addresses known), ether (read); ipaddr,
 * broadcast (read, write).
 *
 *   ... -> [0] arpq :: ARPQuerier(10.0.0.1, 02:00:00:00:00:01) -> Queue -> ToDevice(0);
 *   arp_responses -> [1] arpq;
 */

import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  formatEtherAddress,
  hashTable,
  keyword,
  live,
  type Packet,
  packetList,
  positional,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64, I64Like } from "@clickos/codegen";
import { type U32Field, u32, u64 } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { arp, arpOperations } from "@clickos/wire/arp";
import { broadcastAddress, ethernet, etherTypes } from "@clickos/wire/ethernet";
import { copyBytes } from "../lib/bytes.ts";
import { dataOf } from "../lib/headers.ts";

const second = 1_000_000_000n;
/** A host is asked for at most this often, in nanoseconds. */
const queryInterval = second / 10n;

/** `ether` is the address as it stands in memory. */
const entryValue = { ether: u64, known: u32, asked: u64, waiting: packetList };

/** Addresses that the table looks at in one turn, in search of those to forget. */
const forgottenAtOnce = 1024;

const state = {
  held: u32,
  queries: u64,
  responses: u64,
  drops: u64,
  table: hashTable({ keyWords: 1, value: entryValue }),
};

type Context = ElementContext<
  { readonly TIMEOUT: bigint; readonly TABLE_CAPACITY: number },
  { readonly query: Uint8Array; readonly eth: Uint8Array },
  typeof state & { ip: U32Field; broadcast: U32Field }
>;

export const ARPQuerier: ElementClass = element({
  name: "ARPQuerier",
  ports: "2/1-2",
  processing: "h/h",
  live: true,
  config: {
    IP: required(live(arg.ipAddressWithPrefix, { handler: "ipaddr" })),
    ETH: positional(arg.etherAddress, undefined),
    CAPACITY: keyword(arg.u32, 2048),
    TABLE_CAPACITY: keyword(arg.u32, 1024),
    TIMEOUT: keyword(arg.time, 300n * second),
    POLL_TIMEOUT: keyword(arg.time, 60n * second),
    BROADCAST: keyword(live(arg.ipAddress), undefined),
  },
  prepare({ config, arguments: args, error, scope }) {
    if (config.CAPACITY > 100_000) error("CAPACITY is more than 100000");
    if (config.TABLE_CAPACITY < 1 || config.TABLE_CAPACITY > 1_000_000)
      error("TABLE_CAPACITY is not between 1 and 1000000");
    // A name may stand for both addresses.
    const ether = config.ETH ?? arg.etherAddress.parse(args[0] ?? "", scope);
    if (!(ether instanceof Uint8Array)) error("argument ETH is missing");
    const { address, mask } = config.IP;
    const ofNetwork = mask === 0xffffffff ? 0xffffffff : (address | ~mask) >>> 0;
    const eth = ether instanceof Uint8Array ? ether : new Uint8Array(6);
    return { eth, broadcast: config.BROADCAST ?? ofNetwork, query: requestFrame(eth, 0) };
  },
  holds: (config) => Math.min(config.CAPACITY, 2048),
  state,
  initial: ({ plan }) => ({ broadcast: plan.broadcast }),
  handlers: {
    queries: { counter: "queries" },
    responses: { counter: "responses" },
    drops: { counter: "drops" },
    length: { gauge: "held", unit: "packets" },
    count: { gauge: "table", unit: "entries" },
    ether: { constant: ({ plan }) => formatEtherAddress(plan.eth) },
  },
  push(c, port, packet, context) {
    const { state, config, clock, output } = context;
    if (port === 1) {
      learn(c, packet, context);
      return;
    }
    const wanted = packet.dstIp.get();
    const ask = (address: I32): void => query(c, address, context);
    const broadcast = wanted.eq(0xffffffff).or(wanted.eq(state.broadcast.get()));
    const key = wanted.swap32();
    const found = state.table.find([key]);
    const now = clock.now();
    const ether = c.var("i64", storedBytes(broadcastAddress), "ether");
    c.if(broadcast.eqz(), () => {
      const entry = c.var("i32", found, "entry");
      c.if(found.eqz(), () => {
        entry.set(makeEntry(c, key, context));
        c.if(entry.get().eqz(), () => {
          state.drops.inc();
          packet.drop("ARP table full");
        });
        state.table.expiresAt(entry.get(), now.add(config.TIMEOUT));
      });
      const value = state.table.value(entry.get());
      c.if(value.known.get().eqz(), () => {
        c.if(state.held.get().geU(config.CAPACITY), () => {
          state.drops.inc();
          packet.drop("too many packets wait for ARP");
        });
        state.held.inc();
        value.waiting.append(packet);
        const asked = value.asked.get();
        c.if(asked.eqz().or(now.sub(asked).geU(queryInterval)), () => {
          value.asked.set(now);
          ask(key);
        });
      });
      // Known, but not confirmed for a while: use it and ask again.
      const stale = now
        .add(config.TIMEOUT - config.POLL_TIMEOUT)
        .geU(state.table.expires(entry.get()))
        .and(now.sub(value.asked.get()).geU(second));
      c.if(stale, () => {
        value.asked.set(now);
        ask(key);
      });
      ether.set(value.ether.get());
    });
    c.if(packet.headroom.ltU(ethernet.size), () => packet.drop("no headroom"));
    encapsulate(packet, ether.get(), context);
    output(0).push(packet);
  },
  timer(c, { state, clock, packets, timer }) {
    const more = state.table.expire(clock.now(), forgottenAtOnce, (entry) => {
      const { waiting } = state.table.value(entry);
      c.loop(() => {
        const first = waiting.shiftOrZero();
        c.if(first.eqz(), () => c.break());
        state.held.inc(-1);
        state.drops.inc();
        packets.take(first, (packet) => packet.drop("no answer to ARP"));
      });
      state.table.remove(entry);
    });
    c.if(state.table.length(), () => timer.after(c.select(more, c.i64(second / 1000n), c.i64(second))));
  },
});

/** An entry for an address that has none, or 0. */
function makeEntry(c: FunctionBuilder, key: I32, { state, config, timer }: Context): I32 {
  const entry = c.var("i32", 0, "made");
  const length = state.table.length();
  c.if(length.eqz(), () => timer.after(second));
  c.if(length.ltU(config.TABLE_CAPACITY), () => entry.set(state.table.findOrAdd([key])));
  return entry.get();
}

/** Puts an Ethernet header before a packet that has room for it. */
function encapsulate(packet: Packet, destination: I64Like, { plan }: Context): void {
  packet.unpull(ethernet.size);
  const header = dataOf(packet).header(ethernet, "stated");
  header.emit({ destination: packet.c.i64(destination), source: plan.eth, etherType: etherTypes.ip });
}

/** A request for no address yet, from `ether` and `ip`. */
function requestFrame(ether: Uint8Array, ip: number): Uint8Array {
  return Uint8Array.of(
    ...ethernet.bytes({ destination: broadcastAddress, source: ether, etherType: etherTypes.arp }),
    ...arp.bytes({ operation: arpOperations.request, senderHardware: ether, senderProtocol: ip }),
  );
}

/** Sends a request for the host whose address is the memory word `address`. */
function query(c: FunctionBuilder, address: I32, { state, plan, data, packets, output, noutputs }: Context): void {
  packets.make(plan.query.length, (request) => {
    copyBytes(c, request.data, data(plan.query, 16), plan.query.length);
    const fields = dataOf(request).header(ethernet, "stated").payload("stated").header(arp, "stated");
    fields.senderProtocol.set(state.ip.get());
    fields.targetProtocol.stored.set(address);
    state.queries.inc();
    output(noutputs - 1).push(request);
  });
}

/** Takes an ARP response: remembers the sender, lets the packets for it go. */
function learn(c: FunctionBuilder, packet: Packet, context: Context): void {
  const { state, config, clock, output, packets } = context;
  const refuse = (): void => packet.drop("not an ARP response");
  const message = dataOf(packet)
    .need(ethernet.size + arp.size, refuse)
    .header(ethernet)
    .payload()
    .header(arp);
  c.if(message.wellFormed().and(message.operation.get().eq(arpOperations.reply)).eqz(), refuse);
  state.responses.inc();
  const key = message.senderProtocol.stored.get();
  const entry = c.var("i32", state.table.find([key]), "entry");
  c.if(entry.get().eqz(), () => entry.set(makeEntry(c, key, context)));
  c.if(entry.get().eqz(), () => packet.drop("ARP table full"));
  const value = state.table.value(entry.get());
  const ether = message.senderHardware.get();
  const now: I64 = clock.now();
  value.ether.set(ether);
  value.known.set(1);
  value.asked.set(now);
  state.table.expiresAt(entry.get(), now.add(config.TIMEOUT));
  packet.kill();
  c.loop(() => {
    const waiting = value.waiting.shiftOrZero();
    c.if(waiting.eqz(), () => c.break());
    state.held.inc(-1);
    packets.take(waiting, (held) => {
      c.if(
        held.headroom.ltU(ethernet.size),
        () => held.drop("no headroom"),
        () => {
          encapsulate(held, ether, context);
          output(0).push(held);
        },
      );
    });
  });
}
