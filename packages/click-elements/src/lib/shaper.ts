/** Shaper and BandwidthShaper: they answer pulls at a rate of packets or bytes, as far apart as can be. */
import { type ElementClass, element, gapRate, gapRateOf, required } from "@clickos/click-core/element";
import { readArgument, wake } from "./handlers.ts";
import { type RateUnit, rateText, rateType } from "./rate-text.ts";

export function pullShaper(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/1-2",
    processing: "l/l",
    live: true,
    config: { RATE: required(rateType(unit)) },
    prepare({ config, complaint }) {
      const { rate } = gapRateOf(config.RATE);
      if (rate < config.RATE) complaint(`rate too large; lowered to ${rate}`);
    },
    state: { rate: gapRate },
    initial: ({ config }) => ({ rate: gapRateOf(config.RATE) }),
    handlers: {
      rate: {
        kind: unit === "bytes" ? "text" : "rate",
        unit: `${unit}/s`,
        read: (s) => rateText(unit, s.rate.rate),
        write(s, value, context) {
          s.rate.assign(readArgument("RATE", rateType(unit), value), context.now());
          wake(context);
        },
      },
      reset: {
        flags: "",
        write(s, _value, context) {
          s.rate.reset();
          wake(context);
        },
      },
      config: { read: (s) => rateText(unit, s.rate.rate), flags: "" },
    },
    // Those who pull sleep until a packet is due; in Click they ask again and again.
    notifier: { empty: true, through: true },
    timer: (_c, { emptyNote }) => emptyNote.wake(),
    pull(c, port, { state, clock, timer, input, output, noutputs, emptyNote, mayPull }) {
      const due = state.rate.isDue(clock.now());
      // What is over the rate: BandwidthShaper gives that nobody, whichever output is asked.
      const over = port === 1 && unit === "packets";
      const none = c.var("i32", 0, "none");
      c.if(
        over ? due.eqz() : due,
        () =>
          input(0).pull(
            (packet) => {
              if (!over) state.rate.happened(unit === "bytes" ? packet.length : 1);
              output(port).push(packet);
            },
            () => none.set(mayPull(0).eqz()),
          ),
        () => {
          if (noutputs > 1) return;
          none.set(1);
          c.if(state.rate.idle().eqz(), () => timer.at(state.rate.nextAsk()));
        },
      );
      c.if(none.get(), () => emptyNote.sleep());
    },
  });
}
