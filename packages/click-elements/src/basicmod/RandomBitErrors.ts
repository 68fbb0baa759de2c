/**
 * RandomBitErrors(P [, KIND, ACTIVE]) — changes bits of packets by chance.
 *
 * Each bit is changed with the probability P: KIND is flip (the default), set or clear. While ACTIVE is false nothing is changed. Chance is
 * seeded by RandomSeed.
 *
 * Handlers: p_bit_error, error_kind, active (read, write).
 *
 *   ... -> RandomBitErrors(1e-6) -> ...
 */
import { arg, type ElementClass, element, live, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { bitErrors, errorThresholds, patternStarts } from "../lib/bit-errors.ts";
import { writeKeyword } from "../lib/keyword-handlers.ts";
import { certainty, chance, chanceText } from "../lib/probability.ts";

const kinds = ["flip", "set", "clear"];

export const RandomBitErrors: ElementClass = element({
  name: "RandomBitErrors",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: {
    P: required(chance),
    KIND: positional(arg.string, "flip"),
    ACTIVE: positional(live(arg.bool, { flags: "", written() {} }), true),
  },
  prepare({ config, error, warning }) {
    const kind = config.KIND === "" ? "flip" : config.KIND;
    if (kind !== undefined && !kinds.includes(kind)) error(`bad action '${kind}' (must be 'set', 'clear', or 'flip')`);
    else if (config.P > certainty) error("drop probability must be between 0 and 1");
    else if (config.P === 0) warning("zero bit error probability (underflow?)");
    return { kind, thresholds: errorThresholds(Math.min(config.P ?? 0, certainty)) };
  },
  handlers: {
    p_bit_error: { constant: ({ config }) => chanceText(config.P), write: writeKeyword("P") },
    error_kind: { constant: ({ plan }) => plan.kind ?? "", write: writeKeyword("KIND") },
  },
  action(c, packet, { plan: { kind, thresholds }, state, data, chance }) {
    const [none = certainty] = thresholds;
    if (none >= certainty) return;
    const words = (values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
    c.if(state.active.get(), () => {
      const patterns = data(bitErrors);
      const starts = data(words(patternStarts));
      const limits = data(words(thresholds));
      const { data: from } = packet;
      c.for(0, packet.length, 1, (i) => {
        const drawn = chance()
          .shrU(3)
          .and(certainty - 1);
        c.if(drawn.leU(none), () => c.continue());
        const count = c.var("i32", 1, "count");
        c.while(
          () => drawn.gtU(c.load32(count.get().shl(2).add(limits))),
          () => count.inc(),
        );
        const start = c.load32(count.get().shl(2).add(starts));
        const choices = c.load32(count.get().shl(2).add(starts), u32.size).sub(start);
        const errors = c.load8(chance().shrU(5).remU(choices).add(start).add(patterns));
        const at = from.add(i);
        const before = c.load8(at);
        const after =
          kind === "clear" ? before.and(errors.xor(0xff)) : kind === "set" ? before.or(errors) : before.xor(errors);
        c.store8(at, after);
      });
    });
  },
});
