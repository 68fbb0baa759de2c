/** RatedUnqueue and BandwidthRatedUnqueue: they pull packets as far as a token bucket allows, and push them. */
import {
  arg,
  type ElementClass,
  element,
  keyword,
  required,
  tokenCount,
  tokenRate,
  tokenRateOf,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { readValue, syntaxError } from "./handlers.ts";
import { type RateUnit, rateText, rateType } from "./rate-text.ts";

/** A packet of bytes passes while so many tokens are there, whatever its length; they are beyond the burst. */
const threshold: Readonly<Record<RateUnit, number>> = { packets: 1, bytes: 131072 };
const most = 0xffffffff;

interface Burst {
  /** Milliseconds' worth of tokens, or how many there are. */
  readonly milliseconds: number;
  readonly amount: number | undefined;
}

/** How many tokens there are at most. */
function capacity(unit: RateUnit, rate: number, { milliseconds, amount }: Burst): number {
  const burst = amount ?? Math.min(Math.floor((rate * milliseconds) / 1000), most);
  return Math.max(1, Math.min(unit === "bytes" ? burst + threshold.bytes : burst, most));
}

export function ratedUnqueue(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "l/h",
    live: true,
    config: {
      RATE: required(rateType(unit)),
      BURST_DURATION: keyword(arg.time, undefined),
      [unit === "bytes" ? "BURST_BYTES" : "BURST_SIZE"]: keyword(arg.u32, undefined),
    },
    prepare({ config, error }) {
      const amount = (config as { BURST_BYTES?: number }).BURST_BYTES ?? (config as { BURST_SIZE?: number }).BURST_SIZE;
      if (amount !== undefined && config.BURST_DURATION !== undefined)
        error("cannot specify both BURST_DURATION and BURST_SIZE");
      const milliseconds = Math.min(Number((config.BURST_DURATION ?? 20_000_000n) / 1_000_000n), most);
      const burst: Burst = { milliseconds, amount };
      return { burst };
    },
    state: {
      rate: tokenRate,
      tokens: tokenCount,
      active: u32,
      runs: u32,
      emptyRuns: u32,
      pushes: u32,
      failedPulls: u32,
    },
    initial: ({ config, plan }) => ({
      active: 1,
      rate: tokenRateOf(config.RATE as number, capacity(unit, config.RATE as number, plan.burst)),
    }),
    handlers: {
      rate: {
        kind: unit === "bytes" ? "text" : "rate",
        unit: `${unit}/s`,
        read: (s) => rateText(unit, s.rate.tokens),
        write(s, value, { plan, schedule }) {
          const rate = readValue(rateType(unit), value);
          const stood = s.rate.tokens === 0;
          s.rate.assign(rate, capacity(unit, rate, plan.burst));
          // Else the timer is set, and the new rate is looked at when the time is up that the other one took.
          if (stood) schedule();
        },
      },
      active: {
        flag: "active",
        write: (s, value) => {
          s.active = Number(readValue(arg.bool, value, syntaxError));
        },
      },
      calls: {
        read: (s) =>
          `${s.runs} calls to run_task()\n${s.emptyRuns} empty runs\n${s.pushes} pushes\n${s.failedPulls} failed pulls\n`,
      },
    },
    init: (_c, { state }) => state.tokens.start(state.rate),
    timer: (_c, { task }) => task.schedule(),
    task(c, { state, clock, input, output, timer, task, mayPull }) {
      const worked = c.var("i32", 0, "worked");
      const { rate, tokens, runs, emptyRuns, pushes, failedPulls } = state;
      runs.inc();
      const takeOne = (): void =>
        input(0).pull(
          (packet) => {
            tokens.remove(rate, unit === "bytes" ? packet.length : 1);
            pushes.inc();
            worked.set(1);
            output(0).push(packet);
          },
          () => {
            failedPulls.inc();
            c.if(
              mayPull(0),
              () => emptyRuns.inc(),
              () => task.unschedule(),
            );
          },
        );
      c.if(
        state.active.get(),
        () => {
          tokens.refill(rate, clock.now());
          c.if(tokens.contains(rate, threshold[unit]), takeOne, () => {
            timer.after(tokens.timeUntil(rate, threshold[unit]));
            emptyRuns.inc();
            task.unschedule();
          });
        },
        () => task.unschedule(),
      );
      return worked.get();
    },
  });
}
