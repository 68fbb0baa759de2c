/** RatedUnqueue and BandwidthRatedUnqueue: they pull packets as far as a token bucket allows, and push them. */
import { arg, type ElementClass, element, tokenCount, tokenRate } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { readArgument, readValue } from "./handlers.ts";
import { capacity, initialRate, rateArguments, readBurst, threshold } from "./rate-arguments.ts";
import { type RateUnit, rateText, rateType } from "./rate-text.ts";

export function ratedUnqueue(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "l/h",
    live: true,
    config: rateArguments(unit),
    prepare: readBurst,
    state: {
      rate: tokenRate,
      tokens: tokenCount,
      active: u32,
      runs: u32,
      emptyRuns: u32,
      pushes: u32,
      failedPulls: u32,
    },
    initial: ({ config, plan }) => ({ rate: initialRate(unit, config.RATE, plan.burst) }),
    handlers: {
      calls: {
        read: (s) =>
          `${s.runs} calls to run_task()\n${s.emptyRuns} empty runs\n${s.pushes} pushes\n${s.failedPulls} failed pulls\n`,
      },
      rate: {
        kind: unit === "bytes" ? "text" : "rate",
        unit: `${unit}/s`,
        read: (s) => rateText(unit, s.rate.tokens),
        write(s, value, { plan, schedule }) {
          const rate = readArgument("RATE", rateType(unit), value);
          const stood = s.rate.tokens === 0;
          s.rate.assign(rate, capacity(unit, rate, plan.burst));
          // Else the timer is set, and the new rate is looked at when the time is up that the other one took.
          if (stood) schedule();
        },
      },
      active: {
        flag: "active",
        write: (s, value) => {
          s.active = Number(readValue(arg.bool, value, "expected boolean"));
        },
      },
      config: { read: (s) => rateText(unit, s.rate.tokens), flags: "" },
    },
    init(_c, { state }) {
      state.active.set(1);
      state.tokens.start(state.rate);
    },
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
