/**
 * Click's random numbers: those of the C library on Linux, so that a router seeded by RandomSeed draws what Click draws there.
 *
 * An additive feedback generator (Knuth, The Art of Computer Programming, volume 2, section 3.2.2): of 31 words, each is added to by the
 * one 28 places behind it, and its upper 31 bits are drawn. Anybody who sees some draws knows those that follow: it is for samples and for
 * tests, and not for what others must not guess; see `random`.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, staged } from "@clickos/codegen";
import { chanceWords, routerControl } from "./platform.ts";

/** The place that starts, and how far it is ahead of the one that is added to it. */
const ahead = 3;
/** The first words follow from the seed by the minimal standard generator (Park and Miller 1988). */
const multiplier = 16807n;
const modulus = 2_147_483_647n;
/** Draws that nobody gets, after a seed. */
const discarded = 310;

/** Draws from words that are there. */
function stepFunction({ module }: FunctionBuilder, control: number): Func<"i32"> {
  return module.once("chance step", () =>
    module.func("chance step", {}, "i32", (c) => {
      const { chance, chanceAt } = staged(c, routerControl, control);
      // Places count from 1.
      const at = chanceAt.get().sub(1);
      const behind = c.select(at.ltU(ahead), at.add(chanceWords), at).sub(ahead);
      const sum = chance.at(at).get().add(chance.at(behind).get());
      chance.at(at).set(sum);
      chanceAt.set(c.select(at.eq(chanceWords - 1), c.i32(1), at.add(2)));
      return sum.shrU(1);
    }),
  );
}

function seedFunction(outer: FunctionBuilder, control: number): Func<undefined> {
  const { module } = outer;
  return module.once("seed chance", () =>
    module.func("seed chance", { seed: "i32" }, undefined, (c, { seed }) => {
      const { chance, chanceAt } = staged(c, routerControl, control);
      const word = c.var("i32", c.select(seed, seed, c.i32(1)), "word");
      chance.at(0).set(word.get());
      c.for(1, chanceWords, 1, (i) => {
        const next = word.get().toI64S().mul(multiplier).remS(modulus);
        word.set(c.select(next.ltS(0n), next.add(modulus), next).toI32());
        chance.at(i).set(word.get());
      });
      chanceAt.set(ahead + 1);
      c.for(0, discarded, 1, () => {
        c.call(stepFunction(c, control));
      });
    }),
  );
}

/** Seeds the router's generator, because the configuration says so. */
export function seedChance(c: FunctionBuilder, control: number, seed: I32Like): void {
  staged(c, routerControl, control).chanceSeeded.set(1);
  c.call(seedFunction(c, control), c.i32(seed));
}

/** Draws 31 bits; where nobody has seeded the generator, the router's own seed does. */
export function drawChance(outer: FunctionBuilder, control: number): I32 {
  const { module } = outer;
  const draw = module.once("chance", () =>
    module.func("chance", {}, "i32", (c) => {
      const { chanceAt, seed } = staged(c, routerControl, control);
      c.if(chanceAt.get().eqz(), () => {
        c.call(seedFunction(c, control), seed.get().xor(seed.get().shrU(32n)).toI32());
      });
      return c.call(stepFunction(c, control));
    }),
  );
  return outer.call(draw);
}

/** Draws 31 bits of `random`; once the configuration has given a seed, as `chance` does. */
export function drawSecret(c: FunctionBuilder, control: number, random: () => I32): I32 {
  const drawn = c.var("i32", 0, "drawn");
  c.if(
    staged(c, routerControl, control).chanceSeeded.get(),
    () => drawn.set(drawChance(c, control)),
    () => drawn.set(random().shrU(1)),
  );
  return drawn.get();
}
