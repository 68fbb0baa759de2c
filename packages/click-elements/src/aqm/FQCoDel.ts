/**
 * FQCoDel([LIMIT] [, keywords FLOWS, QUANTUM, TARGET, INTERVAL, ECN]) — a queue that is fair to flows and keeps delay short.
 *
 * Stores up to LIMIT (1024) packets, in one of FLOWS (1024, a power of two) queues each: by a hash of addresses, ports and protocol, with
 * numbers that are drawn when the router starts. Packets without a marked IP header share one queue. Queues have their turns one
 * after another, of QUANTUM (1514) bytes each, by deficit round robin; one that has just got its first packet comes before those that have had a
 * turn, so that flows of few packets do not wait behind others.
 *
 * Each queue has controlled delay by itself: when its packets have waited for TARGET (5 ms) or more during a whole INTERVAL (100 ms), packets are
 * dropped at its head, at shorter and shorter intervals, until one has waited less. Those that are capable of ECN are marked and not dropped, unless ECN
 * is false. Where there are more than LIMIT packets, the queue with the most bytes loses half of them from its head, and 64 packets at most.
 * The first timestamp annotation becomes the time at which a packet came.
 *
 * Wakes the tasks that wait for packets. Handlers: length (read: packets), drops, ecn_mark, drop_overlimit (read: packets that were dropped in all,
 * marked, and dropped because of LIMIT), new_flow_count (read: how often a queue became a new one), new_flows_len, old_flows_len (read: queues in each
 * list), maxpacket (read: the longest packet, bytes).
 *
 *   ... -> CheckIPHeader(14) -> FQCoDel -> BandwidthShaper(10Mbps) -> Unqueue -> ...
 *
 * RFC 8290; RFC 8289 section 5. Names and numbers are those of Linux's fq_codel, but for LIMIT, which is 10240 there.
 */
