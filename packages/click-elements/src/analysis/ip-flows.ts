/** The flows of an AggregateIPFlows: they begin, are seen, and end. */
import {
  annotation,
  type ElementContext,
  type HostHashTable,
  hashTable,
  type Packet,
  type PlainField,
  packetList,
  type StagedHashTable,
  type TransferableField,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type Fields, type U32Field, u8, u32 } from "@clickos/layout";
import type { StagedHeader } from "@clickos/wire";
import { ipProtocols, type ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import type { AggregateListenerPeer } from "../lib/aggregate-notifier.ts";
import { transportOf } from "../lib/headers.ts";
import { secondsAfter } from "../lib/time.ts";
import { goesOn } from "./ip-flow-trace.ts";

export const second = 1_000_000_000n;
/** Later than any time. */
export const never = 0x7fffffffffffffffn;
/** Bits of a TCP flow whose directions are closed: 3 is over. */
const over = 3;
/** Bytes of a TCP header that have its flags: traces may have no more of it. */
const upToFlags = tcp.fields.fin.offset + tcp.fields.fin.size;
/** Queues of flows by what they wait for to end. */
const [openFlows, closedFlows, udpFlows] = [0, 1, 2];
/** Flows that are over and are looked at when one begins, so that there are no more of them than of those that live. */
const perFlow = 2;
/** Entries of a table that are looked at in one go. */
export const perReap = 65_536;

export type FlowValue = { aggregate: U32Field; last: U32Field; over: U32Field; reverse: U32Field };

type Table<V extends Fields> = TransferableField<StagedHashTable<V>, HostHashTable<V>> & PlainField;

export const flowState: {
  flows: Table<FlowValue>;
  waiting: Table<{ packets: typeof packetList }>;
  next: U32Field;
  now: U32Field;
  reapAt: U32Field;
  warned: U32Field;
  clearing: U32Field;
} = {
  /** By addresses, ports and protocol; and by their number. `last` is the second of the last packet. */
  flows: hashTable({ keyWords: 4, keys: 2, queues: 3, value: { aggregate: u32, last: u32, over: u8, reverse: u8 } }),
  /** Packets that wait for fragments, by addresses and protocol. */
  waiting: hashTable({ keyWords: 3, value: { packets: packetList } }),
  next: u32,
  /** The second of the last packet, and the one in which to look for what is over. */
  now: u32,
  reapAt: u32,
  warned: u32,
  /** All flows are to end. */
  clearing: u32,
};

export interface FlowConfig {
  readonly TCP_TIMEOUT: number;
  readonly TCP_DONE_TIMEOUT: number;
  readonly UDP_TIMEOUT: number;
  readonly FRAGMENT_TIMEOUT: number;
  readonly REAP: number;
  readonly ICMP: boolean;
  readonly FRAGMENTS: boolean | null;
  readonly TRACEINFO: string;
}
export type FlowContext = ElementContext<FlowConfig, any, typeof flowState, readonly AggregateListenerPeer[]>;
export type IpHeader = StagedHeader<typeof ipv4.table>;

export interface FlowKey {
  readonly key: readonly I32[];
  readonly isTurned: I32;
  readonly isTcp: I32;
  readonly now: I32;
}

/** The flow of a packet, a fresh one where there is none or where it is over; 0 when there is no memory. */
export function findFlow(
  c: FunctionBuilder,
  packet: Packet,
  { key, isTurned, isTcp, now }: FlowKey,
  context: FlowContext,
): I32 {
  const { state, config } = context;
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
      endFlow(flows.entryOf(found.get()), context);
      if (config.TRACEINFO !== "") context.service.call(goesOn);
      found.set(0);
    });
  });
  const result = c.var("i32", 0, "flow");
  c.if(
    found.get(),
    () => result.set(flows.entryOf(found.get())),
    () => {
      // Who listens is told of ends when Click tells of them.
      if (!isHeard(context.peers, config)) endOld(now, perFlow, context);
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
            flows.expiresAt(entry, secondsAfter(now, config.TCP_TIMEOUT), openFlows);
            value.reverse.set(isTurned);
            state.next.set(number.add(1));
            result.set(entry);
            for (const listener of context.peers) context.peer(listener).began?.(number);
          },
          () => flows.remove(entry),
        );
      });
    },
  );
  return result.get();
}

/** What a packet that leaves says of its flow. */
export function seen(
  c: FunctionBuilder,
  packet: Packet,
  ip: IpHeader,
  flow: I32,
  { state, config, service }: FlowContext,
): void {
  const { flows } = state;
  const value = flows.value(flow);
  const now = packet.timestamp.get().divU(second).toI32();
  value.last.set(now);
  if (config.TRACEINFO !== "") service.give(packet);
  const until = (timeout: number) => secondsAfter(now, timeout + 1);
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

/** Whether anybody is told of flows that end: other elements, or a file. */
export function isHeard(
  peers: readonly AggregateListenerPeer[],
  { TRACEINFO }: { readonly TRACEINFO: string },
): boolean {
  return peers.length > 0 || TRACEINFO !== "";
}

/** Forgets a flow, and tells who listens. */
function endFlow(flow: I32, { state: { flows }, config, service, peers, peer }: FlowContext): void {
  const { aggregate } = flows.value(flow);
  const number = aggregate.get();
  flows.remove(flow);
  for (const listener of peers) peer(listener).ended(number);
  if (config.TRACEINFO !== "") service.call(number);
}

/** Ends flows that are over, so many at most of each kind. */
function endOld(now: I32, limit: number, context: FlowContext): void {
  const { flows } = context.state;
  for (const queue of [openFlows, closedFlows, udpFlows])
    flows.expire(now.toI64().mul(second), limit, (flow) => endFlow(flow, context), queue);
}

/** Ends flows that are over; says when to look again. */
export function reapFlows(context: FlowContext): void {
  const { state, config } = context;
  endOld(state.now.get(), perReap, context);
  state.reapAt.set(state.now.get().add(config.REAP));
}

/** Ends all flows. */
export function endFlows(c: FunctionBuilder, context: FlowContext): void {
  const { flows } = context.state;
  for (const queue of [openFlows, closedFlows, udpFlows])
    c.while(
      () => flows.expire(c.i64(never), perReap, (flow) => endFlow(flow, context), queue),
      () => {},
    );
}
