/**
 * Token buckets, in Click's arithmetic (include/click/tokenbucket.hh): a rate, and a count of tokens that fills at it, a
 * millisecond at a time, up to a capacity. A rate may have several counts.
 *
 * Of a full count all 32 bits are set: a token is `scale` of them. So no time is lost to rounding where rates are low, and the
 * capacity of a rate may change under its count, which stays as full as it was.
 */
import {
  type Func,
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type StagedField,
  staged,
} from "@clickos/codegen";
import { type HostFields, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

/** A tick of the buckets: Click's jiffy, in nanoseconds. */
const tickNs = 1_000_000n;
const ticksPerSecond = 1000n;
const full = 0xffffffff;

// ---- rates

/** `perTick` is 0 where nothing comes; `untilFull` is how many ticks fill an empty count. */
const rateLayout: Struct<{ perTick: U32Field; scale: U32Field; untilFull: U32Field }> = struct(
  { perTick: u32, scale: u32, untilFull: u32 },
  { name: "tokenRate" },
);

export interface StagedTokenRate {
  /** Whether no tokens come. */
  idle(): I32;
  /** Where it is, for its counts. */
  readonly at: I32;
}

export interface HostTokenRate {
  /** Tokens a second, and how many a count holds at most; nothing comes where either is 0. */
  assign(tokens: number, capacity: number): void;
  /** Tokens a second, as they come of what is kept: a little more than what was assigned. */
  readonly tokens: number;
  readonly capacity: number;
  /** What an element's `initial` gives. */
  readonly parts: HostFields<typeof rateLayout.fields>;
}

/** How fast tokens come, as a field of an element's state; `tokenRateOf` is what it is at first. */
export const tokenRate: StagedField<StagedTokenRate, HostTokenRate> = {
  kind: "other",
  name: "tokenRate",
  size: rateLayout.size,
  align: rateLayout.align,
  stage(c, base, offset) {
    const at = c.i32(base).add(offset);
    return { at, idle: () => staged(c, rateLayout, at).perTick.get().eqz() };
  },
  read: (data, offset) => hostRate(rateLayout.read(data, offset)),
  write: (data, offset, { parts }) => rateLayout.write(data, offset, parts),
};

/** A rate for an element's `initial`. */
export function tokenRateOf(tokens: number, capacity: number): HostTokenRate {
  const rate = hostRate({ perTick: 0, scale: 1, untilFull: full });
  rate.assign(tokens, capacity);
  return rate;
}

function hostRate(parts: HostFields<typeof rateLayout.fields>): HostTokenRate {
  return {
    parts,
    assign(tokens, capacity) {
      const rate = capacity === 0 ? 0 : tokens;
      // A tick's tokens fit an empty count.
      const least = rate === 0 ? 0 : Math.floor((rate - 1) / Number(ticksPerSecond)) + 1;
      parts.scale = Math.floor(full / Math.max(capacity === 0 ? full : capacity, least));
      const perTick = Number((BigInt(rate) * BigInt(parts.scale)) / ticksPerSecond);
      parts.perTick = rate === 0 ? 0 : Math.max(perTick, 1);
      parts.untilFull = rate === 0 ? full : Math.floor((full - 1) / parts.perTick) + 1;
    },
    get tokens() {
      const perTick = BigInt(parts.perTick);
      return Math.min(Number((perTick / 2n + perTick * ticksPerSecond) / BigInt(parts.scale)), full);
    },
    get capacity() {
      return Math.floor(full / parts.scale);
    },
  };
}

// ---- counts

/** `time` is when the count was filled last, at the start of a tick, in nanoseconds. */
const countLayout: Struct<{ time: U64Field; level: U32Field }> = struct(
  { time: u64, level: u32 },
  { name: "tokenCount" },
);

export interface StagedTokenCount {
  /** Adds what has come until now. */
  refill(rate: StagedTokenRate, now: I64): void;
  /** Whether there are so many. */
  contains(rate: StagedTokenRate, tokens: I32Like): I32;
  /** Takes so many, or all where there are fewer. */
  remove(rate: StagedTokenRate, tokens: I32Like): void;
  /** Takes so many, if there are; whether there were. */
  removeIf(rate: StagedTokenRate, tokens: I32Like): I32;
  /** Nanoseconds until so many are there; 49 days where that is never. */
  timeUntil(rate: StagedTokenRate, tokens: I32Like): I64;
  /** Has as many as the rate allows: none where none come. */
  start(rate: StagedTokenRate): void;
  /** Has so many, or as many as there can be. */
  set(rate: StagedTokenRate, tokens: I32Like): void;
}

export interface HostTokenCount {
  readonly tokens: (rate: HostTokenRate) => number;
  set(rate: HostTokenRate, tokens: number): void;
  /** Keeps the number of tokens, as far as possible, where the rate becomes another one: call it before. */
  adjust(before: HostTokenRate, after: HostTokenRate): void;
}

/** How many tokens there are, as a field of an element's state. It starts empty. */
export const tokenCount: StagedField<StagedTokenCount, HostTokenCount> = {
  kind: "other",
  name: "tokenCount",
  size: countLayout.size,
  align: countLayout.align,
  stage(c, base, offset) {
    const at = c.i32(base).add(offset);
    const { level, time } = staged(c, countLayout, at);
    const rateAt = ({ at }: StagedTokenRate) => staged(c, rateLayout, at);
    const inFull = (rate: StagedTokenRate, tokens: I32Like): I64 =>
      c.i32(tokens).toI64().mul(rateAt(rate).scale.get().toI64());
    const most = (amount: I64): I32 => c.select(amount.gtU(BigInt(full)), c.i32(-1), amount.toI32());
    const has = (amount: I64): I32 => amount.leU(level.get().toI64());
    return {
      refill(rate, now) {
        c.if(now.sub(time.get()).geU(tickNs), () => {
          c.call(refill(c), at, rate.at, now);
        });
      },
      contains: (rate, tokens) => has(inFull(rate, tokens)),
      remove(rate, tokens) {
        const amount = most(inFull(rate, tokens));
        const before = level.get();
        level.set(c.select(amount.leU(before), before.sub(amount), c.i32(0)));
      },
      removeIf(rate, tokens) {
        const amount = inFull(rate, tokens);
        const enough = has(amount);
        c.if(enough, () => level.set(level.get().sub(amount.toI32())));
        return enough;
      },
      timeUntil(rate, tokens) {
        const amount = inFull(rate, tokens);
        const { perTick, untilFull } = rateAt(rate);
        const ticks = c.var("i64", 0n, "ticks");
        c.if(has(amount).or(untilFull.get().eqz()).eqz(), () => {
          const never = perTick
            .get()
            .eqz()
            .or(amount.gtU(BigInt(full)));
          c.if(
            never,
            () => ticks.set(BigInt(full)),
            () => ticks.set(amount.toI32().sub(level.get()).sub(1).divU(perTick.get()).add(1).toI64()),
          );
        });
        return ticks.get().mul(tickNs);
      },
      start: (rate) => level.set(c.select(rate.idle(), c.i32(0), c.i32(-1))),
      set: (rate, tokens) => level.set(most(inFull(rate, tokens))),
    };
  },
  read(data, offset) {
    const view = countLayout.read(data, offset);
    return {
      tokens: ({ parts }) => Math.floor(view.level / parts.scale),
      set: ({ parts }, tokens) => {
        view.level = Math.min(tokens * parts.scale, full);
      },
      adjust(before, after) {
        const level = (BigInt(view.level) * BigInt(after.parts.scale)) / BigInt(before.parts.scale);
        view.level = Math.min(Number(level), full);
      },
    };
  },
  write() {},
};

/** A function `(count, rate, now)` for when a tick is over. */
function refill({ module }: FunctionBuilder): Func<undefined> {
  return module.once("token refill", () =>
    module.func("token refill", { count: "i32", rate: "i32", now: "i64" }, undefined, (c, p) => {
      const { level, time } = staged(c, countLayout, p.count);
      const { perTick, untilFull } = staged(c, rateLayout, p.rate);
      const before = time.get();
      time.set(p.now.sub(p.now.remU(tickNs)));
      // A clock that was set back brings nothing.
      c.if(p.now.ltU(before), () => c.return());
      const ticks = p.now.sub(before).divU(tickNs).toI32();
      c.if(ticks.geU(untilFull.get()), () => {
        level.set(-1);
        c.return();
      });
      const sum = level.get().add(ticks.mul(perTick.get()));
      level.set(c.select(sum.ltU(level.get()), c.i32(-1), sum));
    }),
  );
}
