/** Rates: when the next packet may pass, as one word of time; a pause earns a burst. */
import type { FunctionBuilder, I32, I64, I64Like, Ref } from "@clickos/codegen";

const second = 1_000_000_000n;

/** What a pause may earn: what comes in so many nanoseconds, or so many packets or bytes, at any rate. */
export type Burst = { readonly duration: bigint } | { readonly amount: number };

/** Whether a packet may pass at `now`: the time word has come. */
export function mayPass(next: Ref<I64, I64Like>, now: I64): I32 {
  return next.get().leU(now);
}

/** How long `amount` takes at `rate` a second, which the caller knows not to be zero. */
export function costOf(amount: I64, rate: I64): I64 {
  return amount.mul(second).divU(rate);
}

/** How long a burst is at `rate` a second. */
export function lengthOf(c: FunctionBuilder, burst: Burst, rate: I64): I64 {
  return "duration" in burst ? c.i64(burst.duration) : costOf(c.i64(BigInt(burst.amount)), rate);
}

/** Takes what costs so much; a pause counts for no more than `earned`. */
export function pass(c: FunctionBuilder, next: Ref<I64, I64Like>, now: I64, cost: I64, earned: I64): void {
  const from = c.select(next.get().add(earned).ltU(now), now.sub(earned), next.get());
  next.set(from.add(cost));
}
