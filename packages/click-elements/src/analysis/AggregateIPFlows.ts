/**
 * AggregateIPFlows([keywords TCP_TIMEOUT, TCP_DONE_TIMEOUT, UDP_TIMEOUT, FRAGMENT_TIMEOUT, REAP, ICMP, FRAGMENTS]) — numbers flows.
 *
 * Sets the aggregate annotation of TCP and UDP packets to the number of their flow, from 1 on, and the paint annotation to 0 for the
 * direction of the flow's first packet and 1 for the other. Other packets leave on output 1 if that is connected and are dropped
 * otherwise. With ICMP true, ICMP errors get the number of the flow that they are about, and 2 or 3.
 *
 * A flow ends after UDP_TIMEOUT (60) or TCP_TIMEOUT (24 hours) seconds of packet time without packets, after TCP_DONE_TIMEOUT
 * (30) when both sides of a TCP flow were closed or one was reset, and then with the next SYN at once. REAP is how often what is
 * over is looked for (20 minutes).
 *
 * Later fragments have no ports. With FRAGMENTS true, the default where packets are pushed, they are held until their first fragment
 * comes, and with them what follows between the same addresses, so that its order stays. One whose first does not come within
 * FRAGMENT_TIMEOUT (30) seconds of packet time is dropped. With FRAGMENTS false they leave on output 1.
 *
 * Click's TRACEINFO and SOURCE, a file about every flow, are not supported.
 *
 * Handlers: clear (write) ends all flows and lets go what is held.
 *
 *   FromDump(trace.pcap, STOP true, FORCE_IP true) -> AggregateIPFlows -> ...
 */
import {
  type ArgumentType,
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  type Packet,
  packetDescriptor,
  packetList,
  type StagedHashTable,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, staged } from "@clickos/codegen";
import { type U32Field, u8, u32 } from "@clickos/layout";
import { type StagedHeader, span } from "@clickos/wire";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { icmpErrorTypes } from "../emit/icmp-error.ts";

const second = 1_000_000_000n;
/** Bits of a TCP flow whose directions are closed: 3 is over. */
const over = 3;
/** Bytes of a TCP header that have its flags: traces may have no more of it. */
const upToFlags = tcp.fields.fin.offset + tcp.fields.fin.size;
/** Bytes of a transport header that have the ports. */
const upToPorts = udp.fields.ports.offset + udp.fields.ports.size;
/** Packets that a message about an error has before the packet that it is about: type, code, checksum, and a word. */
const messageSize = icmp.size + 4;
/** Queues of flows by what they wait for to end. */
const [openFlows, closedFlows, udpFlows] = [0, 1, 2];
/** Flows that are over and are looked at when one begins, so that there are no more of them than of those that live. */
const perFlow = 2;
const perReap = 65_536;

type FlowValue = { aggregate: U32Field; last: U32Field; over: U32Field; reverse: U32Field };

const state = {
  /** By addresses, ports and protocol; and by their number. `last` is the second of the last packet. */
  flows: hashTable({
    keyWords: 4,
    keys: 2,
    queues: 3,
    value: { aggregate: u32, last: u32, over: u8, reverse: u8 } as FlowValue,
  }),
  /** Packets that wait for fragments, by addresses and protocol. */
  waiting: hashTable({ keyWords: 3, value: { packets: packetList } }),
  next: u32,
  /** The second of the last packet, and the one in which to look for what is over. */
  now: u32,
  reapAt: u32,
  warned: u32,
};

interface Config {
  readonly TCP_TIMEOUT: number;
  readonly TCP_DONE_TIMEOUT: number;
  readonly UDP_TIMEOUT: number;
  readonly FRAGMENT_TIMEOUT: number;
  readonly REAP: number;
  readonly ICMP: boolean;
  readonly FRAGMENTS: boolean | null;
}
type Context = ElementContext<Config, any, typeof state>;
type Header = StagedHeader<typeof ipv4.table>;

const seconds: ArgumentType<number> = {
  expects: "a time in seconds",
  parse(text, scope) {
    const time = arg.time.parse(text, scope);
    return typeof time === "bigint" && time / second <= 0x7fffffffn ? Number(time / second) : undefined;
  },
};
const maybe: ArgumentType<boolean | null> = arg.bool;

