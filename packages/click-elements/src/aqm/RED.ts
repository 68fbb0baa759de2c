/**
 * RED(MIN_THRESH, MAX_THRESH, MAX_P [, keywords QUEUES, STABILITY, GENTLE]) — drops packets by random early detection.
 *
 * Keeps a moving average of how many packets are in the queues nearby: the nearest storage elements downstream where
 * its output is push, else the nearest upstream; or those whose names QUEUES lists, separated by spaces. While the average is at
 * most MIN_THRESH no packet is dropped; from there the probability rises to MAX_P, a number between 0 and 1, at
 * MAX_THRESH. Above it, the probability goes on to 1 at twice MAX_THRESH (GENTLE, the default), or is 1. An observation moves
 * the average by 2^-STABILITY of the difference (4 by default; 0 takes the lengths as they are).
 *
 * Dropped packets leave on output 1, if that is connected.
 *
 * Handlers: min_thresh, max_thresh, max_p (read, write); drops, queues, avg_queue_size, stats (read).
 *
 *   ... -> RED(5, 50, 0.02) -> Queue(200) -> ...
 *
 * Floyd and Jacobson, Random Early Detection Gateways for Congestion Avoidance, 1993.
 */
import {
  type ArgumentType,
  arg,
  type ElementClass,
  type ElementContext,
  element,
  ewma,
  fixedPointText,
  keyword,
  type Packet,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { readValue } from "../lib/handlers.ts";
import { Storage, type StoragePeer } from "../lib/storage.ts";

/** Bits of fraction of the average, and of probabilities. */
const scale = 10;
const probabilityBits = 16;
const one = 1 << probabilityBits;
/** Between two times at which an empty queue is taken into account. */
const emptyStepNs = 20_000_000n;

const state = {
  size: ewma(scale),
  /** When the queue was last seen empty, in steps; 0 when it was not empty since. */
  emptySince: u32,
  /** Packets since the last that was dropped; -1 while none may be. */
  since: u32,
  random: u32,
  drops: u32,
  minThresh: u32,
  maxThresh: u32,
  maxP: u32,
  /** Above it every packet is dropped. */
  killThresh: u32,
  /** What the average is multiplied by, and what is taken off: up to MAX_THRESH, and above it. */
  slope: u64,
  offset: u64,
  gentleSlope: u64,
  gentleOffset: u64,
};
type Thresholds = Pick<Record<keyof typeof state, number>, "minThresh" | "maxThresh" | "maxP">;

/** What is wrong with the thresholds, if anything is. */
function fault({ minThresh, maxThresh, maxP }: Thresholds): string | undefined {
  if (maxThresh > 0xffff) return "MAX_THRESH must be <= 65535";
  if (minThresh > maxThresh) return "MIN_THRESH must be <= MAX_THRESH";
  return maxP > one ? "MAX_P must be between 0 and 1" : undefined;
}

/** The state that follows from the thresholds. */
function slopes({ minThresh, maxThresh, maxP }: Thresholds, gentle: boolean) {
  const width = maxThresh - minThresh;
  const divide = (a: number, b: number): bigint => (b === 0 ? 0n : BigInt(Math.floor(a / b)));
  return {
    minThresh,
    maxThresh,
    maxP,
    killThresh: gentle && maxP !== one ? maxThresh * 2 : maxThresh,
    slope: divide(maxP, width),
    offset: width === 0 ? 1n : divide(maxP * minThresh, width),
    gentleSlope: divide(one - maxP, maxThresh),
    gentleOffset: BigInt.asUintN(64, BigInt(one - 2 * maxP)),
  };
}

const probability = (value: number): number => Math.floor(value * one + 0.5);
const thresholds = (config: Config): Thresholds => ({
  minThresh: config.MIN_THRESH,
  maxThresh: config.MAX_THRESH,
  maxP: probability(config.MAX_P),
});

interface Config {
  readonly MIN_THRESH: number;
  readonly MAX_THRESH: number;
  readonly MAX_P: number;
  readonly STABILITY: number;
  readonly GENTLE: boolean;
}
type Context = ElementContext<Config, unknown, typeof state, readonly StoragePeer[]>;

/** A handler of one of the thresholds. */
const threshold = (
  name: keyof Thresholds,
  type: ArgumentType<number> = arg.u32,
  read = (value: number): string => String(value),
) => ({
  kind: "gauge" as const,
  read: (s: Thresholds) => read(s[name]),
  write(s: Thresholds, value: string, { config }: { readonly config: Config }) {
    const given = readValue(type, value);
    const next = { minThresh: s.minThresh, maxThresh: s.maxThresh, maxP: s.maxP };
    next[name] = name === "maxP" ? probability(given) : given;
    const problem = fault(next);
    if (problem) throw problem;
    Object.assign(s, slopes(next, config.GENTLE));
  },
});

export const RED: ElementClass = element({
  name: "RED",
  ports: "1/1-2",
  processing: "a/ah",
  config: {
    MIN_THRESH: required(arg.u32),
    MAX_THRESH: required(arg.u32),
    MAX_P: required(arg.real),
    QUEUES: keyword(arg.raw, ""),
    STABILITY: keyword(arg.u32, 4),
    GENTLE: keyword(arg.bool, true),
  },
  prepare({ config, error }) {
    const problem = fault(thresholds(config));
    if (problem) error(problem);
    if (config.MAX_P < 0) error("MAX_P must be between 0 and 1", 2);
    if (config.STABILITY > 16) error("STABILITY must be between 0 and 16");
  },
  peers({ config, isPush, upstream, downstream, named, error }): readonly StoragePeer[] {
    const names = config.QUEUES.split(/\s+/).filter((name) => name !== "");
    if (names.length > 0) return names.flatMap((name) => named(name, Storage) ?? []);
    const found = isPush(0) ? downstream(Storage, 0) : upstream(Storage, 0);
    if (found.length === 0) error("no nearby Queues");
    return found;
  },
  state,
  initial: ({ config }) => ({ ...slopes(thresholds(config), config.GENTLE), since: 0xffffffff }),
  handlers: {
    drops: { counter: "drops" },
    min_thresh: threshold("minThresh"),
    max_thresh: threshold("maxThresh"),
    max_p: threshold("maxP", arg.real, (value) => fixedPointText(BigInt(value), probabilityBits)),
    queues: { kind: "table", read: (_s, { peers }) => peers.map((q) => `${q.name}\n`).join("") },
    avg_queue_size: { kind: "gauge", unit: "packets", read: (s) => s.size.text },
    stats: {
      kind: "table",
      read: (s, { peers, peer }) =>
        `${peers.reduce((sum, q) => sum + peer(q).length, 0)} current queue\n${s.size.text} avg queue\n${s.drops} drops\n`,
    },
  },
  push(c, _port, packet, context) {
    c.if(shouldDrop(c, context), () => dropPacket(packet, context));
    context.output(0).push(packet);
  },
  pull(c, _port, context) {
    c.loop(() => {
      const again = c.var("i32", 0, "again");
      context.input(0).pull((packet) => {
        c.if(
          shouldDrop(c, context),
          () => {
            again.set(1);
            dropPacket(packet, context);
          },
          () => context.output(0).push(packet),
        );
      });
      c.if(again.get().eqz(), () => c.break());
    });
  },
});

function dropPacket(packet: Packet, { state, noutputs, output }: Context): void {
  state.drops.inc();
  if (noutputs === 2) output(1).push(packet);
  else packet.drop("random early detection");
}

/** Whether the packet at hand is one to be dropped; takes the queues' lengths into account. */
function shouldDrop(c: FunctionBuilder, { state, config, peers, peer, clock, random }: Context): I32 {
  let length: I32 = c.i32(0);
  for (const queue of peers) length = length.add(peer(queue).length());
  const average = c.var("i32", length, "average");
  if (config.STABILITY > 0) {
    const shift = BigInt(config.STABILITY);
    c.if(
      length,
      () => {
        state.size.update(length.toI64(), shift);
        state.emptySince.set(0);
      },
      () => {
        const step = clock.now().divU(emptyStepNs).toI32();
        const since = state.emptySince.get();
        state.size.updateN(0n, c.select(since, step.sub(since), c.i32(1)).toI64(), shift);
        state.emptySince.set(step);
      },
    );
    average.set(state.size.rounded().toI32());
  }
  const size = average.get();
  const drop = c.var("i32", 0, "drop");
  c.if(
    size.leU(state.minThresh.get()),
    () => state.since.set(-1),
    () =>
      c.if(
        size.gtU(state.killThresh.get()),
        () => {
          state.since.set(-1);
          drop.set(1);
        },
        () => {
          const steep = size.gtU(state.maxThresh.get());
          const slope = c.select(steep, state.gentleSlope.get(), state.slope.get());
          const offset = c.select(steep, state.gentleOffset.get(), state.offset.get());
          const chance = slope.mul(state.size.scaled()).shrU(BigInt(scale)).sub(offset).toI32();
          const since = state.since.get().add(1);
          state.since.set(since);
          const draw = (): void => state.random.set(random().shrU(5).and(0xffff));
          c.if(since.gtS(0).and(chance.gtS(0)), () =>
            c.if(since.gtS(state.random.get().divS(chance)), () => {
              state.since.set(0);
              drop.set(1);
              draw();
            }),
          );
          c.if(drop.get().or(state.since.get()).eqz(), draw);
        },
      ),
  );
  return drop.get();
}
