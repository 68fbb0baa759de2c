/**
 * CheckNumberPacket([OFFSET, COUNT] [, keyword NET_ORDER]) — counts how often each number of NumberPacket came.
 *
 * Numbers below COUNT, 0 by default, are counted, each for itself; packets with others, and those that end before the number, leave on
 * output 1, or are dropped where that is not connected. OFFSET and NET_ORDER are as for NumberPacket. COUNT is at most 1048576. It is an
 * element of FastClick.
 *
 * Handlers: count (read, write): COUNT; min, max (read): the number that came the least, or the most often, and how often; dump (read): all.
 *
 *   FromDevice(0) -> c :: CheckNumberPacket(42, COUNT 1000) -> Discard; c [1] -> Print(lost) -> Discard
 */
import { arg, type ElementClass, element, keyword, maximumLargeFrame, positional } from "@clickos/click-core/element";
import { staged } from "@clickos/codegen";
import { array, u32, u64, u64be } from "@clickos/layout";
import { writeKeyword } from "../lib/keyword-handlers.ts";

const mostNumbers = 1 << 20;

/** The first of the numbers that came the most often of all by an order. */
function extreme(
  counts: readonly number[],
  size: number,
  start: number,
  beats: (a: number, b: number) => boolean,
): string {
  let [at, best] = [-1, start];
  for (let i = 0; i < size; i++) if (beats(counts[i] as number, best)) [at, best] = [i, counts[i] as number];
  return `[${at}] : ${best}`;
}

export const CheckNumberPacket: ElementClass = element({
  name: "CheckNumberPacket",
  ports: "1/1-2",
  processing: "h/h",
  live: true,
  config: {
    OFFSET: positional(arg.i32, 40),
    NET_ORDER: keyword(arg.bool, false),
    COUNT: positional(arg.u64, 0n),
  },
  prepare({ config, error }) {
    if (config.COUNT > BigInt(mostNumbers)) error(`COUNT must be <= ${mostNumbers}`);
    const count = Number(config.COUNT ?? 0n);
    return { offset: Math.min(Math.max(config.OFFSET, 0), maximumLargeFrame), count: Math.min(count, mostNumbers) };
  },
  state: ({ plan }) => ({ counts: array(u32, Math.max(plan.count, 1)) }),
  handlers: {
    max: { flags: "$", read: (s, { plan }) => extreme(s.counts, plan.count, -1, (a, b) => a > b) },
    min: { flags: "$", read: (s, { plan }) => extreme(s.counts, plan.count, 0x7fffffff, (a, b) => a < b) },
    count: { kind: "gauge", flags: "", constant: ({ plan }) => plan.count, write: writeKeyword("COUNT") },
    dump: {
      kind: "table",
      flags: "$",
      read: (s, { plan }) => Array.from({ length: plan.count }, (_, i) => `${i}: ${s.counts[i]}\n`).join(""),
    },
  },
  push(c, _port, packet, { config, plan, state, output, line, name }) {
    const refuse = (reason: string) => (): void => output(1).push(packet, reason);
    c.if(packet.length.ltU(plan.offset + u64.size), refuse("ends before the number"));
    const number = staged(c, config.NET_ORDER ? u64be : u64, packet.data, plan.offset).get();
    c.if(number.geU(BigInt(plan.count)), () => {
      line()
        .text(`${name} :: CheckNumberPacket: `)
        .decimal64(number)
        .text(` out of scope (count is ${plan.count}) !`)
        .end();
      refuse("number out of scope")();
    });
    state.counts.at(number.toI32()).inc();
    output(0).push(packet);
  },
});
