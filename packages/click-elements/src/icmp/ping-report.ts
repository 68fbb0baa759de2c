/** What ICMPPingSource keeps of the replies to its requests, and what its host side says of them. */
import type { Handler } from "@clickos/click-core/element";
import { formatTime } from "@clickos/click-core/element";
import { type HostFields, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

/** Times are in microseconds. */
export const replyState: {
  readonly received: U32Field;
  readonly duplicates: U32Field;
  readonly least: U32Field;
  readonly most: U32Field;
  readonly sum: U64Field;
  readonly squares: U64Field;
} = { received: u32, duplicates: u32, least: u32, most: u32, sum: u64, squares: u64 };

type Replies = HostFields<typeof replyState & { count: U32Field }>;

/** Milliseconds with three digits after the point. */
const inMs = (us: bigint): string => `${us / 1000n}.${(us % 1000n).toString().padStart(3, "0")}`;

/** The whole part of a square root. */
function squareRoot(square: bigint): bigint {
  let root = BigInt(Math.floor(Math.sqrt(Number(square))));
  while (root * root > square) root--;
  while ((root + 1n) * (root + 1n) <= square) root++;
  return root;
}

const average = (s: Replies): bigint => s.sum / BigInt(s.received || 1);

/** As the program ping ends. Packets that are lost are counted as Click does, who takes duplicates off twice. */
export function pingSummary(s: Replies): string {
  let text = `${s.count} packets transmitted, ${s.received - s.duplicates} received`;
  if (s.duplicates > 0) text += `, +${s.duplicates} duplicates`;
  if (s.count > 0) text += `, ${Math.trunc(((s.count - s.received - s.duplicates) * 100) / s.count)}% packet loss\n`;
  if (s.received > 0) {
    const mean = average(s);
    const deviation = squareRoot(s.squares / BigInt(s.received) - mean * mean);
    const times = [BigInt(s.least), mean, BigInt(s.most), deviation].map(inMs);
    text += `rtt min/avg/max/mdev = ${times.join("/")}\n`;
  }
  return text;
}

/** A length of time as Click writes those in microseconds: `250us`, `0.0015s`. */
function timeText(us: bigint): string {
  return us > 0n && us < 1000n ? `${us}us` : `${formatTime(us * 1000n)}s`;
}

const reader = (read: (s: Replies) => string): Handler<any, any, any> => ({ read });

export const replyHandlers: Readonly<Record<string, Handler<any, any, any>>> = {
  summary: reader(pingSummary),
  rtt_min: reader((s) => timeText(BigInt(s.least))),
  rtt_avg: reader((s) => timeText(average(s))),
  rtt_max: reader((s) => timeText(BigInt(s.most))),
};
