/**
 * Exponentially weighted moving averages, in the steps in which Click takes them (include/click/ewma.hh), so that what
 * handlers show is what they show there.
 *
 * An average is a 64-bit number with `scale` bits of fraction. An observation moves it by a part of the difference,
 * `1 / 2^shift`, rounded to nearest.
 */
import {
  type Func,
  type FunctionBuilder,
  type I32,
  type I64,
  type I64Like,
  type StagedField,
  staged,
} from "@clickos/codegen";
import { type Struct, struct, type U64Field, u64 } from "@clickos/layout";
import { fixedPointText } from "./fixed-point.ts";

/** From as many equal observations on, the average is the observation. */
const enough = 100;

/** An average in staged code: Click's `DirectEWMAX`. */
export interface StagedEwma {
  update(observation: I64Like, shift: I64Like): void;
  /** The same observation several times. */
  updateN(observation: I64Like, count: I64Like, shift: I64Like): void;
  /** The average with its bits of fraction. */
  scaled(): I64;
  /** The average to the nearest whole number: Click's `unscaled_average`. */
  rounded(): I64;
  /** Sets the average, with its bits of fraction. */
  set(scaled: I64Like): void;
}

/** An average on the host. */
export interface HostEwma {
  scaled: bigint;
  readonly rounded: bigint;
  /** As Click shows it. */
  readonly text: string;
}

/** A moving average as a field of an element's state; it starts as 0. */
export function ewma(scale = 10): StagedField<StagedEwma, HostEwma> {
  const bits = BigInt(scale);
  const half = (1n << bits) >> 1n;
  return {
    kind: "other",
    name: `ewma ${scale}`,
    size: 8,
    align: 8,
    stage(c, base, offset) {
      const average = staged(c, u64, base, offset);
      return {
        update: (observation, shift) => average.set(step(c, average.get(), target(c, observation, shift, bits), shift)),
        updateN: (observation, count, shift) => {
          c.call(updateN(c, bits), c.i32(base).add(offset), c.i64(observation), c.i64(count), c.i64(shift));
        },
        scaled: () => average.get(),
        rounded: () => average.get().add(half).shrU(bits),
        set: (scaled) => average.set(scaled),
      };
    },
    read: (data, offset) => ({
      get scaled() {
        return u64.read(data, offset);
      },
      set scaled(value) {
        u64.write(data, offset, value);
      },
      get rounded() {
        return (this.scaled + half) >> bits;
      },
      get text() {
        return fixedPointText(BigInt.asIntN(64, this.scaled), scale);
      },
    }),
    write: (data, offset, { scaled }) => u64.write(data, offset, scaled),
  };
}

/** What the average moves towards: the observation with its fraction, and what rounds the step. */
function target(c: FunctionBuilder, observation: I64Like, shift: I64Like, scale: bigint): I64 {
  return c.i64(observation).shl(scale).add(c.i64(1n).shl(shift).shrU(1n));
}

function step(c: FunctionBuilder, average: I64, towards: I64, shift: I64Like): I64 {
  return average.add(towards.sub(average).shrS(c.i64(shift)));
}

function updateN({ module }: FunctionBuilder, scale: bigint): Func<undefined> {
  const name = `ewma ${scale} update`;
  return module.once(name, () =>
    module.func(
      name,
      { at: "i32", observation: "i64", count: "i64", shift: "i64" },
      undefined,
      (c, { at, observation, count, shift }) => {
        c.if(count.geU(enough), () => {
          c.store64(at, observation.shl(scale));
          c.return();
        });
        const towards = target(c, observation, shift, scale);
        const average = c.var("i64", c.load64(at), "average");
        c.for(0, count.toI32(), 1, () => average.set(step(c, average.get(), towards, shift)));
        c.store64(at, average.get());
      },
    ),
  );
}

/** An epoch of the rates: Click's jiffy, in nanoseconds. */
export const epochNs = 1_000_000n;
const epochsPerSecond = 1000n;