export const AggregateIPFlows: ElementClass = element({
  name: "AggregateIPFlows",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    TCP_TIMEOUT: keyword(seconds, 24 * 60 * 60),
    TCP_DONE_TIMEOUT: keyword(seconds, 30),
    UDP_TIMEOUT: keyword(seconds, 60),
    FRAGMENT_TIMEOUT: keyword(seconds, 30),
    REAP: keyword(seconds, 20 * 60),
    ICMP: keyword(arg.bool, false),
    FRAGMENTS: keyword(maybe, null),
  },
  peers({ config, inputIsPush, error }) {
    if (config.FRAGMENTS === true && !inputIsPush(0))
      error("'FRAGMENTS true' is incompatible with pull; run this element in a push context");
  },
  state,
  initial: () => ({ next: 1 }),
  handlers: {
    clear: {
      kind: "button",
      write(s, _value, { heap, setTimer, now }) {
        for (const flow of [...s.flows.entries()]) s.flows.remove(heap, flow);
        // The element's own code lets go what is held.
        setTimer(now());
      },
    },
  },
  endless: () => true,
  timer(c, context) {
    const { state } = context;
    // Where packets are pulled none is held.
    if (!context.inputIsPush(0)) return;
    c.while(
      () =>
        state.waiting.expire(c.i64(never), perReap, (entry) => {
          letGo(c, context, entry, () => c.i32(1));
          state.waiting.remove(entry);
        }),
      () => {},
    );
  },
  action(c, packet, context) {
    const { state, config, output, clock, line, name, inputIsPush } = context;
    const holds = config.FRAGMENTS ?? inputIsPush(0);
    const refuse = (): void => output(1).push(packet, "no TCP or UDP packet with ports");
    c.if(packet.network.eqz(), refuse);
    c.if(packet.timestamp.get().eq(0n), () => {
      c.if(state.warned.get().eqz(), () => {
        state.warned.set(1);
        line().text(`${name} :: AggregateIPFlows: warning: packet received without timestamp`).end();
      });
      packet.timestamp.set(clock.now());
    });

    const paint = c.var("i32", 0, "paint");
    const ip = flowHeader(c, packet, config.ICMP, () => paint.set(2), refuse);
    const protocol = ip.protocol.get();
    const isTcp = protocol.eq(ipProtocols.tcp);
    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    c.if(isTcp.or(protocol.eq(ipProtocols.udp)).eqz().or(source.or(destination).eqz()), refuse);
    const turned = source.gtU(destination);
    const [a, b] = [c.select(turned, destination, source), c.select(turned, source, destination)];
    paint.set(paint.get().xor(turned));

    const isFirst = ip.fragmentOffset.get().eqz();
    const flow = c.var("i32", 0, "flow");
    const now = packet.timestamp.get().divU(second).toI32();
    c.if(
      isFirst,
      () => {
        const transport = ip.payload(refuse).need(upToPorts, refuse).header(udp, "stated");
        const given = transport.ports.stored.get();
        // Between an address and itself the ports tell the directions.
        const backwards = a.eq(b).and(given.shl(16).sub(given).ltS(0));
        paint.set(paint.get().xor(backwards));
        const isTurned = paint.get().and(1);
        const ports = c.select(isTurned, given.rotl(16), given);
        flow.set(findFlow(c, packet, { key: [a, b, ports, protocol], isTurned, isTcp, now }, context));
        c.if(flow.get().eqz(), () => output(1).push(packet, "no memory for another flow"));
        const { aggregate, reverse } = state.flows.value(flow.get());
        packet.annotation32(annotation.aggregate).set(aggregate.get());
        packet.annotation8(annotation.paint).set(paint.get().xor(reverse.get()));
      },
      () => {
        packet.annotation32(annotation.aggregate).set(0);
        packet.annotation8(annotation.paint).set(paint.get());
      },
    );

    if (holds) {
      const key = [a, b, protocol];
      const held = c.var("i32", state.waiting.find(key), "held");
      c.if(ip.fragment.isSet().or(held.get()), () => {
        c.if(held.get().eqz(), () =>
          held.set(state.waiting.findOrAdd(key, (entry) => state.waiting.expiresAt(entry, 0n))),
        );
        c.if(held.get().eqz(), () => output(1).push(packet, "no memory for another flow"));
        state.waiting.value(held.get()).packets.append(packet);
        state.now.set(now);
        letGoOld(c, context, held.get());
        c.if(state.now.get().geU(state.reapAt.get()), () => reap(c, context));
      });
    }
    c.if(flow.get().eqz(), refuse);
    state.now.set(now);
    seen(c, packet, ip, flow.get(), context);
    c.if(now.geU(state.reapAt.get()), () => reap(c, context));
  },
});

/** Later than any time. */
const never = 0x7fffffffffffffffn;

