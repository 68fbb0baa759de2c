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
 * Handlers: queries, responses, drops, length (packets held), count (addresses known), ipaddr, broadcast, ether (read).
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
  formatIpAddress,
  hashTable,
  keyword,
  type Packet,
  packetList,
  positional,
  required,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { u16, u32, u64 } from "@clickos/layout";
import { copyBytes, storeBytes } from "../lib/bytes.ts";
import { arpLength, arpPacket, arpReply, arpRequestTemplate } from "./arp-packet.ts";

const second = 1_000_000_000n;
/** A host is asked for at most this often, in nanoseconds. */
const queryInterval = second / 10n;

const entryValue = { etherHigh: u32, etherLow: u16, known: u16, expires: u64, asked: u64, waiting: packetList };

const stateOf = (capacity: number) => ({
  held: u32,
  queries: u64,
  responses: u64,
  drops: u64,
  table: hashTable({ name: "arp", keyWords: 1, value: entryValue, capacity }),
});

type Context = ElementContext<
  { readonly TIMEOUT: bigint },
  { readonly query: Uint8Array; readonly eth: Uint8Array },
  ReturnType<typeof stateOf>
>;

export const ARPQuerier: ElementClass = element({
  name: "ARPQuerier",
  ports: "2/1-2",
  processing: "h/h",
  live: true,
  config: {
    IP: required(arg.ipAddressWithPrefix),
    ETH: positional(arg.etherAddress, undefined),
    CAPACITY: keyword(arg.u32, 2048),
    TABLE_CAPACITY: keyword(arg.u32, 1024),
    TIMEOUT: keyword(arg.time, 300n * second),
    POLL_TIMEOUT: keyword(arg.time, 60n * second),
    BROADCAST: keyword(arg.ipAddress, undefined),
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
    return { eth, broadcast: config.BROADCAST ?? ofNetwork, query: arpRequestTemplate(eth, address) };
  },
  holds: (config) => Math.min(config.CAPACITY, 2048),
  state: ({ config }) => stateOf(config.TABLE_CAPACITY),
  handlers: {
    queries: { counter: "queries" },
    responses: { counter: "responses" },
    drops: { counter: "drops" },
    length: { gauge: "held", unit: "packets" },
    count: { gauge: "table", unit: "entries" },
    ipaddr: { constant: ({ config }) => formatIpAddress(config.IP.address) },
    broadcast: { constant: ({ plan }) => formatIpAddress(plan.broadcast) },
    ether: { constant: ({ plan }) => formatEtherAddress(plan.eth) },
  },
  push(c, port, packet, context) {
    const { state, plan, config, clock, output, timer } = context;
    if (port === 1) {
      learn(c, packet, context);
      return;
    }
    const wanted = packet.dstIp.get();
    const ask = (address: I32): void => query(c, address, context);
    const encapsulate = (high: I32, low: I32): void => {
      c.if(packet.headroom.ltU(14), () => packet.drop("no headroom"));
      packet.unpull(14);
      const at = packet.data;
      c.store32(at, high);
      c.store16(at, low, 4);
      storeBytes(c, at, plan.eth, 6);
      c.store16(at, 0x0008, 12);
    };
    let broadcast = wanted.eq(0xffffffff);
    if (plan.broadcast !== 0xffffffff) broadcast = broadcast.or(wanted.eq(plan.broadcast));
    const key = wanted.swap32();
    const found = state.table.find([key]);
    const now = clock.now();
    const high = c.var("i32", -1, "high");
    const low = c.var("i32", 0xffff, "low");
    c.if(broadcast.eqz(), () => {
      const entry = c.var("i32", found, "entry");
      c.if(found.eqz(), () => {
        entry.set(state.table.insert([key]));
        c.if(entry.get().eqz(), () => {
          state.drops.inc();
          packet.drop("ARP table full");
        });
        state.table.value(entry.get()).expires.set(now.add(config.TIMEOUT));
        timer.after(second);
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
        .geU(value.expires.get())
        .and(now.sub(value.asked.get()).geU(second));
      c.if(stale, () => {
        value.asked.set(now);
        ask(key);
      });
      high.set(value.etherHigh.get());
      low.set(value.etherLow.get());
    });
    encapsulate(high.get(), low.get());
    output(0).push(packet);
  },
  timer(c, { state, clock, packets, timer }) {
    const now = clock.now();
    state.table.sweep(65536, (entry: I32) => {
      const value = state.table.value(entry);
      c.if(now.geU(value.expires.get()), () => {
        c.loop(() => {
          const waiting = value.waiting.shiftOrZero();
          c.if(waiting.eqz(), () => c.break());
          state.held.inc(-1);
          state.drops.inc();
          packets.take(waiting, (packet) => packet.drop("no answer to ARP"));
        });
        state.table.remove(entry);
      });
    });
    c.if(state.table.length(), () => timer.after(second));
  },
});

/** Sends a request for the host whose address is the memory word `address`. */
function query(c: FunctionBuilder, address: I32, { state, plan, data, packets, output, noutputs }: Context): void {
  packets.make(arpLength, (request) => {
    copyBytes(c, request.data, data(plan.query, 16), arpLength);
    staged(c, arpPacket, request.data).targetIp.set(address);
    state.queries.inc();
    output(noutputs - 1).push(request);
  });
}

/** Takes an ARP response: remembers the sender, lets the packets for it go. */
function learn(
  c: FunctionBuilder,
  packet: Packet,
  { state, plan, config, clock, output, timer, packets }: Context,
): void {
  c.if(packet.length.ltU(arpLength), () => packet.drop("not an ARP response"));
  const arp = staged(c, arpPacket, packet.data);
  const ipOverEther = arp.hardware
    .get()
    .eq(1)
    .and(arp.protocol.get().eq(0x0800))
    .and(arp.hardwareLength.get().eq(6))
    .and(arp.protocolLength.get().eq(4));
  c.if(ipOverEther.and(arp.operation.get().eq(arpReply)).eqz(), () => packet.drop("not an ARP response"));
  state.responses.inc();
  const key = arp.senderIp.get();
  const entry = c.var("i32", state.table.find([key]), "entry");
  c.if(entry.get().eqz(), () => {
    entry.set(state.table.insert([key]));
    timer.after(second);
  });
  c.if(entry.get().eqz(), () => packet.drop("ARP table full"));
  const value = state.table.value(entry.get());
  const high = c.load32(arp.senderEther);
  const low = c.load16(arp.senderEther, 4);
  const now: I64 = clock.now();
  value.etherHigh.set(high);
  value.etherLow.set(low);
  value.known.set(1);
  value.asked.set(now);
  value.expires.set(now.add(config.TIMEOUT));
  packet.kill();
  c.loop(() => {
    const waiting = value.waiting.shiftOrZero();
    c.if(waiting.eqz(), () => c.break());
    state.held.inc(-1);
    packets.take(waiting, (held) => {
      c.if(
        held.headroom.ltU(14),
        () => held.drop("no headroom"),
        () => {
          held.unpull(14);
          c.store32(held.data, high);
          c.store16(held.data, low, 4);
          storeBytes(c, held.data, plan.eth, 6);
          c.store16(held.data, 0x0008, 12);
          output(0).push(held);
        },
      );
    });
  });
}
