/**
 * IP6NDSolicitor(IP, ETH) — finds the Ethernet addresses of IPv6 packets' destinations, by neighbor solicitations.
 *
 * Input 0 takes IPv6 packets, whose destination address annotation says who they are for. Where that neighbor's Ethernet address is known,
 * the packet leaves on output 0 behind an Ethernet header with the source ETH. Otherwise it waits, the latest one of each neighbor,
 * and a solicitation from IP and ETH leaves on the last output. Input 1 takes Ethernet frames, and learns from advertisements of
 * those who were asked for.
 *
 * An address that is older than a minute is asked for again once it is used, and one of two minutes is forgotten. So are neighbors that
 * do not answer for two minutes, and the oldest where more than 2,048 are known or asked for.
 *
 * Handlers: table, stats (read).
 *
 *   ... -> GetIP6Address(24) -> [0] n :: IP6NDSolicitor(3ffe:1ce1:2::1, 00:e0:29:05:e5:6f) -> Queue -> ToDevice(0);
 *   FromDevice(0) -> c :: Classifier(12/86dd 20/3aff 54/88, -) -> [1] n; c [1] -> ...
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  formatEtherAddress,
  hashTable,
  type Packet,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import {
  icmpv6,
  icmpv6Types,
  linkLayerOption,
  neighborAdvertisement,
  neighborSolicitation,
} from "@clickos/wire/icmpv6";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "../lib/headers.ts";
import { ip6Annotation, ip6Checksum } from "../lib/ip6.ts";
import { formatIp6Address, ip6Address, ip6AddressSize } from "../lib/ip6-address.ts";

const second = 1_000_000_000n;
const tick = 15n * second;
const freshFor = 60n * second;
const knownFor = 120n * second;
const capacity = 2048;
const expiredAtOnce = 2048;
const hopLimit = 0xff;
const protocol = ipProtocols["ipv6-icmp"];
const messageSize = icmpv6.size + neighborSolicitation.size + linkLayerOption.size;
/** The first bytes of a solicited-node multicast address (RFC 4291 section 2.7.1); the last three are the target's. */
const solicitedNode = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
/** The Ethernet address that goes with it (RFC 2464 section 7). */
const solicitedEther = Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 0);
const targetBytes = 3;
/** Lists of Click's table, in the order of which it shows the neighbors. */
const lists = 256;

/** What is known of a neighbor: whether it has answered, and what; the packet that waits; when it was asked because it is old. */
const neighbor = { known: u32, packet: u32, number: u32, ether: u64, answered: u64, asked: u64 };
const state = {
  neighbors: anew(hashTable({ keyWords: ip6AddressSize / 4, value: neighbor })),
  lastTick: u64,
  made: u32,
  killed: u32,
  queries: u32,
};
type Context = ElementContext<{ readonly IP: Uint8Array; readonly ETH: Uint8Array }, unknown, typeof state>;

export const IP6NDSolicitor: ElementClass = element({
  name: "IP6NDSolicitor",
  ports: "2/1-2",
  processing: "h/h",
  flow: "xy/x",
  config: { IP: required(ip6Address), ETH: required(arg.etherAddress) },
  state,
  handlers: {
    table: {
      kind: "table",
      read: (s) => {
        const lines = [...s.neighbors.entries()].map((entry) => {
          const bytes = new Uint8Array(Uint32Array.from(entry.key()).buffer);
          const { known, ether, number } = entry.value;
          const address = Uint8Array.from({ length: 6 }, (_, i) => Number((ether >> BigInt(i * 8)) & 0xffn));
          const list = ((bytes[0] as number) + (bytes[ip6AddressSize - 1] as number)) % lists;
          return { list, number, text: `${formatIp6Address(bytes)} ${known} ${formatEtherAddress(address)}\n` };
        });
        return lines
          .sort((a, b) => a.list - b.list || b.number - a.number)
          .map(({ text }) => text)
          .join("");
      },
    },
    stats: { read: (s) => `${s.killed} packets killed\n${s.queries} ND Solicitation Message sent\n` },
  },
  init: (_c, { timer }) => timer.after(tick),
  endless: () => true,
  timer(c, context) {
    const { state, clock, timer } = context;
    const now = clock.now();
    state.lastTick.set(now);
    state.neighbors.expire(now, expiredAtOnce, (entry) => forget(c, context, entry));
    timer.again(tick);
  },
  push(c, port, packet, context) {
    if (port === 0) pass(c, context, packet);
    else learn(c, context, packet);
  },
});

/** Forgets a neighbor, and the packet that waits for it. */
function forget(c: FunctionBuilder, { state, packets }: Context, entry: I32): void {
  const waiting = state.neighbors.value(entry).packet.get();
  c.if(waiting, () => packets.take(waiting, (packet) => packet.drop("no answer came")));
  state.neighbors.remove(entry);
}

