/**
 * TCPReorder([keywords HOLD, PACKETS, TIMEOUT, CAPACITY]) — puts segments of TCP in order.
 *
 * Expects marked IP headers. In each direction of a connection the segments leave on output 0 in the order of their sequence numbers; one that
 * comes too early is held until those before it are there. What was all there before, a retransmission, leaves on output 1, or is dropped where
 * that is not connected. Segments without data, other protocols and fragments pass.
 *
 * A gap is given up, and what was held leaves, when it was there for HOLD (100 ms), and when another segment would be the 64th that is held in
 * its direction, or more than PACKETS (1024) in all. A SYN begins a direction anew, an RST ends it;
 * one whose beginning was not seen begins with the first segment that has data. A direction is forgotten after TIMEOUT (60 s) without
 * segments, or to make room where there are CAPACITY (65536). What is a MiB and more ahead is none of the connection's and leaves on output 1.
 *
 * Who holds segments back delays the acknowledgments by which a sender finds out early that one was lost: HOLD is a small part of its timeout.
 *
 * Handlers: length (read: segments that are held), flows (read: directions), reordered, retransmitted, gaps (read). FastClick has an element
 * of this name, for its flow manager.
 *
 *   ... -> CheckIPHeader -> r :: TCPReorder -> ...; r [1] -> ...
 */
import {
  anew,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
  type Packet,
  packetDescriptor,
} from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I32Like, type I64, type Ref, staged } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { type StagedHeader, span } from "@clickos/wire";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";

const second = 1_000_000_000n;
const millisecond = 1_000_000n;
/** Segments that are held in one direction. */
const mostHeld = 64;
const farthest = 1 << 20;
const expiredTogether = 256;

const state = {
  length: u32,
  reordered: u64,
  retransmitted: u64,
  gaps: u64,
  /** By addresses and ports: the sequence number that is next, and what is held, a list by sequence numbers. */
  flows: anew(hashTable({ keyWords: 3, value: { next: u32, head: u32, count: u32 } })),
};
type Config = {
  readonly HOLD: bigint;
  readonly PACKETS: number;
  readonly TIMEOUT: bigint;
  readonly CAPACITY: number;
};
type Context = ElementContext<Config, undefined, typeof state>;

export const TCPReorder: ElementClass = element({
  name: "TCPReorder",
  ports: "1/1-2",
  processing: "h/h",
  config: {
    HOLD: keyword(arg.time, 100n * millisecond),
    PACKETS: keyword(arg.u32, 1024),
    TIMEOUT: keyword(arg.time, 60n * second),
    CAPACITY: keyword(arg.u32, 65536),
  },
  prepare({ config, error }) {
    if (config.CAPACITY === 0) error("CAPACITY must be at least 1");
    return undefined;
  },
  holds: (config) => config.PACKETS,
  state,
  handlers: {
    length: { gauge: "length", unit: "packets" },
    flows: { gauge: "flows", unit: "directions" },
    reordered: { counter: "reordered" },
    retransmitted: { counter: "retransmitted" },
    gaps: { counter: "gaps", unit: "gaps" },
  },
  endless: () => true,
  init(_c, { timer }) {
    timer.after(second);
  },
  timer(c, context) {
    const { state, clock, timer } = context;
    const { flows } = state;
    const now = clock.now();
    flows.expire(now, expiredTogether, (entry) =>
      c.if(
        flows.value(entry).count.get(),
        () => giveUp(c, entry, now, context),
        () => flows.remove(entry),
      ),
    );
    timer.at(now.add(second));
    const first = flows.first();
    c.if(first, () => wakeAt(c, flows.expires(first), context));
  },
  push(c, _port, packet, context) {
    const { state, config, clock, output } = context;
    const { flows } = state;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const pass = (): void => output(0).push(packet);
    const { ip } = packet;
    c.if(ip.protocol.get().ne(ipProtocols.tcp).or(ip.fragment.isSet()), pass);
    const body = ip.clip(pass).payload(pass);
    const segment = body.header(tcp, pass);
    const bytes = segment.payload(pass).length;
    const { syn, fin, rst } = segment.load("syn", "fin", "rst");
    const sequence = segment.sequenceNumber.get();
    const end = sequence.add(bytes).add(syn).add(fin);
    const key = [ip.source.stored.get(), ip.destination.stored.get(), segment.ports.stored.get()];
    const now = clock.now();
    const idleUntil = now.add(config.TIMEOUT);
    const found = flows.find(key);
    c.if(found.eqz(), () => {
      c.if(rst.or(end.eq(sequence)), pass);
      c.if(flows.length().geU(config.CAPACITY), () => {
        const first = flows.first();
        c.if(first, () => {
          flush(c, first, context);
          flows.remove(first);
        });
      });
      const entry = flows.findOrAdd(key);
      c.if(entry, () => {
        flows.value(entry).next.set(end);
        flows.expiresAt(entry, idleUntil);
      });
      pass();
    });
    const { next, head, count } = flows.value(found);
    c.if(syn.or(rst), () => {
      c.if(syn.and(end.eq(next.get())), () => repeat(packet, context));
      flush(c, found, context);
      c.if(
        rst,
        () => flows.remove(found),
        () => {
          next.set(end);
          flows.expiresAt(found, idleUntil);
        },
      );
      pass();
    });
    c.if(end.eq(sequence), pass);
    const ahead = sequence.sub(next.get());
    c.if(ahead.gtS(0), () => {
      c.if(ahead.geU(farthest), () => output(1).push(packet, "out of window"));
      const full = count
        .get()
        .geU(mostHeld - 1)
        .or(state.length.get().geU(config.PACKETS));
      c.if(full, () => giveUp(c, found, now, context));
      // What was held may have ended behind this segment's start; and where there is room for none, it is not held.
      c.if(sequence.sub(next.get()).gtS(0), () => {
        c.if(state.length.get().geU(config.PACKETS), () => {
          state.gaps.inc();
          next.set(end);
          pass();
        });
        c.if(count.get().eqz(), () => {
          const due = now.add(config.HOLD);
          flows.expiresAt(found, due);
          wakeAt(c, due, context);
        });
        state.reordered.inc();
        state.length.inc();
        count.inc();
        insert(c, head, packet, sequence);
      });
    });
    c.if(end.sub(next.get()).leS(0), () => repeat(packet, context));
    next.set(end);
    pass();
    c.if(
      head.get(),
      () => {
        leave(c, found, context, false);
        c.if(head.get().eqz(), () => flows.expiresAt(found, idleUntil));
      },
      () => flows.expiresAt(found, idleUntil),
    );
  },
});

