/** What RatedUnqueue, RatedSplitter and their kin for bytes are told: a rate, and how large a burst may be. */
import {
  type ArgumentSpec,
  arg,
  type HostTokenRate,
  keyword,
  required,
  tokenRateOf,
} from "@clickos/click-core/element";
import { type RateUnit, rateType } from "./rate-text.ts";

/** A packet of bytes passes while so many tokens are there, whatever its length; they are beyond the burst. */
export const threshold: Readonly<Record<RateUnit, number>> = { packets: 1, bytes: 131072 };
const most = 0xffffffff;

type RateConfig = {
  readonly RATE: ArgumentSpec<number>;
  readonly BURST_DURATION: ArgumentSpec<bigint | undefined>;
};

/** The arguments. */
export function rateArguments(unit: RateUnit): RateConfig {
  return {
    RATE: required(rateType(unit)),
    BURST_DURATION: keyword(arg.time, undefined),
    [unit === "bytes" ? "BURST_BYTES" : "BURST_SIZE"]: keyword(arg.u32, undefined),
  };
}

export interface Burst {
  /** Milliseconds' worth of tokens, or how many there are. */
  readonly milliseconds: number;
  readonly amount: number | undefined;
}

/** Reads how large a burst may be: what comes in 20 ms, unless it is given. */
export function readBurst({
  config,
  error,
}: {
  readonly config: { readonly RATE: number; readonly BURST_DURATION: bigint | undefined };
  error(message: string): void;
}): { readonly burst: Burst } {
  const amount = (config as { BURST_BYTES?: number }).BURST_BYTES ?? (config as { BURST_SIZE?: number }).BURST_SIZE;
  if (amount !== undefined && config.BURST_DURATION !== undefined)
    error("cannot specify both BURST_DURATION and BURST_SIZE");
  const milliseconds = Math.min(Number((config.BURST_DURATION ?? 20_000_000n) / 1_000_000n), most);
  return { burst: { milliseconds, amount } };
}

/** How many tokens there are at most. */
export function capacity(unit: RateUnit, rate: number, { milliseconds, amount }: Burst): number {
  const burst = amount ?? Math.min(Math.floor((rate * milliseconds) / 1000), most);
  return Math.max(1, Math.min(unit === "bytes" ? burst + threshold.bytes : burst, most));
}

/** The rate at first. */
export function initialRate(unit: RateUnit, rate: number, burst: Burst): HostTokenRate {
  return tokenRateOf(rate, capacity(unit, rate, burst));
}
