/** RatedSplitter and BandwidthRatedSplitter: they split packets as far as a token bucket allows. */
import { type ElementClass, element, tokenCount, tokenRate } from "@clickos/click-core/element";
import { readArgument } from "./handlers.ts";
import { capacity, initialRate, rateArguments, readBurst, threshold } from "./rate-arguments.ts";
import { type RateUnit, rateText, rateType } from "./rate-text.ts";

export function ratedSplitter(name: string, unit: RateUnit): ElementClass {
  const read = (s: { readonly rate: { readonly tokens: number } }): string | number => rateText(unit, s.rate.tokens);
  return element({
    name,
    ports: "1/1-2",
    processing: "h/h",
    live: true,
    config: rateArguments(unit),
    prepare: readBurst,
    state: { rate: tokenRate, tokens: tokenCount },
    initial: ({ config, plan }) => ({ rate: initialRate(unit, config.RATE, plan.burst) }),
    handlers: {
      rate: {
        kind: unit === "bytes" ? "text" : "rate",
        unit: `${unit}/s`,
        read,
        write(s, text, { plan }) {
          const rate = readArgument("RATE", rateType(unit), text);
          s.rate.assign(rate, capacity(unit, rate, plan.burst));
        },
      },
      config: { read, flags: "" },
    },
    init: (_c, { state }) => state.tokens.start(state.rate),
    push(c, _port, packet, { state: { rate, tokens }, clock, output }) {
      const over = (): void => output(1).push(packet, "over the rate");
      tokens.refill(rate, clock.now());
      if (unit === "packets") c.if(tokens.removeIf(rate, 1).eqz(), over);
      else {
        c.if(tokens.contains(rate, threshold.bytes).eqz(), over);
        tokens.remove(rate, packet.length);
      }
      output(0).push(packet);
    },
  });
}
