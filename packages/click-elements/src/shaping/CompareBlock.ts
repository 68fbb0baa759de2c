/**
 * CompareBlock(FWD_WEIGHT, REV_WEIGHT, THRESH) — sends packets of hosts that send much more than they get another way.
 *
 * IPRateMonitor annotates packets with two rates, forward and reverse. A packet of which one is over THRESH, and whose forward rate times
 * FWD_WEIGHT is more than its reverse rate times REV_WEIGHT, leaves on output 1, and any other on output 0. A rate counts as 1 at
 * least.
 *
 * Handlers: fwd_weight, rev_weight (read, write).
 *
 *   ... -> IPRateMonitor(PACKETS, 1, 100) -> b :: CompareBlock(5, 2, 100) -> ...; b [1] -> Discard
 */
import { annotation, arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { splitText } from "@clickos/click-language/arguments";
import { u32 } from "@clickos/layout";
import { readAs } from "../lib/handlers.ts";

const state = { forward: u32, reverse: u32 };

const weight = (field: keyof typeof state) => ({
  kind: "gauge" as const,
  read: (s: Record<keyof typeof state, number>) => s[field] | 0,
  write(s: Record<keyof typeof state, number>, text: string) {
    const words = splitText(text);
    if (words.length !== 1) throw "expecting one integer";
    s[field] = readAs(arg.i32, words[0] as string, "not an integer") >>> 0;
  },
});

export const CompareBlock: ElementClass = element({
  name: "CompareBlock",
  ports: "1/2",
  processing: "h/h",
  config: { FWD_WEIGHT: required(arg.i32), REV_WEIGHT: required(arg.i32), THRESH: required(arg.i32) },
  state,
  initial: ({ config }) => ({ forward: config.FWD_WEIGHT >>> 0, reverse: config.REV_WEIGHT >>> 0 }),
  handlers: { fwd_weight: weight("forward"), rev_weight: weight("reverse") },
  push(c, _port, packet, { config, state, output }) {
    const rate = (position: number) => {
      const value = packet.annotation32(position).get();
      return c.select(value.ltS(1), c.i32(1), value);
    };
    const forward = rate(annotation.forwardRate);
    const reverse = rate(annotation.reverseRate);
    const isHigh = forward.gtS(config.THRESH).or(reverse.gtS(config.THRESH));
    const isMore = state.forward.get().mul(forward).gtS(state.reverse.get().mul(reverse));
    c.if(isHigh.and(isMore), () => output(1).push(packet));
    output(0).push(packet);
  },
});
