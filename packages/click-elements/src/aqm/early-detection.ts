/** Random early detection, which RED and AdaptiveRED share: an average of queues' lengths, and how probable a drop is by that. */
import {
  type ArgumentType,
  arg,
  type ConfigOf,
  type ConfigSpec,
  type ElementClass,
  type ElementContext,
  element,
  ewma,
  fixedPointText,
  type Packet,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { u32, u64 } from "@clickos/layout";
import { readArgument, refuse } from "../lib/handlers.ts";
import { checkQueueNames, lengthOfAll, nearbyQueues, queuesHandler, type StoragePeer } from "../lib/storage.ts";

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
interface Thresholds {
  minThresh: number;
  maxThresh: number;
  /** In 2^16ths. */
  maxP: number;
}

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

export const probability = (value: number): number => Math.floor(value * one + 0.5);

/** What early detection follows from an element's arguments. */
export interface DetectionPlan extends Readonly<Thresholds> {
  /** An observation moves the average by 2^-stability of the difference. */
  readonly stability: number;
  readonly gentle: boolean;
  /** Names of queues, separated by spaces. */
  readonly queues: string;
  /** What is said of who writes a threshold, where that cannot be done. */
  readonly writable?: string;
}
type Context = ElementContext<unknown, DetectionPlan, typeof state, readonly StoragePeer[]>;

/** A probability that is written to a handler. */
const notNegative: ArgumentType<number> = {
  ...arg.real,
  parse(text, scope) {
    const value = arg.real.parse(text, scope);
    return typeof value === "number" && value < 0 ? undefined : value;
  },
};

/** A handler of one of the thresholds. */
const threshold = (
  argument: string,
  name: keyof Thresholds,
  type: ArgumentType<number> = arg.u32,
  read = (value: number): string => String(value),
) => ({
  kind: "gauge" as const,
  read: (s: Thresholds) => read(s[name]),
  write(s: Thresholds, value: string, { plan }: { readonly plan: DetectionPlan }) {
    if (plan.writable !== undefined) refuse(plan.writable);
    const given = readArgument(argument, type, value);
    const next = { minThresh: s.minThresh, maxThresh: s.maxThresh, maxP: s.maxP };
    next[name] = name === "maxP" ? probability(given) : given;
    const problem = fault(next);
    if (problem) refuse(problem);
    Object.assign(s, slopes(next, plan.gentle));
  },
});

/** What a class of early detection is told, and what it does besides. */
export interface Detection<C extends ConfigSpec> {
  readonly config: C;
  plan(config: ConfigOf<C>): DetectionPlan;
  /** Between two adaptations of the probability, where there are any. */
  readonly adaptNs?: bigint;
}

export function earlyDetection<const C extends ConfigSpec>(name: string, its: Detection<C>): ElementClass {
  const { adaptNs } = its;
  return element<ConfigSpec, DetectionPlan, typeof state, readonly StoragePeer[]>({
    name,
    ports: "1/1-2",
    processing: "a/ah",
    live: true,
    config: its.config,
    prepare({ config, scope, error }) {
      const plan = its.plan(config as ConfigOf<C>);
      const problem = fault(plan);
      if (problem) error(problem);
      else if (plan.maxP < 0) error("MAX_P must be between 0 and 1", 2);
      else if (plan.stability > 16) error("STABILITY must be between 0 and 16");
      else checkQueueNames(plan.queues, scope, error);
      return plan;
    },
    peers: (search) => nearbyQueues(search, search.plan.queues, search.isPush(0) ? "downstream" : "upstream"),
    state,
    initial: ({ plan }) => ({ ...slopes(plan, plan.gentle), since: 0xffffffff }),
    handlers: {
      drops: { counter: "drops" },
      min_thresh: threshold("MIN_THRESH", "minThresh"),
      max_thresh: threshold("MAX_THRESH", "maxThresh"),
      max_p: threshold("MAX_P", "maxP", notNegative, (value) => fixedPointText(BigInt(value), probabilityBits)),
      avg_queue_size: { kind: "gauge", unit: "packets", read: (s) => s.size.text },
      stats: {
        kind: "table",
        read: (s, context) => `${lengthOfAll(context)} current queue\n${s.size.text} avg queue\n${s.drops} drops\n`,
      },
      queues: queuesHandler,
      config: {
        flags: "",
        read: (s, { plan, peers }) =>
          [
            s.minThresh,
            s.maxThresh,
            fixedPointText(BigInt(s.maxP), probabilityBits),
            ["QUEUES", ...peers.map((queue) => queue.name)].join(" "),
            `STABILITY ${plan.stability}`,
            ...(plan.gentle ? [] : ["GENTLE false"]),
          ].join(", "),
      },
    },
    ...(adaptNs === undefined
      ? {}
      : {
          endless: () => true,
          init: (_c: FunctionBuilder, { timer }: Context) => timer.after(adaptNs),
          timer(c: FunctionBuilder, context: Context) {
            adapt(c, context);
            context.timer.again(adaptNs);
          },
        }),
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
}

/** A hundredth and nine tenths, of `one`. */
const hundredth = 655;
const nineTenths = 58982;

/** Moves the probability so that the average comes to the middle of the thresholds: down by a tenth, or up by a hundredth. */
function adapt(c: FunctionBuilder, { state, plan, peers, peer }: Context): void {
  const { minThresh, maxThresh, maxP, slope, offset, gentleSlope, gentleOffset } = state;
  let length: I32 = c.i32(0);
  if (plan.stability === 0) for (const queue of peers) length = length.add(peer(queue).length());
  const average = plan.stability === 0 ? length : state.size.rounded().toI32();
  const [low, high] = [minThresh.get(), maxThresh.get()];
  const width = high.sub(low);
  const part = width.shrU(1);
  const before = maxP.get();
  c.if(
    average.ltU(low.add(part)).and(before.gtU(hundredth)),
    () => maxP.set(before.mul(nineTenths).shrU(probabilityBits)),
    () =>
      c.if(average.gtU(high.sub(part)).and(before.ltU(one / 2)), () => {
        const quarter = before.shrU(2);
        maxP.set(before.add(c.select(quarter.ltU(hundredth), quarter, c.i32(hundredth))));
      }),
  );
  const now = maxP.get();
  slope.set(now.divU(width).toI64());
  offset.set(now.mul(low).divU(width).toI64());
  gentleSlope.set(c.i32(one).sub(now).divU(high).toI64());
  gentleOffset.set(c.i32(one).sub(now.shl(1)).toI64S());
}

function dropPacket(packet: Packet, { state, noutputs, output }: Context): void {
  state.drops.inc();
  if (noutputs === 2) output(1).push(packet);
  else packet.drop("random early detection");
}

/** Whether the packet at hand is one to be dropped; takes the queues' lengths into account. */
function shouldDrop(c: FunctionBuilder, { state, plan, peers, peer, clock, chance }: Context): I32 {
  let length: I32 = c.i32(0);
  for (const queue of peers) length = length.add(peer(queue).length());
  const average = c.var("i32", length, "average");
  if (plan.stability > 0) {
    const shift = BigInt(plan.stability);
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
          const probable = slope.mul(state.size.scaled()).shrU(BigInt(scale)).sub(offset).toI32();
          const since = state.since.get().add(1);
          state.since.set(since);
          const draw = (): void => state.random.set(chance().shrU(5).and(0xffff));
          c.if(since.gtS(0).and(probable.gtS(0)), () =>
            c.if(since.gtS(state.random.get().divS(probable)), () => {
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
