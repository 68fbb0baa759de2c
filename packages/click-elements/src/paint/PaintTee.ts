/**
 * PaintTee(COLOR [, ANNO]) — passes packets on, and copies those of a color to output 1.
 *
 * Handlers: color (read, write).
 *
 *   ... -> t :: PaintTee(1) -> ...; t [1] -> ICMPError(18.26.4.24, redirect, host) -> ...
 */
import { arg, type ElementClass, element, live, positional, required } from "@clickos/click-core/element";
import { annotationByte, paintByte } from "../lib/annotations.ts";

export const PaintTee: ElementClass = element({
  name: "PaintTee",
  ports: "1/2",
  processing: "a/ah",
  config: { COLOR: required(live(arg.u8)), ANNO: positional(annotationByte, paintByte) },
  action(c, packet, { config, state, output, packets }) {
    c.if(packet.annotation8(config.ANNO).get().eq(state.color.get()), () => {
      packets.copy(packet, (copy) => output(1).push(copy));
    });
  },
});
