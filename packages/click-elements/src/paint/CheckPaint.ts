/**
 * CheckPaint(COLOR [, ANNO]) — sorts packets by whether they have a color.
 *
 * Those of COLOR go to output 0, others to output 1, or end there when it is not connected.
 *
 * Handlers: color (read, write).
 *
 *   ... -> c :: CheckPaint(1) -> ...; c [1] -> ...
 */
import { arg, type ElementClass, element, live, positional, required } from "@clickos/click-core/element";
import { annotationByte, paintByte } from "../lib/annotations.ts";

export const CheckPaint: ElementClass = element({
  name: "CheckPaint",
  ports: "1/1-2",
  processing: "a/ah",
  config: { COLOR: required(live(arg.u8)), ANNO: positional(annotationByte, paintByte) },
  action(c, packet, { config, state, output }) {
    c.if(packet.annotation8(config.ANNO).get().ne(state.color.get()), () => output(1).push(packet));
  },
});