/** The header that says which flow a packet belongs to: its own, or, of an ICMP error, that of the packet that it is about. */
function flowHeader(
  c: FunctionBuilder,
  packet: Packet,
  inErrors: boolean,
  about: () => void,
  wrong: () => void,
): Header {
  const outer = packet.ip;
  if (!inErrors) return outer;
  const at = c.var("i32", packet.network, "header");
  c.if(outer.protocol.get().eq(ipProtocols.icmp).and(outer.fragmentOffset.get().eqz()), () => {
    const message = outer.payload(wrong).need(messageSize + ipv4.size, wrong);
    const type = message.header(icmp).type.get();
    c.if(icmpErrorTypes.reduce((any, e) => any.or(type.eq(e)), c.i32(0)).eqz(), wrong);
    const embedded = message.advance(messageSize).header(ipv4);
    embedded.payload(wrong);
    at.set(embedded.address);
    about();
  });
  return span(c, at.get(), packet.data.add(packet.length).sub(at.get())).header(ipv4, "stated");
}

interface FlowKey {
  readonly key: readonly I32[];
  readonly isTurned: I32;
  readonly isTcp: I32;
  readonly now: I32;
}

/** The flow of a packet, a fresh one where there is none or where it is over; 0 when there is no memory. */
function findFlow(
  c: FunctionBuilder,
  packet: Packet,
  { key, isTurned, isTcp, now }: FlowKey,
  { state, config }: Context,
): I32 {
  const { flows } = state;
  const found = c.var("i32", flows.find(key), "found");
  c.if(found.get(), () => {
    const value = flows.value(flows.entryOf(found.get()));
    const isOver = value.over.get().eq(over);
    const tcpTimeout = c.select(isOver, c.i32(config.TCP_DONE_TIMEOUT), c.i32(config.TCP_TIMEOUT));
    const old = now.sub(value.last.get()).gtS(c.select(isTcp, tcpTimeout, c.i32(config.UDP_TIMEOUT)));
    const begins = c.var("i32", 0, "begins");
    c.if(isOver.and(packet.ip.protocol.get().eq(ipProtocols.tcp)), () => {
      const flags = transportOf(packet);
      c.if(flags.has(upToFlags), () => begins.set(flags.header(tcp, "stated").syn.isSet().ne(0)));
    });
    c.if(old.or(begins.get()), () => {
      flows.remove(flows.entryOf(found.get()));
      found.set(0);
    });
  });
  const result = c.var("i32", 0, "flow");
  c.if(
    found.get(),
    () => result.set(flows.entryOf(found.get())),
    () => {
      forget(c, state.flows, now, perFlow);
      const entry = flows.entryOf(flows.findOrAdd(key));
      c.if(entry, () => {
        const number = state.next.get();
        const none = c.i32(0);
        // By its number it is found when fragments of it leave.
        c.if(
          flows.addKey(entry, 1, [number, none, none, none]),
          () => {
            const value = flows.value(entry);
            value.aggregate.set(number);
            // It may be held for a while before it is seen.
            value.last.set(now);
            flows.expiresAt(entry, now.add(config.TCP_TIMEOUT).toI64().mul(second), openFlows);
            value.reverse.set(isTurned);
            state.next.set(number.add(1));
            result.set(entry);
          },
          () => flows.remove(entry),
        );
      });
    },
  );
  return result.get();
}

/** What a packet that leaves says of its flow. */
function seen(c: FunctionBuilder, packet: Packet, ip: Header, flow: I32, { state, config }: Context): void {
  const { flows } = state;
  const value = flows.value(flow);
  const now = packet.timestamp.get().divU(second).toI32();
  value.last.set(now);
  const until = (timeout: number) =>
    now
      .add(timeout + 1)
      .toI64()
      .mul(second);
  c.if(
    ip.protocol.get().eq(ipProtocols.tcp),
    () => {
      const transport = transportOf(packet);
      const paint = packet.annotation8(annotation.paint).get();
      // Not of an error, whose own header is another's.
      c.if(ip.fragmentOffset.get().eqz().and(paint.ltU(2)).and(transport.has(upToFlags)), () => {
        const { rst, fin, syn } = transport.header(tcp, "stated");
        c.if(
          rst.isSet(),
          () => value.over.set(over),
          () =>
            c.if(
              fin.isSet(),
              () => value.over.set(value.over.get().or(c.i32(1).shl(paint))),
              () => c.if(syn.isSet(), () => value.over.set(0)),
            ),
        );
      });
      c.if(
        value.over.get().eq(over),
        () => flows.expiresAt(flow, until(config.TCP_DONE_TIMEOUT), closedFlows),
        () => flows.expiresAt(flow, until(config.TCP_TIMEOUT), openFlows),
      );
    },
    () => flows.expiresAt(flow, until(config.UDP_TIMEOUT), udpFlows),
  );
}