import {
  annotation,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  keyword,
  type Packet,
  packetDescriptor,
  positional,
} from "@clickos/click-core/element";
import type { Func, FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { ecnCodes } from "@clickos/wire/ipv4";
import { flowHash, flowKey } from "../lib/flow-key.ts";
import { changeService } from "../lib/ip-tos.ts";
import { rootOf } from "../lib/root.ts";
import { mostPackets, Storage } from "../lib/storage.ts";
import { flowQueues, type StagedFlowQueue } from "./flow-queues.ts";

const millisecond = 1_000_000n;
const mostFlows = 1 << 16;
/** Packets that are dropped together where there are too many. */
const dropBatch = 64;
/** Bits of fraction of a root. */
const rootBits = 8;
/** The count of drops whose root is taken; more drop no faster. */
const mostCount = 0xffff;
/** Intervals after which it is forgotten how fast packets were dropped, RFC 8289 section 5.6. */
const remembered = 16n;
const { offsets } = packetDescriptor;
const arrivedAt = offsets.annotations + annotation.firstTimestamp;

interface Config {
  readonly LIMIT: number;
  readonly FLOWS: number;
  readonly QUANTUM: number;
  readonly TARGET: bigint;
  readonly INTERVAL: bigint;
  readonly ECN: boolean;
}
const stateOf = ({ config }: { readonly config: Config }) => ({
  queues: flowQueues(config.FLOWS),
  seed: u64,
  drops: u64,
  overLimit: u64,
  marks: u64,
  fresh: u64,
  maxpacket: u32,
});
type Context = ElementContext<Config, undefined, ReturnType<typeof stateOf>>;

export const FQCoDel: ElementClass = element({
  name: "FQCoDel",
  ports: "1/1",
  processing: "h/l",
  live: true,
  config: {
    LIMIT: positional(arg.u32, 1024),
    FLOWS: keyword(arg.u32, 1024),
    QUANTUM: keyword(arg.u32, 1514),
    TARGET: keyword(arg.time, 5n * millisecond),
    INTERVAL: keyword(arg.time, 100n * millisecond),
    ECN: keyword(arg.bool, true),
  },
  prepare({ config, error }): undefined {
    const { LIMIT, FLOWS, QUANTUM, INTERVAL } = config;
    if (LIMIT === 0 || LIMIT > mostPackets) error(`LIMIT must be between 1 and ${mostPackets}`, 0);
    if (FLOWS === 0 || FLOWS > mostFlows || (FLOWS & (FLOWS - 1)) !== 0)
      error(`FLOWS must be a power of two, up to ${mostFlows}`);
    if (QUANTUM === 0 || QUANTUM >= 2 ** 30) error("QUANTUM must be between 1 and 2^30");
    if (INTERVAL === 0n) error("INTERVAL must be longer than nothing");
  },
  holds: (config) => Math.min(config.LIMIT, mostPackets),
  state: stateOf,
  offers: (offer) => [
    offer(
      Storage,
      (c, { state, config }) => ({ length: () => state.queues.packets.get(), capacity: () => c.i32(config.LIMIT) }),
      (s, { config }) => ({ length: s.queues.packets, capacity: config.LIMIT }),
    ),
  ],
  handlers: {
    length: { kind: "gauge", unit: "packets", read: (s) => s.queues.packets },
    drops: { counter: "drops" },
    drop_overlimit: { counter: "overLimit" },
    ecn_mark: { counter: "marks" },
    new_flow_count: { counter: "fresh" },
    new_flows_len: { kind: "gauge", read: (s) => s.queues.fresh },
    old_flows_len: { kind: "gauge", read: (s) => s.queues.old },
    maxpacket: { gauge: "maxpacket", unit: "bytes" },
  },
  notifier: { empty: true },
  init(_c, { state, random }) {
    state.seed.set(random().toI64().shl(32n).or(random().toI64()));
  },
  push(c, _port, packet, context) {
    const { state, config, clock, emptyNote } = context;
    const { queues, maxpacket } = state;
    const hash = c.var("i32", 0, "hash");
    c.if(packet.network, () => hash.set(flowHash(flowKey(c, packet), state.seed.get())));
    const number = hash
      .get()
      .and(config.FLOWS - 1)
      .add(1);
    const queue = queues.queue(number);
    const length = packet.length;
    const address = packet.store();
    c.store64(address, clock.now(), arrivedAt);
    c.store32(address, 0, offsets.next);
    c.if(
      queue.head.get(),
      () => c.store32(queue.tail.get(), address, offsets.next),
      () => queue.head.set(address),
    );
    queue.tail.set(address);
    queue.bytes.inc(length);
    c.if(length.gtU(maxpacket.get()), () => maxpacket.set(length));
    c.if(queue.listed.get().eqz(), () => {
      queues.append("fresh", number);
      queue.deficit.set(config.QUANTUM);
      state.fresh.inc();
    });
    c.if(queues.packets.get().eqz(), () => emptyNote.wake());
    queues.packets.inc();
    c.if(queues.packets.get().gtU(config.LIMIT), () => dropOfLongest(c, context));
  },
  pull(c, _port, context) {
    const { state, config, clock, packets, output, emptyNote } = context;
    const { queues } = state;
    const now = clock.now();
    const held = c.var("i32", 0, "held");
    c.loop(() => {
      const fresh = queues.first("fresh");
      const isFresh = fresh.ne(0);
      const number = c.select(fresh, fresh, queues.first("old"));
      c.if(number.eqz(), () => c.break());
      const queue = queues.queue(number);
      const leave = (): void =>
        c.if(
          isFresh,
          () => queues.shift("fresh"),
          () => queues.shift("old"),
        );
      c.if(queue.deficit.get().leS(0), () => {
        queue.deficit.inc(config.QUANTUM);
        leave();
        queues.append("old", number);
        c.continue();
      });
      held.set(takeControlled(c, context, queue, now));
      c.if(held.get(), () => {
        queue.deficit.inc(c.i32(0).sub(c.load32(held.get(), offsets.length)));
        c.break();
      });
      // A new one waits for the others before it is new again.
      const waits = isFresh.and(queues.first("old").ne(0));
      leave();
      c.if(waits, () => queues.append("old", number));
    });
    const address = held.get();
    c.if(
      address,
      () => packets.take(address, (packet) => output(0).push(packet)),
      () => emptyNote.sleep(),
    );
  },
});

/** Takes the first packet of a queue, which has one. */
function shift(c: FunctionBuilder, { state }: Context, queue: StagedFlowQueue): I32 {
  const address = queue.head.get();
  queue.head.set(c.load32(address, offsets.next));
  queue.bytes.inc(c.i32(0).sub(c.load32(address, offsets.length)));
  state.queues.packets.inc(-1);
  return address;
}

function drop({ packets, state }: Context, address: I32, reason: string): void {
  state.drops.inc();
  packets.take(address, (packet) => packet.drop(reason));
}

/** Drops packets of the queue with the most bytes, from its head. */
function dropOfLongest(c: FunctionBuilder, context: Context): void {
  const { state, config } = context;
  const longest = c.var("i32", 1, "longest");
  const most = c.var("i32", 0, "most");
  c.for(1, config.FLOWS + 1, 1, (number) => {
    const bytes = state.queues.queue(number).bytes.get();
    c.if(bytes.gtU(most.get()), () => {
      most.set(bytes);
      longest.set(number);
    });
  });
  const queue = state.queues.queue(longest.get());
  const enough = most.get().sub(most.get().shrU(1));
  const left = c.var("i32", dropBatch, "left");
  c.loop(() => {
    c.if(queue.head.get().eqz().or(left.get().eqz()), () => c.break());
    c.if(left.get().ltU(dropBatch).and(queue.bytes.get().leU(enough)), () => c.break());
    left.inc(-1);
    state.overLimit.inc();
    // So its packets are dropped sooner from now on.
    queue.count.inc();
    drop(context, shift(c, context, queue), "over the limit");
  });
}

/** Takes a packet of a queue as CoDel does (RFC 8289 section 5.5), or none. */
function takeControlled(c: FunctionBuilder, context: Context, queue: StagedFlowQueue, now: I64): I32 {
  const { state, config } = context;
  const { count, lastCount, isDropping, firstAbove, dropNext } = queue;
  const held = c.var("i32", 0, "held");
  const mayDrop = c.var("i32", 0, "mayDrop");
  const take = (): void => {
    held.set(0);
    mayDrop.set(0);
    c.if(
      queue.head.get(),
      () => {
        const address = shift(c, context, queue);
        held.set(address);
        const waited = now.sub(c.load64(address, arrivedAt));
        const isShort = waited.ltS(config.TARGET).or(queue.bytes.get().leU(state.maxpacket.get()));
        const since = firstAbove.get();
        c.if(
          isShort,
          () => firstAbove.set(0n),
          () =>
            c.if(
              since.eqz(),
              () => firstAbove.set(now.add(config.INTERVAL)),
              () => mayDrop.set(now.geS(since)),
            ),
        );
      },
      () => firstAbove.set(0n),
    );
  };
  const law = (from: I64): I64 => from.add(c.call(intervalBy(c, config.INTERVAL), count.get()));
  /** Marks the packet, or drops it and takes the next; whether it was marked. */
  const dropOrMark = (): I32 => {
    const isMarked = c.var("i32", 0, "isMarked");
    const address = held.get();
    if (config.ECN)
      context.packets.take(address, (packet) => {
        mark(c, packet, () => isMarked.set(1));
        packet.store();
      });
    c.if(
      isMarked.get(),
      () => state.marks.inc(),
      () => {
        drop(context, address, "waited too long");
        take();
      },
    );
    return isMarked.get();
  };
  take();
  c.if(
    isDropping.get(),
    () =>
      c.loop(() => {
        c.if(mayDrop.get().eqz(), () => isDropping.set(0));
        c.if(isDropping.get().eqz().or(now.ltS(dropNext.get())), () => c.break());
        count.inc();
        const isMarked = dropOrMark();
        c.if(mayDrop.get(), () => dropNext.set(law(dropNext.get())));
        c.if(isMarked, () => c.break());
      }),
    () =>
      c.if(mayDrop.get(), () => {
        dropOrMark();
        isDropping.set(1);
        const more = count.get().sub(lastCount.get());
        const recently = now.sub(dropNext.get()).ltS(config.INTERVAL * remembered);
        count.set(c.select(more.gtS(1).and(recently), more, c.i32(1)));
        lastCount.set(count.get());
        dropNext.set(law(now));
      }),
  );
  return held.get();
}

/** Marks a packet of IP that is capable of ECN. */
function mark(c: FunctionBuilder, packet: Packet, marked: () => void): void {
  const { ip } = packet;
  c.if(packet.network, () =>
    c.if(ip.ecn.get().ne(ecnCodes.notEct), () => {
      changeService(ip, () => ip.ecn.set(ecnCodes.ce));
      marked();
    }),
  );
}

/** A function of the number of drops: the interval by its root, RFC 8289 section 4.1 (control law). */
function intervalBy({ module }: FunctionBuilder, interval: bigint): Func<"i64"> {
  const name = `control law ${interval}`;
  return module.once(name, () =>
    module.func(name, { count: "i32" }, "i64", (c, { count }) => {
      const bounded = c.select(count.gtU(mostCount), c.i32(mostCount), count);
      const root = rootOf(c, bounded.shl(2 * rootBits));
      return c.i64(interval << BigInt(rootBits)).divU(c.select(root, root, c.i32(1)).toI64());
    }),
  );
}
