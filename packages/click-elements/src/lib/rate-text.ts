/** Rates of packets and of bytes: what arguments are, and how Click shows them. */
import { type ArgumentType, arg } from "@clickos/click-core/element";

/** What a rate counts. */
export type RateUnit = "packets" | "bytes";

export const rateType = (unit: RateUnit): ArgumentType<number> => (unit === "bytes" ? arg.bandwidth : arg.u32);

/** A rate as Click shows it: packets a second as a number, bytes a second as a bandwidth in bits. */
export function rateText(unit: RateUnit, rate: number): string | number {
  return unit === "bytes" ? bandwidthText(rate) : rate;
}

/** `80kbps`, `8.004Mbps`: Click's `BandwidthArg::unparse`. */
export function bandwidthText(bytes: number): string {
  if (bytes >= 0x20000000) return `${decimal(bytes, 6)}MBps`;
  if (bytes >= 125_000_000) return `${decimal(bytes * 8, 9)}Gbps`;
  return bytes >= 125_000 ? `${decimal(bytes * 8, 6)}Mbps` : `${decimal(bytes * 8, 3)}kbps`;
}

/** `value` with so many decimals, and no zeros behind them. */
function decimal(value: number, digits: number): string {
  const text = String(value).padStart(digits + 1, "0");
  const fraction = text.slice(-digits).replace(/0+$/, "");
  return text.slice(0, -digits) + (fraction === "" ? "" : `.${fraction}`);
}
