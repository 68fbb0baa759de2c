/** Meter and BandwidthMeter: they choose an output by the present rate of packets or bytes. */
import {
  arg,
  type ElementClass,
  element,
  fixedPointText,
  Mistake,
  rate,
  readText,
  rest,
} from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import type { RateUnit } from "./rate-text.ts";

/** Bits of fraction of the average, and epochs in a second. */
const scale = 10;
const epochs = 1000;
const largest = 0xffffffff >>> scale;

export function meter(name: string, unit: RateUnit): ElementClass {
  return element({
    name,
    ports: "1/2-",
    processing: "h/h",
    config: { RATE: rest(arg.raw) },
    prepare({ arguments: texts, scope, noutputs, error, warning }) {
      if (texts.length === 0) error("too few arguments to BandwidthMeter(bandwidth, ...)");
      const rates: number[] = [];
      for (const [i, text] of texts.entries()) {
        const value = readText(arg.bandwidth, text, scope);
        if (value instanceof Mistake) {
          error(`argument ${i + 1} syntax error`);
          return { meters: [] };
        }
        if (i > 0 && value <= (rates[i - 1] as number)) {
          error(`rate ${i + 1} must be > rate ${i}`);
          return { meters: [] };
        }
        if (/[\d.]$/.test(text)) warning(`no units for bandwidth argument ${i + 1}, assuming Bps`);
        rates.push(value);
      }
      const large = rates.findIndex((value) => value > largest);
      if (large >= 0) error(`rate ${large + 1} too large (max ${largest})`);
      else if (texts.length > 0 && rates.length + 1 !== noutputs)
        error(`need ${noutputs - 1} arguments, one less than the number of output ports`);
      return { meters: rates.map((value) => Math.floor((value * 2 ** scale) / epochs)) };
    },
    state: { count: u64, rate: rate(scale) },
    // Click's reads its clock when it is made.
    readings: 1,
    handlers: {
      rate: {
        kind: "rate",
        unit: `${unit}/s`,
        read(s, { now }) {
          s.rate.close(now(), s.count);
          return s.rate.text();
        },
      },
      meters: {
        constant: ({ plan }) => plan.meters.map((value) => fixedPointText(BigInt(value * epochs), scale)).join(""),
      },
    },
    push(c, _port, packet, { state, plan, clock, output }) {
      const now = clock.now();
      c.if(state.rate.over(now), () => state.rate.close(now, state.count.get()));
      state.count.inc(unit === "bytes" ? packet.length.toI64() : 1n);
      const present = state.rate.scaled().toI32();
      for (const [i, most] of plan.meters.entries()) c.if(present.ltU(most), () => output(i).push(packet));
      output(plan.meters.length).push(packet);
    },
  });
}
