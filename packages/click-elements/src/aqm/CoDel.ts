/**
 * CoDel([TARGET, INTERVAL] [, keyword QUEUES]) — drops packets that waited too long, by controlled delay.
 *
 * Pulls packets and looks at how long each has waited: since the time of its first timestamp annotation, which SetTimestamp(FIRST true)
 * sets before the queue. When they have waited for TARGET (5 ms) or more during a whole INTERVAL (100 ms), it drops one, and then more, at
 * shorter and shorter intervals, until a packet has waited less. Packets without a first timestamp pass. The nearest storage elements
 * upstream, or those whose names QUEUES lists, separated by spaces, are the ones whose lengths it shows.
 *
 * Handlers: codel_target, codel_interval (read, write); drops, queues, stats, config (read).
 *
 *   ... -> SetTimestamp(FIRST true) -> Queue(200) -> CoDel -> Unqueue -> ...
 *
 * Nichols and Jacobson, Controlling Queue Delay, ACM Queue 10(5), 2012.
 */
import { annotation, arg, type ElementClass, element, keyword, positional } from "@clickos/click-core/element";
import type { Func, FunctionBuilder, I64 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { writeKeyword } from "../lib/keyword-handlers.ts";
import { rootOf } from "../lib/root.ts";
import { checkQueueNames, lengthOfAll, nearbyQueues, queuesHandler, type StoragePeer } from "../lib/storage.ts";
import { formatTimestamp } from "../lib/time.ts";

const secondNs = 1_000_000_000n;
const millisecondNs = 1_000_000n;
/** Bits of fraction of the interval where it is divided by a root. */
const scaleBits = 4;

const config = {
  TARGET: positional(arg.time, 5n * millisecondNs),
  INTERVAL: positional(arg.time, 100n * millisecondNs),
  QUEUES: keyword(arg.raw, ""),
};

/** `firstAbove` is when drops may begin, 0 while packets wait less than TARGET; `dropNext` is when the next one is due. */
const state = { drops: u32, dropsInState: u32, firstAbove: u64, dropNext: u64, isDropping: u32 };

/** What is done with the packet that was just pulled: looked at first, or after others were dropped. */
const first = 0;
const dropping = 1;
const entering = 2;

export const CoDel: ElementClass = element<typeof config, undefined, typeof state, readonly StoragePeer[]>({
  name: "CoDel",
  ports: "1/1",
  processing: "l/l",
  live: true,
  config,
  prepare({ config, scope, error }) {
    checkQueueNames(config.QUEUES, scope, error);
  },
  peers: (search) => nearbyQueues(search, search.config.QUEUES, "upstream"),
  state,
  handlers: {
    drops: { counter: "drops" },
    // Click reads both from the text of `config`, in which the second is none.
    codel_interval: { constant: () => "", write: writeKeyword("INTERVAL") },
    codel_target: { constant: ({ config }) => `${formatTimestamp(config.TARGET)}s`, write: writeKeyword("TARGET") },
    stats: {
      kind: "table",
      read: (s, context) => `${lengthOfAll(context)} current queue\n${s.drops} drops\n`,
    },
    queues: queuesHandler,
    config: {
      flags: ".",
      constant: ({ config }) => `${formatTimestamp(config.TARGET)}s, ${formatTimestamp(config.INTERVAL)} s, `,
    },
  },
  pull(c, _port, { state, config, clock, input, output, packets }) {
    const { dropsInState, firstAbove, dropNext, isDropping } = state;
    const now = clock.now();
    const held = c.var("i32", 0, "held");
    const tracked = c.var("i32", 0, "tracked");
    const mayDrop = c.var("i32", 0, "mayDrop");
    const step = c.var("i32", first, "step");
    const take = (): void => {
      held.set(0);
      tracked.set(0);
      mayDrop.set(0);
      input(0).pull(
        (packet) => {
          const since = c.load64(packet.annotationAddress, annotation.firstTimestamp);
          c.if(since.geS(secondNs), () => {
            tracked.set(1);
            c.if(
              now.sub(since).ltS(config.TARGET),
              () => firstAbove.set(0n),
              () =>
                c.if(
                  firstAbove.get().eqz(),
                  () => firstAbove.set(now.add(config.INTERVAL)),
                  () => mayDrop.set(now.geS(firstAbove.get())),
                ),
            );
          });
          held.set(packet.store());
        },
        () => firstAbove.set(0n),
      );
    };
    const drop = (next: number): void => {
      const address = held.get();
      c.if(address, () => packets.take(address, (packet) => packet.drop("waited too long")));
      state.drops.inc();
      if (next === dropping) dropsInState.inc();
      step.set(next);
      c.continue();
    };
    const lawOf = (from: I64): I64 => from.add(c.call(dropAfter(c, config.INTERVAL), dropsInState.get()).toI64());
    c.loop(() => {
      take();
      c.switch(step.get(), [
        () => {
          c.if(tracked.get().eqz().or(isDropping.get().and(mayDrop.get().eqz())), () => {
            isDropping.set(0);
            c.break();
          });
          c.if(
            isDropping.get(),
            () => c.if(now.geS(dropNext.get()), () => drop(dropping)),
            () => {
              const recently = now.sub(dropNext.get()).ltS(config.INTERVAL);
              const long = now.sub(firstAbove.get()).geS(config.INTERVAL);
              c.if(mayDrop.get().and(recently.or(long)), () => drop(entering));
            },
          );
        },
        () => {
          c.if(mayDrop.get().eqz(), () => {
            isDropping.set(0);
            c.break();
          });
          dropNext.set(lawOf(dropNext.get()));
          c.if(now.geS(dropNext.get()), () => drop(dropping));
        },
        () => {
          const before = dropsInState.get();
          const recently = now.sub(dropNext.get()).ltS(config.INTERVAL);
          dropsInState.set(c.select(recently.and(before.gtS(2)), before.sub(2), c.i32(1)));
          isDropping.set(1);
          dropNext.set(lawOf(now));
        },
      ]);
      c.break();
    });
    const address = held.get();
    c.if(address, () => packets.take(address, (packet) => output(0).push(packet)));
  },
});

/** A function of the number of drops: the nanoseconds to the next one, which is the interval by their root, in 32 bits. */
function dropAfter({ module }: FunctionBuilder, interval: bigint): Func<"i32"> {
  const name = `controlled delay ${interval}`;
  const scaled = Number(
    BigInt.asUintN(32, (BigInt.asUintN(32, interval / millisecondNs) << BigInt(scaleBits)) * millisecondNs),
  );
  return module.once(name, () =>
    module.func(name, { drops: "i32" }, "i32", (c, { drops }) => {
      const root = rootOf(c, drops.shl(2 * scaleBits));
      return c.i32(scaled).divU(c.select(root, root, c.i32(1)));
    }),
  );
}
