/** What elements that replay packets keep, and how they load the packets. */
import { anew, annotation, type ElementContext, packetDescriptor, packetList } from "@clickos/click-core/element";
import { type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { type ArrayField, array, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";
import { packetsPerTurn } from "./pull-task.ts";
import { mostPackets } from "./storage.ts";

/** Packets that are loaded where LIMIT does not say how many. */
const usualLimit = 1 << 16;

/** The arguments that both have and that stay as they are. */
export interface ReplayConfig {
  readonly STOP_TIME: number;
  readonly BURST: number;
  readonly VERBOSE: boolean;
  readonly FREEONTERMINATE: boolean;
  readonly LIMIT: number;
  readonly USE_SIGNAL: boolean;
}

/** How many packets are loaded at the most. */
export const mostLoaded = (limit: number): number =>
  limit < 0 ? usualLimit : Math.min(Math.max(limit, 1), mostPackets);

/**
 * `next` is the packet that is sent next, and `sent` counts those of this round; `earliest` has by input a packet that was pulled
 * and is not loaded yet. `loopTime` is the timestamp of the round's first packet, `loopStart` when it was sent, `start` when the first
 * round began.
 */
export type ReplayState = {
  packets: typeof packetList;
  loaded: U32Field;
  loading: U32Field;
  restarted: U32Field;
  next: U32Field;
  sent: U32Field;
  waiting: ArrayField<U32Field>;
  loopTime: U64Field;
  loopStart: U64Field;
  start: U64Field;
};

export const replayState = (inputs: number): ReplayState => ({
  packets: packetList,
  loaded: u32,
  loading: u32,
  restarted: u32,
  next: anew(u32),
  sent: anew(u32),
  waiting: anew(array(u32, Math.max(inputs, 1))),
  loopTime: u64,
  loopStart: u64,
  start: u64,
});

export type ReplayContext = ElementContext<
  ReplayConfig,
  unknown,
  ReplayState & { stop: U32Field; active: U32Field }
> & {
  readonly className: string;
};

/** Pulls the packets that are to be sent, from several inputs in the order of their timestamps; how many it has got. */
export function loadPackets(
  c: FunctionBuilder,
  { state, name, ninputs, config, input, packets, line, mayPull, clock }: ReplayContext,
): I32 {
  const { packets: list, loading, loaded, waiting } = state;
  c.if(loading.get().eqz(), () => {
    c.while(
      () => list.length(),
      () => packets.take(list.shiftOrZero(), (packet) => packet.kill()),
    );
    loading.set(1);
    line().text(`Loading ${name} with ${ninputs} inputs.`).end();
  });
  const count = c.var("i32", 0, "count");
  const first = c.var("i32", 0, "first");
  const time = c.var("i64", 0n, "time");
  const dry = c.var("i32", -1, "dry");
  const over = c.var("i32", 0, "over");
  const askFor = (port: number): void => {
    const place = waiting.at(port);
    c.if(place.get().eqz(), () =>
      input(port).pull(
        (packet) => place.set(packet.store()),
        () => {
          over.set(config.USE_SIGNAL ? mayPull(port).eqz() : 1);
          // One that may have packets still is asked again in the next turn.
          c.if(over.get(), () => dry.set(port));
        },
      ),
    );
    c.if(place.get(), () => {
      const its = staged(c, packetDescriptor, place.get()).timestamp.get();
      if (port === 0) {
        first.set(0);
        time.set(its);
      } else
        c.if(its.ltS(time.get()), () => {
          first.set(port);
          time.set(its);
        });
    });
  };
  const missing = (): I32 => {
    let any = waiting.at(0).get().eqz();
    for (let i = 1; i < ninputs; i++) any = any.or(waiting.at(i).get().eqz());
    return any;
  };
  c.loop(() => {
    askFor(0);
    for (let i = 1; i < ninputs; i++) c.if(waiting.at(i - 1).get(), () => askFor(i));
    c.if(missing(), () => c.break());
    const chosen = waiting.at(first.get());
    const address = c.var("i32", chosen.get(), "address");
    chosen.set(0);
    packets.take(address.get(), (packet) => {
      packet.annotation8(annotation.paint).set(first.get());
      list.append(packet);
    });
    count.inc();
    c.if(list.length().geU(mostLoaded(config.LIMIT)), () => {
      over.set(1);
      c.break();
    });
    // Everything else has a turn too.
    c.if(count.get().eq(packetsPerTurn), () => c.break());
  });
  c.if(over.get(), () => {
    for (let i = 0; i < ninputs; i++)
      c.if(waiting.at(i).get(), () => {
        const address = c.var("i32", waiting.at(i).get(), "address");
        waiting.at(i).set(0);
        packets.take(address.get(), (packet) => packet.kill());
      });
    line()
      .text(`${name} : Successfully loaded `)
      .decimal(list.length())
      .text(" packets. Input ")
      .signed(dry.get())
      .text(" dried out.")
      .end();
    loading.set(0);
    loaded.set(1);
    rewind(state);
    keepTime(c, state, clock.now());
  });
  return count.get();
}

/** The first packet is the next one. */
export function rewind({ next, sent, packets }: ReplayContext["state"]): void {
  next.set(packets.first());
  sent.set(0);
}

/** Times are those from the packet that is next. */
export function keepTime(
  c: FunctionBuilder,
  { next, loopTime, loopStart, start, restarted }: ReplayContext["state"],
  now: I64,
): void {
  restarted.set(0);
  c.if(next.get(), () => {
    loopTime.set(staged(c, packetDescriptor, next.get()).timestamp.get());
    loopStart.set(now);
    c.if(start.get().eqz(), () => start.set(now));
  });
}
