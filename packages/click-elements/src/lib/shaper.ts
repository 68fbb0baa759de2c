/** Shaper and BandwidthShaper: they answer pulls at a rate of packets or bytes, as far apart as can be. */
import {
  type ElementClass,
  type ElementContext,
  element,
  gapRate,
  gapRateOf,
  required,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { readValue, wake } from "./handlers.ts";
import { type RateUnit, rateText, rateType } from "./rate-text.ts";

export function pullShaper(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1-2",
    processing: "l/l",
    live: true,
    config: { RATE: required(rateType(unit)) },
    state: { rate: gapRate },
    initial: ({ config }) => ({ rate: gapRateOf(config.RATE) }),
    handlers: {
      rate: {
        kind: unit === "bytes" ? "text" : "rate",
        unit: `${unit}/s`,
        read: (s) => rateText(unit, s.rate.rate),
        write(s, value, context) {
          s.rate.assign(readValue(rateType(unit), value), context.now());
          wake(context);
        },
      },
      reset: {
        write(s, _value, context) {
          s.rate.reset();
          wake(context);
        },
      },
    },
    notifier: {
      through: true,
      active: (c, context) => (context.noutputs > 1 ? context.mayPull(0) : isDue(c, context).and(context.mayPull(0))),
    },
    timer: (_c, { wake }) => wake(),
    pull(c, port, context) {
      const { state, input, output } = context;
      const due = isDue(c, context);
      // What is over the rate: BandwidthShaper gives that nobody, whichever output is asked.
      const over = port === 1 && unit === "packets";
      c.if(over ? due.eqz() : due, () =>
        input(0).pull((packet) => {
          if (!over) state.rate.happened(unit === "bytes" ? packet.length : 1);
          output(port).push(packet);
        }),
      );
    },
  });
}

type Shaped = Pick<ElementContext<unknown, unknown, { rate: typeof gapRate }>, "state" | "clock" | "timer">;

/** Whether a packet may pass; where not, the timer says when to ask again. */
function isDue(c: FunctionBuilder, { state, clock, timer }: Shaped): I32 {
  const due = state.rate.isDue(clock.now());
  c.if(due.or(state.rate.idle()).eqz(), () => timer.at(state.rate.nextAsk()));
  return due;
}
