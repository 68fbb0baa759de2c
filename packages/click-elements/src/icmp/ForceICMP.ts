/**
 * ForceICMP(TYPE, CODE) — makes IP packets' payload look like ICMP.
 *
 * Sets type, code and checksum. A packet without an IP header, or that is shorter than it says, ends; a message says so. TYPE and CODE are
 * numbers or names. For tests of what comes behind it.
 *
 *   RandomSource(64) -> ForceIP -> ForceICMP(echo, 0) -> ...
 */
import { type ArgumentType, arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { draw } from "../lib/draw.ts";
import { segmentOf, sumOf } from "../lib/force-transport.ts";
import { icmpCodeOf } from "../lib/icmp-type.ts";

/** A name, or a number of which is said later that it is too large. */
const type: ArgumentType<number> = {
  expects: "an ICMP type",
  parse: (text, scope) => (icmpTypes as Readonly<Record<string, number>>)[text] ?? arg.i32.parse(text, scope),
};

export const ForceICMP: ElementClass = element({
  name: "ForceICMP",
  ports: "1/1",
  processing: "a/a",
  config: { TYPE: required(type), CODE: required(arg.string) },
  prepare({ config: { TYPE, CODE }, error }) {
    if (TYPE < 0 || TYPE > 255) error("ICMP type must be between 0 and 255");
    const code = icmpCodeOf(TYPE, CODE ?? "");
    if (code === undefined && TYPE !== undefined && CODE !== undefined) error("argument 2 takes ICMP code");
    return { type: TYPE, code: code ?? 0 };
  },
  action(c, packet, context) {
    const { plan, chance } = context;
    const { segment } = segmentOf(packet, context, "ForceICMP", icmp.size + icmpEcho.size);
    const header = segment.header(icmp, "stated");
    // Click draws a type and a code half of the time, and then sets those that it was told.
    c.if(draw(c, chance, 1), () => {
      draw(c, chance, 19);
      draw(c, chance, 19);
    });
    header.type.set(plan.type);
    header.code.set(plan.code);
    header.checksum.set(0);
    header.checksum.stored.set(sumOf(c, segment.address, segment.length).xor(0xffff));
  },
});
