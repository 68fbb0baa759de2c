/** Elements that let packets through at a rate, counted in packets or in bytes, answering pulls or pushing. */
import { arg, type ElementClass, element, keyword, type LiveType, live, required } from "@clickos/click-core/element";
import type { FunctionBuilder, I64 } from "@clickos/codegen";
import { type U32Field, u32, u64 } from "@clickos/layout";
import { wake } from "./handlers.ts";
import { packetsPerTurn } from "./pull-task.ts";
import { type Burst, costOf, lengthOf, mayPass, pass } from "./rate.ts";

/** What a rate counts. */
export type RateUnit = "packets" | "bytes";

/** A rate that can be written: what it lets through begins at once. */
const rateOf = (unit: RateUnit): LiveType<number, U32Field> =>
  live(unit === "bytes" ? arg.bandwidth : arg.u32, {
    kind: "rate",
    unit: `${unit}/s`,
    written(context, state: { next: bigint }) {
      state.next = context.now();
      wake(context);
    },
  });

function amount(c: FunctionBuilder, unit: RateUnit, length: { toI64(): I64 }): I64 {
  return unit === "bytes" ? length.toI64() : c.i64(1n);
}

/** What a pause of a shaper earns. */
const shaperBurst: Burst = { duration: 50_000_000n };

export function pullShaper(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "l/l",
    live: true,
    config: { RATE: required(rateOf(unit)) },
    state: { next: u64 },
    notifier: {
      through: true,
      active: (_c, { state, clock, mayPull }) =>
        mayPass(state.next, clock.now()).and(state.rate.get().ne(0)).and(mayPull(0)),
    },
    init: (_c, { state, clock }) => state.next.set(clock.now()),
    timer: (_c, { wake }) => wake(),
    pull(c, _port, { state, clock, input, output, timer }) {
      const rate = state.rate.get();
      c.if(rate, () => {
        c.if(
          mayPass(state.next, clock.now()),
          () =>
            input(0).pull((packet) => {
              const cost = costOf(amount(c, unit, packet.length), rate.toI64());
              const earned = lengthOf(c, shaperBurst, rate.toI64());
              pass(c, state.next, clock.now(), cost, c.select(cost.gtU(earned), cost, earned));
              timer.at(state.next.get());
              output(0).push(packet);
            }),
          () => timer.at(state.next.get()),
        );
      });
    },
  });
}

export function ratedUnqueue(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "l/h",
    live: true,
    config: {
      RATE: required(rateOf(unit)),
      BURST: keyword(arg.u32, 32),
      ACTIVE: keyword(live(arg.bool), true),
      BURST_DURATION: keyword(arg.time, undefined),
      [unit === "bytes" ? "BURST_BYTES" : "BURST_SIZE"]: keyword(arg.u32, undefined),
    },
    prepare({ config, error }) {
      const amount = (config as { BURST_BYTES?: number }).BURST_BYTES ?? (config as { BURST_SIZE?: number }).BURST_SIZE;
      if (amount !== undefined && config.BURST_DURATION !== undefined)
        error("the burst is given twice: by its duration and by its size");
      const burst: Burst = amount === undefined ? { duration: config.BURST_DURATION ?? 20_000_000n } : { amount };
      return { burst };
    },
    state: { next: u64, count: u32 },
    handlers: { count: { counter: "count" } },
    init: (_c, { state, clock }) => state.next.set(clock.now()),
    timer: (_c, { task }) => task.schedule(),
    task(c, { state, clock, input, output, timer, task, config, plan }) {
      const worked = c.var("i32", 0, "worked");
      const rate = state.rate.get();
      c.if(
        rate.ne(0).and(state.active.get()),
        () => {
          const left = c.var("i32", Math.min(Math.max(1, config.BURST), packetsPerTurn), "left");
          c.loop(() => {
            c.if(left.get().eqz(), () => c.break());
            c.if(mayPass(state.next, clock.now()).eqz(), () => {
              timer.at(state.next.get());
              task.unschedule();
              c.break();
            });
            left.inc(-1);
            input(0).pull(
              (packet) => {
                const cost = costOf(amount(c, unit, packet.length), rate.toI64());
                const burst = lengthOf(c, plan.burst, rate.toI64());
                // A burst of three packets is three, this one included; one of bytes may end within a packet.
                const earned = unit === "bytes" ? burst : c.select(burst.gtU(cost), burst.sub(cost), c.i64(0n));
                pass(c, state.next, clock.now(), cost, earned);
                worked.set(1);
                state.count.inc();
                output(0).push(packet);
              },
              () => c.break(),
            );
          });
        },
        () => task.unschedule(),
      );
      return worked.get();
    },
  });
}
