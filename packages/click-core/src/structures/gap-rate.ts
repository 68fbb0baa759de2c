/**
 * A rate of events that are as far apart as can be, in Click's arithmetic (include/click/gaprate.hh): of what is due in a second, as
 * much may have happened as is due until now. What was left undone may be made up for within a second.
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
import { type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

const secondNs = 1_000_000_000n;
/** Bits of fraction of the gap, which is in microseconds. */
const gapBits = 12;
const maximumRate = 1_000_000 * 2 ** gapBits;
/** The second of a rate that was not asked yet: later than any time, and no time before it is near. */
const unasked = 2n ** 63n;

/** `second` is when the present second began; `count` is what has happened in it, less what is to be made up for. */
const layout: Struct<{ second: U64Field; count: U64Field; gap: U32Field; rate: U32Field }> = struct(
  { second: u64, count: u64, gap: u32, rate: u32 },
  { name: "gapRate" },
);

export interface StagedGapRate {
  /** Whether an event is due. */
  isDue(now: I64): I32;
  /** Says that so many have happened. */
  happened(events: I32Like): void;
  /** When to ask again, after `isDue` said no: when the next one is due, or when another second begins. */
  nextAsk(): I64;
  idle(): I32;
}

export interface HostGapRate {
  readonly rate: number;
  /** Events a second, up to 4,096,000,000. */
  assign(rate: number, now: bigint): void;
  /** Forgets what has happened. */
  reset(): void;
}

/** A rate as a field of an element's state; `gapRateOf` is what it is at first. */
export const gapRate: StagedField<StagedGapRate, HostGapRate & { readonly parts?: GapRateParts }> = {
  kind: "other",
  name: "gapRate",
  size: layout.size,
  align: layout.align,
  stage(c, base, offset) {
    const at = c.i32(base).add(offset);
    const { second, gap, rate, count } = staged(c, layout, at);
    return {
      isDue(now) {
        const microseconds = c.var("i32", now.sub(second.get()).toI32().divU(1000), "microseconds");
        c.if(now.sub(second.get()).geU(secondNs), () => microseconds.set(c.call(advance(c), at, now)));
        const due = microseconds.get().toI64().shl(BigInt(gapBits)).geU(count.get().mul(gap.get().toI64()));
        return count.get().leS(0n).or(due);
      },
      happened: (events) => count.inc(c.i32(events).toI64()),
      nextAsk() {
        // Rounded up, so that it is due then.
        const until = count
          .get()
          .mul(gap.get().toI64())
          .add(BigInt(2 ** gapBits - 1));
        const wait = until.shrU(BigInt(gapBits)).mul(1000n);
        return second.get().add(c.select(wait.ltU(secondNs), wait, c.i64(secondNs)));
      },
      idle: () => rate.get().eqz(),
    };
  },
  read(data, offset) {
    const view = layout.read(data, offset);
    return {
      get rate() {
        return view.rate;
      },
      assign(rate, now) {
        const to = Math.min(rate, maximumRate);
        if (to === view.rate) return;
        Object.assign(view, partsOf(to));
        if (view.second === unasked || to === 0) return;
        view.count = (((now % secondNs) / 1000n) << BigInt(gapBits)) / BigInt(view.gap);
      },
      reset() {
        view.second = unasked;
      },
    };
  },
  write(data, offset, { parts }) {
    if (parts) layout.write(data, offset, { ...parts, second: unasked, count: 0n });
  },
};

export interface GapRateParts {
  readonly rate: number;
  readonly gap: number;
}

function partsOf(rate: number): GapRateParts {
  return { rate, gap: rate === 0 ? maximumRate + 1 : Math.floor(maximumRate / rate) };
}

/** A rate for an element's `initial`. */
export function gapRateOf(rate: number): HostGapRate & { readonly parts: GapRateParts } {
  const to = Math.min(rate, maximumRate);
  return { rate: to, parts: partsOf(to), assign() {}, reset() {} };
}

/** A function `(rate, now)` for when a second is over, or none has begun; the microseconds of the present one. */
function advance({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("gap rate second", () =>
    module.func("gap rate second", { at: "i32", now: "i64" }, "i32", (c, { at, now }) => {
      const { second, gap, rate, count } = staged(c, layout, at);
      const part = now.remU(secondNs);
      const begun = now.sub(part);
      const microseconds = part.toI32().divU(1000);
      c.if(
        second.get().eq(unasked),
        () => {
          second.set(begun);
          const due = microseconds.shl(gapBits);
          const need = due.divU(gap.get());
          // More than half of the way to the next one, it waits for that.
          const later = due.sub(need.mul(gap.get())).gtU(gap.get().shrU(1));
          count.set(need.toI64().add(later.toI64()));
        },
        () =>
          c.if(begun.gtU(second.get()), () => {
            second.set(begun);
            c.if(count.get().gtS(0n), () => count.set(count.get().sub(rate.get().toI64())));
          }),
      );
      return microseconds;
    }),
  );
}