/** All of the segment was there before. */
function repeat(packet: Packet, { state, output }: Context): void {
  state.retransmitted.inc();
  output(1).push(packet, "retransmitted");
}

/** The timer goes off no later than that. */
function wakeAt(c: FunctionBuilder, time: I64, { timer }: Context): void {
  c.if(time.ltU(timer.due()), () => timer.at(time));
}

/** What is held leaves, whatever is missing. */
function giveUp(c: FunctionBuilder, entry: I32, now: I64, context: Context): void {
  flush(c, entry, context);
  context.state.flows.expiresAt(entry, now.add(context.config.TIMEOUT));
}
function flush(c: FunctionBuilder, entry: I32, context: Context): void {
  c.if(context.state.flows.value(entry).head.get(), () => leave(c, entry, context, true));
}

/** Segments leave that are next; with `all`, the others too. */
function leave(c: FunctionBuilder, entry: I32, context: Context, all: boolean): void {
  const { state, packets, output } = context;
  const { next, head, count } = state.flows.value(entry);
  c.loop(() => {
    const address = head.get();
    c.if(address.eqz(), () => c.break());
    const { sequence, end } = heldSegment(c, address);
    const isGap = sequence.sub(next.get()).gtS(0);
    c.if(isGap, () => {
      if (all) state.gaps.inc();
      else c.break();
    });
    head.set(c.load32(address, packetDescriptor.offsets.next));
    count.inc(-1);
    state.length.inc(-1);
    packets.take(address, (packet) =>
      c.if(
        end.sub(next.get()).leS(0),
        () => repeat(packet, context),
        () => {
          next.set(end);
          output(0).push(packet);
        },
      ),
    );
  });
}

/** Stores a packet in a list by sequence numbers, behind those that begin where it does. */
function insert(c: FunctionBuilder, head: Ref<I32, I32Like>, packet: Packet, sequence: I32): void {
  const offset = packetDescriptor.offsets.next;
  const before = c.var("i32", 0, "before");
  const at = c.var("i32", head.get(), "at");
  c.loop(() => {
    const address = at.get();
    c.if(address.eqz(), () => c.break());
    c.if(heldSegment(c, address).sequence.sub(sequence).gtS(0), () => c.break());
    before.set(address);
    at.set(c.load32(address, offset));
  });
  const stored = packet.store();
  c.store32(stored, at.get(), offset);
  c.if(
    before.get(),
    () => c.store32(before.get(), stored, offset),
    () => head.set(stored),
  );
}

/** Where a segment that is held begins and ends. Its headers were looked at when it came. */
function heldSegment(c: FunctionBuilder, address: I32): { readonly sequence: I32; readonly end: I32 } {
  const network = staged(c, packetDescriptor, address).network.get();
  const ip: StagedHeader<typeof ipv4.table> = span(c, network, ipv4.size).header(ipv4, "stated");
  const transport = network.add(ip.headerLength);
  const segment: StagedHeader<typeof tcp.table> = span(c, transport, tcp.size).header(tcp, "stated");
  const sequence = segment.sequenceNumber.get();
  const bytes = ip.totalLength.get().sub(ip.headerLength).sub(segment.headerLength);
  return { sequence, end: sequence.add(bytes).add(segment.fin.get()) };
}
