/**
 * RandomSeed([SEED]) — seeds chance.
 *
 * With SEED, what elements draw is the same in each run, and the same as Click draws on Linux; otherwise it is as it is without the
 * element: another in each run. That goes for ports, too, that rewriters choose at random for new flows: without SEED, others cannot
 * foresee them.
 *
 * Handlers: seed (read, write).
 *
 *   RandomSeed(5); ... -> RandomSwitch -> ...
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { readArgument } from "../lib/handlers.ts";
import { type GivenTexts, givenTexts } from "../lib/keyword-handlers.ts";

const config = { SEED: positional(arg.u32, undefined) };
/** `written` is 1 where the seed was written to the handler. */
const state = { seed: u32, written: u32 };

export const RandomSeed: ElementClass = element<typeof config, GivenTexts, typeof state>({
  name: "RandomSeed",
  ports: "0/0",
  processing: "a/a",
  live: true,
  configurePhase: 0,
  config,
  prepare: ({ arguments: texts }) => givenTexts(config, texts),
  state,
  initial: ({ config }) => ({ seed: config.SEED ?? 0, written: 0 }),
  handlers: {
    seed: {
      flags: ".",
      read: (s, { plan }) => (s.written ? s.seed : (plan.given.get("SEED") ?? "")),
      write(s, text, { setTimer, now }) {
        s.seed = readArgument("SEED", arg.u32, text);
        s.written = 1;
        setTimer(now());
      },
    },
  },
  init(_c, { config, seedChance }) {
    if (config.SEED !== undefined) seedChance(config.SEED);
  },
  timer: (_c, { state, seedChance }) => seedChance(state.seed.get()),
});
