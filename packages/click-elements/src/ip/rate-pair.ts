/**
 * Two rates that are averaged together, in the 32 bits and the steps in which Click takes them (include/click/ewma.hh, `RateEWMAX`).
 *
 * An epoch has 8 milliseconds. When one is over, each average moves by 1/32 towards what was counted in it; averages have 10 bits of
 * fraction.
 */
import { fixedPointText } from "@clickos/click-core/element";
import { type Func, type FunctionBuilder, type I32, type I64, staged } from "@clickos/codegen";
import { type ArrayField, array, type HostFields, type Struct, struct, type U32Field, u32 } from "@clickos/layout";

const millisecond = 1_000_000n;
const epochBits = 3;
/** As Click divides a thousand milliseconds. */
export const epochsPerSecond: number = 1000 >> epochBits;
const scale = 10;
const shift = 5;
/** What rounds a step. */
const half = 1 << (shift - 1);
/** From as many epochs without anything on, the average is 0. */
const enough = 100;

type Pair = ArrayField<U32Field>;
export type RatePairFields = { epoch: U32Field; current: Pair; average: Pair };
/** `current` is what was counted in the present epoch. */
export const ratePair: Struct<RatePairFields> = struct(
  { epoch: u32, current: array(u32, 2), average: array(u32, 2) },
  { name: "ratePair" },
);

/** The number of the epoch at a time. */
export const epochAt = (now: I64): I32 => now.divU(millisecond).toI32().shrU(epochBits);
export const hostEpochAt = (now: bigint): number => Number((now / millisecond) & 0xffff_ffffn) >>> epochBits;

/** A function `(at, now)` that takes the epochs until `now` into account. */
function close({ module }: FunctionBuilder): Func<undefined> {
  const name = "rate pair close";
  return module.once(name, () =>
    module.func(name, { at: "i32", now: "i32" }, undefined, (c, { at, now }) => {
      const { epoch, current, average } = staged(c, ratePair, at);
      const empty = now.sub(epoch.get()).sub(1);
      for (const which of [0, 1]) {
        const counted = current.at(which);
        const moved = c.var("i32", average.at(which).get(), "average");
        const step = (towards: I32): void => moved.set(moved.get().add(towards.sub(moved.get()).shrS(shift)));
        step(counted.get().shl(scale).add(half));
        c.if(
          empty.geU(enough),
          () => moved.set(0),
          () => c.for(0, empty, 1, () => step(c.i32(half))),
        );
        average.at(which).set(moved.get());
        counted.set(0);
      }
      epoch.set(now);
    }),
  );
}

/** Takes the epochs until `now` into account. */
export function closeEpochs(c: FunctionBuilder, at: I32, now: I32): void {
  c.if(staged(c, ratePair, at).epoch.get().ne(now), () => c.call(close(c), at, now));
}

/** What is counted in a second, as a whole number. */
export const perSecond = (average: I32): I32 => average.mul(epochsPerSecond).shrS(scale);

/** The same as `closeEpochs`, on the host. */
export function closeOnHost(pair: HostFields<RatePairFields>, now: number): void {
  if (pair.epoch === now) return;
  const empty = (now - pair.epoch - 1) >>> 0;
  for (const which of [0, 1]) {
    const step = (average: number, towards: number): number => (average + ((towards - average) >> shift)) | 0;
    let moved = step(pair.average[which] as number, ((pair.current[which] as number) << scale) + half);
    if (empty >= enough) moved = 0;
    else for (let i = 0; i < empty; i++) moved = step(moved, half);
    pair.average[which] = moved >>> 0;
    pair.current[which] = 0;
  }
  pair.epoch = now;
}

/** A rate a second as Click writes it. */
export const rateText = (average: number): string => fixedPointText(BigInt(Math.imul(average, epochsPerSecond)), scale);
