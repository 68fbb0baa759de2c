/**
 * AggregateIPAddrPair([keywords TIMEOUT, REAP]) — numbers the pairs of addresses that talk to each other.
 *
 * Sets the aggregate annotation of IP packets to the number of their pair of source and destination addresses, from 1 on, and the
 * paint annotation to 0 for the direction of the pair's first packet and 1 for the other. Packets without an IP header leave on
 * output 1 if it is connected, and are dropped otherwise.
 *
 * With TIMEOUT, in seconds, a pair that has had no packet for longer, in packets' time, is forgotten. REAP is how often pairs are
 * looked for that are over (20 minutes). As in Click, where a sum has a wrong sign, every packet of a pair begins another one then,
 * unless its time is more than TIMEOUT before that of the pair's last packet.
 *
 * Elements whose NOTIFIER names this one are told when a pair begins and when it is forgotten.
 *
 * Handlers: clear (write) forgets all pairs.
 *
 *   FromDump(trace.pcap, FORCE_IP true) -> AggregateIPAddrPair -> AggregateCounter -> ...
 */
import {
  annotation,
  type ElementClass,
  type ElementContext,
  element,
  hashTable,
  keyword,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type U32Field, u8, u32 } from "@clickos/layout";
import { AggregateListener, type AggregateListenerPeer, listenersOf } from "../lib/aggregate-notifier.ts";

import { secondCount, secondsAfter } from "../lib/time.ts";

const second = 1_000_000_000n;
/** Later than any time. */
const never = 0x7fffffffffffffffn;
/** Pairs that are looked at in one go, and those when another begins. */
const [atOnce, perPair] = [65_536, 2];

const state = {
  /** By addresses, the lower one first. `last` is the second of the last packet. */
  pairs: hashTable({
    keyWords: 2,
    value: { aggregate: u32, last: u32, reverse: u8 } as { aggregate: U32Field; last: U32Field; reverse: U32Field },
  }),
  next: u32,
  /** The second in which to look for what is over. */
  reapAt: u32,
  warned: u32,
  clearing: u32,
};
type Context = ElementContext<
  { readonly TIMEOUT: number; readonly REAP: number },
  any,
  typeof state,
  readonly AggregateListenerPeer[]
>;

export const AggregateIPAddrPair: ElementClass = element({
  name: "AggregateIPAddrPair",
  ports: "1/1-2",
  processing: "a/ah",
  config: { TIMEOUT: keyword(secondCount, 0), REAP: keyword(secondCount, 20 * 60) },
  peers: ({ name, every }): readonly AggregateListenerPeer[] => listenersOf(name, every(AggregateListener)),
  state,
  initial: () => ({ next: 1 }),
  handlers: {
    clear: {
      kind: "text",
      write(s, _value, { heap, peers, setTimer, now }) {
        if (peers.length === 0) for (const pair of [...s.pairs.entries()]) s.pairs.remove(heap, pair);
        else {
          // The element's own code tells who listens.
          s.clearing = 1;
          setTimer(now());
        }
      },
    },
  },
  timer(c, context) {
    const { state, peers } = context;
    if (peers.length === 0) return;
    state.clearing.set(0);
    c.while(
      () => state.pairs.expire(c.i64(never), atOnce, (pair) => end(pair, context)),
      () => {},
    );
  },
  action(c, packet, context) {
    const { state, config, clock, line, name, output } = context;
    const { pairs } = state;
    c.if(packet.network.eqz(), () => output(1).push(packet, "no IP header"));
    const timed = config.TIMEOUT > 0;
    if (timed)
      c.if(packet.timestamp.get().eq(0n), () => {
        c.if(state.warned.get().eqz(), () => {
          state.warned.set(1);
          line().text(`${name} :: AggregateIPAddrPair: warning: packet received without timestamp`).end();
        });
        packet.timestamp.set(clock.now());
      });
    const now = timed ? packet.timestamp.get().divU(second).toI32() : c.i32(0);
    const { ip } = packet;
    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    const turned = source.gtU(destination);
    const key = [c.select(turned, destination, source), c.select(turned, source, destination)];
    const found = c.var("i32", pairs.find(key), "pair");
    if (timed)
      c.if(found.get(), () => {
        const { last } = pairs.value(found.get());
        c.if(last.get().sub(now).sub(config.TIMEOUT).ltS(0), () => {
          end(found.get(), context);
          found.set(0);
        });
      });
    c.if(found.get().eqz(), () => found.set(begin(c, key, turned, now, context)));
    c.if(found.get().eqz(), () => output(1).push(packet, "no memory for another pair"));
    const { aggregate, last, reverse } = pairs.value(found.get());
    packet.annotation32(annotation.aggregate).set(aggregate.get());
    packet.annotation8(annotation.paint).set(reverse.get().xor(turned));
    if (timed) {
      last.set(now);
      pairs.expiresAt(found.get(), secondsAfter(now, config.TIMEOUT + 1));
      c.if(now.gtU(state.reapAt.get()), () => {
        c.if(state.reapAt.get(), () => endOld(now, atOnce, context));
        state.reapAt.set(now.add(config.REAP));
      });
    }
  },
});

/** Numbers a pair; 0 when there is no memory. */
function begin(c: FunctionBuilder, key: readonly I32[], turned: I32, now: I32, context: Context): I32 {
  const { state, config, peers, peer } = context;
  // Who listens is told of ends when Click tells of them.
  if (config.TIMEOUT > 0 && peers.length === 0) endOld(now, perPair, context);
  return state.pairs.findOrAdd(key, (pair) => {
    const { aggregate, reverse } = state.pairs.value(pair);
    const number = state.next.get();
    aggregate.set(number);
    reverse.set(turned);
    const next = number.add(1);
    state.next.set(c.select(next, next, c.i32(1)));
    state.pairs.expiresAt(pair, number.toI64());
    for (const listener of peers) peer(listener).began?.(number);
  });
}

/** Forgets a pair, and tells who listens. */
function end(pair: I32, { state, peers, peer }: Context): void {
  const number = state.pairs.value(pair).aggregate.get();
  state.pairs.remove(pair);
  for (const listener of peers) peer(listener).ended(number);
}

/** Forgets pairs that are over, so many at most. */
function endOld(now: I32, limit: number, context: Context): void {
  context.state.pairs.expire(now.toI64().mul(second), limit, (pair) => end(pair, context));
}
