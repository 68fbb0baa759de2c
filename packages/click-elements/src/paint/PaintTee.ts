/**
 * PaintTee(COLOR [, ANNO]) — passes packets on, and copies those of a color to output 1.
 *
 * Handlers: color (read, write).
 *
 *   ... -> t :: PaintTee(1) -> ...; t [1] -> ICMPError(...) -> ...
 */
import { arg, type ElementClass, element, positional, required } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { annotationByte, paintByte } from "../lib/annotations.ts";
import { numberHandler } from "../lib/handlers.ts";

export const PaintTee: ElementClass = element({
  name: "PaintTee",
  ports: "1/2",
  processing: "a/ah",
  config: { COLOR: required(arg.u8), ANNO: positional(annotationByte, paintByte) },
  state: { color: u32 },
  initial: ({ config }) => ({ color: config.COLOR }),
  handlers: { color: numberHandler("color", arg.u8) },
  action(c, packet, { config, state, output, packets }) {
    c.if(packet.annotation8(config.ANNO).get().eq(state.color.get()), () => {
      packets.copy(packet, (copy) => output(1).push(copy));
    });
  },
});
