/**
 * RandomSample([P] [, keywords SAMPLE, DROP, ACTIVE]) — lets packets pass by chance.
 *
 * A packet passes with the probability P or SAMPLE, or with what DROP leaves of 1. Others leave on output 1, or are dropped where that
 * is not connected. Where ACTIVE is false, all pass. Chance is seeded by RandomSeed.
 *
 * Handlers: sampling_prob, drop_prob, active (read, write); drops (read); config (read, write).
 *
 *   ... -> s :: RandomSample(0.01) -> ToDump(sample.pcap); s [1] -> Discard
 */
import {
  arg,
  type ElementClass,
  element,
  keyword,
  live,
  Mistake,
  positional,
  readText,
} from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { certainty, chance, chanceText } from "../lib/probability.ts";

const write =
  (stored: (value: number) => number) =>
  (s: { probability: number }, text: string, { scope }: { readonly scope: Parameters<typeof readText>[2] }): void => {
    const value = readText(chance, text.trim(), scope);
    if (value instanceof Mistake || value > certainty) throw "Must be given a number between 0.0 and 1.0";
    s.probability = stored(value);
  };

export const RandomSample: ElementClass = element({
  name: "RandomSample",
  ports: "1/1-2",
  processing: "a/ah",
  live: true,
  config: {
    P: positional(chance, undefined),
    SAMPLE: keyword(chance, undefined),
    DROP: keyword(chance, undefined),
    ACTIVE: keyword(live(arg.bool, { written() {} }), true),
  },
  prepare({ config: { P, SAMPLE, DROP }, error }) {
    const probability = DROP === undefined ? (SAMPLE ?? P ?? -1) : certainty - DROP;
    if (SAMPLE !== undefined && DROP !== undefined) error("give at most one of SAMPLE and DROP");
    else if (probability < 0 || probability > certainty) error("sampling probability must be between 0 and 1");
    return { probability: Math.min(Math.max(probability, 0), certainty) };
  },
  state: { probability: u32, drops: u32 },
  initial: ({ plan }) => ({ probability: plan.probability }),
  handlerOrder: ["sampling_prob", "active", "drops", "drop_prob"],
  handlers: {
    sampling_prob: { read: (s) => chanceText(s.probability), write: write((value) => value) },
    drops: { counter: "drops" },
    drop_prob: {
      read: (s) => chanceText(certainty - s.probability),
      write: write((value) => certainty - value),
    },
    config: {
      flags: "",
      read: (s) => `SAMPLE ${chanceText(s.probability)}, ACTIVE ${(s as unknown as { active: number }).active !== 0}`,
    },
  },
  action(c, packet, { state, output, chance }) {
    c.if(state.active.get(), () => {
      c.if(
        chance()
          .and(certainty - 1)
          .geU(state.probability.get()),
        () => {
          state.drops.inc();
          output(1).push(packet, "not sampled");
        },
      );
    });
  },
});
