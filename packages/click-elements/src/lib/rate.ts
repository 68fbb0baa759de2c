/** Rates: when the next packet may pass. One time word; a pause earns a burst of a twentieth of a second. */
import type { FunctionBuilder, I32, I64, I64Like, Ref } from "@clickos/codegen";

const second = 1_000_000_000n;
const burst = second / 20n;

/** Whether a packet may pass at `now`: the time word has come. */
export function mayPass(next: Ref<I64, I64Like>, now: I64): I32 {
  return next.get().leU(now);
}

/** Takes `amount` of what passes at `rate` a second; the caller knows that the rate is not zero. */
export function pass(c: FunctionBuilder, next: Ref<I64, I64Like>, now: I64, amount: I64, rate: I64): void {
  const cost = amount.mul(second).divU(rate);
  const earned = c.select(cost.gtU(burst), cost, c.i64(burst));
  const from = c.select(next.get().add(earned).ltU(now), now.sub(earned), next.get());
  next.set(from.add(cost));
}
