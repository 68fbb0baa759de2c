/**
 * Paint(COLOR [, ANNO]) — marks packets with a color.
 *
 * COLOR is a number from 0 to 255, kept in an annotation: PAINT, or the byte ANNO.
 *
 * Handlers: color (read, write).
 *
 *   ... -> Paint(1) -> ...
 */
import { arg, type ElementClass, element, live, positional, required } from "@clickos/click-core/element";
import { annotationByte, paintByte } from "../lib/annotations.ts";

export const Paint: ElementClass = element({
  name: "Paint",
  ports: "1/1",
  processing: "a/a",
  live: true,
  config: { COLOR: required(live(arg.u8)), ANNO: positional(annotationByte, paintByte) },
  action(_c, packet, { config, state }) {
    packet.annotation8(config.ANNO).set(state.color.get());
  },
});
