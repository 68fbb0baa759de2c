/** What a PPPoE server does for each packet: out of a session, and into one. `npm run bench -- --only bras` guards it. */
import type { Packet } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { storedBytes } from "@clickos/wire";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipv4 } from "@clickos/wire/ipv4";
import { ppp, pppoe, pppProtocols } from "@clickos/wire/ppp";
import { dataOf } from "../lib/headers.ts";
import { discover, isSession } from "./discovery.ts";
import { controlFrame } from "./negotiation.ts";
import { encapsulation } from "./ppp-frames.ts";
import { phases, type ServerContext, type StagedSession, sessionAt } from "./session-state.ts";

type Way = "up" | "down";

/** Takes a packet's bytes from what the subscriber may have; `over` leaves. Counts it. */
function account(
  c: FunctionBuilder,
  packet: Packet,
  its: StagedSession,
  way: Way,
  { clock }: ServerContext,
  over: () => void,
): void {
  const [rate, count] = way === "up" ? [its.upRate, its.upCount] : [its.downRate, its.downCount];
  c.if(rate.idle().eqz(), () => {
    count.refill(rate, clock.now());
    c.if(count.removeIf(rate, packet.length).eqz(), over);
  });
  const [packets, bytes] = way === "up" ? [its.upPackets, its.upBytes] : [its.downPackets, its.downBytes];
  packets.inc();
  bytes.inc(packet.length.toI64());
}

/** A frame of a host. */
export function subscriberFrame(c: FunctionBuilder, packet: Packet, context: ServerContext): void {
  const { config, clock, output } = context;
  const other = (): void => output(2).push(packet, "no frame of PPPoE");
  const bytes = dataOf(packet).need(ethernet.size + pppoe.size, other);
  const ether = bytes.header(ethernet);
  const isForUs = ether.destination.get().eq(storedBytes(config.ETH));
  const head = ether.payload().header(pppoe);
  const type = ether.etherType.get();
  c.if(type.eq(etherTypes.pppoeDiscovery), () => discover(c, packet, ether, head, isForUs, context));
  c.if(type.ne(etherTypes.pppoeSession), other);
  c.if(head.wellFormed().and(head.code.get().eqz()).and(isForUs).eqz(), () => packet.drop("not for this concentrator"));
  const number = c.var("i32", head.sessionId.get(), "number").get();
  c.if(isSession(c, number, ether.source.get(), context).eqz(), () => packet.drop("no such session"));
  const its = sessionAt(context, number);
  its.heard.set(clock.now());
  its.missed.set(0);
  const isIp = bytes.has(encapsulation + ipv4.size).and(
    bytes
      .advance(ethernet.size + pppoe.size)
      .header(ppp, "stated")
      .protocol.get()
      .eq(pppProtocols.ip),
  );
  c.if(isIp.and(its.phase.get().eq(phases.open)).eqz(), () => controlFrame(c, packet, ether, head, number, context));
  const malformed = (): void => packet.drop("malformed PPPoE");
  const ipBytes = head.length.get().sub(ppp.size);
  c.if(ipBytes.gtU(packet.length.sub(encapsulation)).or(ipBytes.ltU(ipv4.size)), malformed);
  packet.pull(encapsulation);
  packet.setLength(ipBytes);
  const ip = dataOf(packet).header(ipv4, "stated");
  c.if(ip.source.get().ne(its.address.get()), () => packet.drop("not from the subscriber's address"));
  account(c, packet, its, "up", context, () => packet.drop("more than the subscriber may send"));
  packet.setNetworkHeader(packet.data, packet.data.add(ip.headerLength));
  packet.dstIp.set(ip.destination.get());
  output(1).push(packet);
}

/** An IP packet for a subscriber. */
export function subscriberPacket(c: FunctionBuilder, packet: Packet, context: ServerContext): void {
  const { state, config, packets, output } = context;
  const { addresses } = state;
  const ip = dataOf(packet).header(ipv4, () => packet.drop("no IP packet"));
  const found = c.var("i32", addresses.find([ip.destination.get()]), "found");
  c.if(found.get().eqz(), () => packet.drop("for no subscriber"));
  const number = c.var("i32", addresses.value(found.get()).number.get(), "number").get();
  const its = sessionAt(context, number);
  c.if(its.phase.get().ne(phases.open), () => packet.drop("the session is not open"));
  c.if(packet.length.gtU(config.MRU), () => packet.drop("longer than the session carries"));
  account(c, packet, its, "down", context, () => packet.drop("more than the subscriber may get"));
  packets.room(packet, { head: encapsulation }, (packet) => {
    const length = packet.length.add(ppp.size);
    packet.unpull(encapsulation);
    const bytes = dataOf(packet).need(encapsulation, "stated");
    bytes.header(ethernet).emit({ destination: its.mac.get(), source: config.ETH, etherType: etherTypes.pppoeSession });
    const head = bytes.advance(ethernet.size).header(pppoe);
    head.emit({ version: 1, type: 1, sessionId: number, length });
    head.payload().header(ppp).emit({ protocol: pppProtocols.ip });
    output(0).push(packet);
  });
}