/** Sends a packet to its neighbor, or has it wait. */
function pass(c: FunctionBuilder, context: Context, packet: Packet): void {
  const { state, packets, clock } = context;
  const { neighbors } = state;
  const wanted = ip6Annotation(packet);
  const key = Array.from({ length: ip6AddressSize / 4 }, (_, i) => c.load32(wanted.add(i * 4)));
  const entry = neighbors.findOrAdd(key, (added) => {
    state.made.inc();
    neighbors.value(added).number.set(state.made.get());
    neighbors.expiresAt(added, clock.now().add(knownFor));
    c.if(neighbors.length().gtU(capacity), () => {
      const first = neighbors.first();
      c.if(first.ne(0).and(first.ne(added)), () => forget(c, context, first));
    });
  });
  c.if(entry.eqz(), () => packet.drop("no room for another neighbor"));
  const its = neighbors.value(entry);
  const ask = c.var("i32", its.known.get().eqz(), "ask");
  c.if(its.known.get(), () => {
    const isOld = state.lastTick.get().gtS(its.answered.get().add(freshFor));
    c.if(isOld.and(its.asked.get().ltS(state.lastTick.get())), () => {
      its.asked.set(state.lastTick.get());
      ask.set(1);
    });
  });
  c.if(ask.get(), () => solicit(c, context, wanted));
  c.if(its.known.get(), () => {
    const ether = its.ether.get();
    packets.room(packet, { head: ethernet.size }, (packet) => {
      packet.unpull(ethernet.size);
      const header = dataOf(packet).header(ethernet, "stated");
      header.emit({ destination: ether, source: context.config.ETH, etherType: etherTypes.ip6 });
      context.output(0).push(packet);
    });
  });
  const before = its.packet.get();
  c.if(before, () => {
    state.killed.inc();
    packets.take(before, (packet) => packet.drop("another packet waits"));
  });
  its.packet.set(packet.store());
}

/** Sends a solicitation for the address at a place. */
function solicit(c: FunctionBuilder, { state, packets, config, output, noutputs }: Context, wanted: I32): void {
  const size = ethernet.size + ipv6.size + messageSize;
  state.queries.inc();
  packets.make(size, (query) => {
    const bytes = dataOf(query).need(size, "stated");
    const frame = bytes.header(ethernet);
    frame.emit({ destination: solicitedEther, source: config.ETH, etherType: etherTypes.ip6 });
    const ip = bytes.advance(ethernet.size).header(ipv6);
    const values = { payloadLength: messageSize, nextHeader: protocol, hopLimit };
    ip.emit({ ...values, source: config.IP, destination: solicitedNode });
    const last = wanted.add(ip6AddressSize - targetBytes);
    c.copy(frame.destination.address.add(solicitedEther.length - targetBytes), last, targetBytes);
    c.copy(ip.destination.address.add(ip6AddressSize - targetBytes), last, targetBytes);
    const head = bytes.advance(ethernet.size + ipv6.size).header(icmpv6);
    head.emit({ type: icmpv6Types.neighborSolicitation });
    const body = head.payload();
    const asked = body.header(neighborSolicitation);
    asked.emit({});
    c.copy(asked.target.address, wanted, ip6AddressSize);
    body.advance(neighborSolicitation.size).header(linkLayerOption).emit({ linkLayerAddress: config.ETH });
    head.checksum.stored.set(ip6Checksum(c, ip, protocol, head.address, c.i32(messageSize)));
    output(noutputs - 1).push(query);
  });
}

/** Takes over what an advertisement says, and sends the packet that waits for it. */
function learn(c: FunctionBuilder, context: Context, packet: Packet): void {
  const { state, packets, clock, line } = context;
  const { neighbors } = state;
  const none = (): void => packet.kill();
  const size = ethernet.size + ipv6.size + icmpv6.size + neighborAdvertisement.size + linkLayerOption.size;
  const bytes = dataOf(packet).need(size, none);
  const isIp6 = bytes.header(ethernet).etherType.get().eq(etherTypes.ip6);
  const message = bytes.advance(ethernet.size + ipv6.size).header(icmpv6);
  c.if(isIp6.and(message.type.get().eq(icmpv6Types.neighborAdvertisement)).eqz(), none);
  const body = message.payload();
  const { target } = body.header(neighborAdvertisement);
  const key = Array.from({ length: ip6AddressSize / 4 }, (_, i) => c.load32(target.address.add(i * 4)));
  const found = neighbors.find(key);
  c.if(found.eqz(), none);
  const entry = neighbors.entryOf(found);
  const its = neighbors.value(entry);
  const ether = body.advance(neighborAdvertisement.size).header(linkLayerOption).linkLayerAddress.get();
  c.if(its.known.get().and(its.ether.get().ne(ether)), () => line().text("IP6NDSolicitor overwriting an entry").end());
  its.ether.set(ether);
  its.known.set(1);
  its.answered.set(clock.now());
  neighbors.expiresAt(entry, clock.now().add(knownFor));
  const waiting = its.packet.get();
  its.packet.set(0);
  packet.kill();
  c.if(waiting, () => packets.take(waiting, (held) => pass(c, context, held)));
}