/** A rate in staged code: Click's `RateEWMAX`. */
export interface StagedRate {
  /** Not 0 where the epoch is over, so that it is to be closed before anything more is counted. */
  over(now: I64): I32;
  /** Takes the epochs that are over into account; `count` is what was counted until now. */
  close(now: I64, count: I64Like): void;
  /** The average of the epochs that are closed: what was counted in one, with its bits of fraction. */
  scaled(): I64;
}

/** A rate on the host. */
export interface HostRate {
  /** Takes the epochs that are over into account, if any is. */
  close(now: bigint, count: bigint): void;
  /** The rate a second as Click shows it, times `2^factorBits`. */
  text(factorBits?: number): string;
  /** Goes on where the count does with another value. */
  recount(before: bigint, after: bigint): void;
}

/** `before` is the count when the epoch began. */
const rateLayout: Struct<{ epoch: U64Field; before: U64Field; average: U64Field }> = struct(
  { epoch: u64, before: u64, average: u64 },
  { name: "rate" },
);

/**
 * How fast a 64-bit count grows in a second, as an average over epochs of a millisecond, of which each moves it by
 * `1 / 2^shift` of the difference; `scale` is its bits of fraction. While an epoch lasts, it costs a comparison; rates that are
 * always closed together need one of them only.
 */
export function rate(scale = 10, shift = 4): StagedField<StagedRate, HostRate> {
  const name = `rate ${scale} ${shift}`;
  const { epoch: epochAt, average: averageAt } = rateLayout.offsets;
  const type = ewma(scale);
  const closeEpoch = ({ module }: FunctionBuilder): Func<undefined> =>
    module.once(`${name} epoch`, () =>
      module.func(`${name} epoch`, { at: "i32", now: "i64", count: "i64" }, undefined, (c, { at, now, count }) => {
        const { epoch, before } = staged(c, rateLayout, at);
        const average = type.stage(c, at, averageAt);
        average.update(count.sub(before.get()), BigInt(shift));
        average.updateN(0n, now.sub(epoch.get()).divU(epochNs).sub(1n), BigInt(shift));
        before.set(count);
        epoch.set(now.sub(now.remU(epochNs)));
      }),
    );
  return {
    kind: "other",
    name,
    size: rateLayout.size,
    align: 8,
    stage(c, base, offset) {
      const at = c.i32(base).add(offset);
      return {
        over: (now) => now.sub(c.load64(at, epochAt)).geU(epochNs),
        close(now, count) {
          c.call(closeEpoch(c), at, now, count);
        },
        scaled: () => c.load64(at, averageAt),
      };
    },
    read: (data, offset) => ({
      close(now, count) {
        const view = rateLayout.read(data, offset);
        const epochs = BigInt.asUintN(64, now - view.epoch) / epochNs;
        if (epochs === 0n) return;
        const moved = hostStep(view.average, count - view.before, BigInt(scale), BigInt(shift), 1n);
        view.average = hostStep(moved, 0n, BigInt(scale), BigInt(shift), epochs - 1n);
        view.before = count;
        view.epoch = now - (now % epochNs);
      },
      text(factorBits = 0) {
        const { average } = rateLayout.read(data, offset);
        return fixedPointText(BigInt.asIntN(64, average) * epochsPerSecond, scale - factorBits);
      },
      recount(before, after) {
        const view = rateLayout.read(data, offset);
        view.before = BigInt.asUintN(64, view.before + after - before);
      },
    }),
    write() {},
  };
}

/** `count` equal observations, on the host. */
function hostStep(average: bigint, observation: bigint, scale: bigint, shift: bigint, count: bigint): bigint {
  const scaled = observation << scale;
  if (count >= enough) return scaled;
  const towards = scaled + ((1n << shift) >> 1n);
  let result = average;
  for (let i = 0n; i < count; i++) result = BigInt.asUintN(64, result + (BigInt.asIntN(64, towards - result) >> shift));
  return result;
}