/** Removes flows that are over, so many at most of each kind. */
function forget(c: FunctionBuilder, flows: StagedHashTable<FlowValue>, now: I32, limit: number): void {
  for (const queue of [openFlows, closedFlows, udpFlows])
    flows.expire(now.toI64().mul(second), limit, (entry) => flows.remove(entry), queue);
  void c;
}

function reap(c: FunctionBuilder, context: Context): void {
  const { state, config } = context;
  forget(c, state.flows, state.now.get(), perReap);
  state.waiting.expire(state.now.get().toI64().mul(second), perReap, (entry) => letGoOld(c, context, entry));
  state.reapAt.set(state.now.get().add(config.REAP));
}

/** Lets go what need not wait any longer between two addresses: what is no fragment, and what is too old. */
function letGoOld(c: FunctionBuilder, context: Context, entry: I32): void {
  const { state, config } = context;
  const oldest = state.now.get().sub(config.FRAGMENT_TIMEOUT);
  letGo(c, context, entry, (address) => {
    const old = secondsOf(c, address).ltS(oldest);
    return old.or(heldHeader(c, address, config).fragment.isSet().eqz());
  });
  const { packets } = state.waiting.value(entry);
  c.if(
    packets.length(),
    () =>
      state.waiting.expiresAt(
        entry,
        secondsOf(c, packets.first())
          .add(config.FRAGMENT_TIMEOUT + 1)
          .toI64()
          .mul(second),
      ),
    () => state.waiting.remove(entry),
  );
}

/** Sends packets on, the first of the list first, as long as `when` says so. One whose flow nothing tells is dropped. */
function letGo(c: FunctionBuilder, context: Context, entry: I32, when: (address: I32) => I32): void {
  const { state, packets, output, config } = context;
  const list = state.waiting.value(entry).packets;
  const aggregateOf = (address: I32) => staged(c, u32, address, annotations + annotation.aggregate);
  const paintOf = (address: I32) => staged(c, u8, address, annotations + annotation.paint);
  c.loop(() => {
    const address = list.first();
    c.if(address.eqz(), () => c.break());
    c.if(when(address).eqz(), () => c.break());
    list.shiftOrZero();
    const id = heldHeader(c, address, config).identification.stored.get();
    const known = c.var("i32", aggregateOf(address).get(), "known");
    const at = c.var("i32", list.first(), "at");
    c.while(
      () => at.get(),
      () => {
        const other = at.get();
        at.set(staged(c, packetDescriptor, other).next.get());
        c.if(heldHeader(c, other, config).identification.stored.get().eq(id), () =>
          c.if(
            known.get(),
            () => {
              aggregateOf(other).set(known.get());
              paintOf(other).set(paintOf(address).get());
            },
            () => {
              const number = aggregateOf(other).get();
              c.if(number, () => {
                known.set(number);
                aggregateOf(address).set(number);
                paintOf(address).set(paintOf(other).get());
                c.break();
              });
            },
          ),
        );
      },
    );
    packets.take(address, (packet) => {
      c.if(
        known.get(),
        () => {
          const none = c.i32(0);
          const flow = state.flows.find([known.get(), none, none, none]);
          const header = heldHeader(c, address, config);
          c.if(flow, () => seen(c, packet, header, state.flows.entryOf(flow), context));
          output(0).push(packet);
        },
        () => packet.drop("no first fragment"),
      );
    });
  });
}

const { annotations } = packetDescriptor.offsets;

function transportOf(packet: Packet): ReturnType<typeof span> {
  return span(packet.c, packet.transport, packet.data.add(packet.length).sub(packet.transport));
}
/** The header that said which flow a packet at rest belongs to. */
function heldHeader(c: FunctionBuilder, address: I32, { ICMP }: Config): Header {
  const { network, transport } = staged(c, packetDescriptor, address);
  const own = span(c, network.get(), ipv4.size).header(ipv4, "stated");
  if (!ICMP) return own;
  const about = transport.get().add(messageSize);
  return span(c, c.select(own.protocol.get().eq(ipProtocols.icmp), about, network.get()), ipv4.size).header(
    ipv4,
    "stated",
  );
}
function secondsOf(c: FunctionBuilder, address: I32): I32 {
  return staged(c, packetDescriptor, address).timestamp.get().divU(second).toI32();
}
