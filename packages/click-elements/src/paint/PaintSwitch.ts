/**
 * PaintSwitch([ANNO]) — sends packets to the output of their color's number.
 *
 * Packets of a color that has no output end.
 *
 *   ... -> s :: PaintSwitch; s [0] -> ...; s [1] -> ...
 */
import { type ElementClass, element, positional } from "@clickos/click-core/element";
import { annotationByte, paintByte } from "../lib/annotations.ts";

export const PaintSwitch: ElementClass = element({
  name: "PaintSwitch",
  ports: "1/1-",
  processing: "h/h",
  config: { ANNO: positional(annotationByte, paintByte) },
  push(c, _port, packet, { config, output, noutputs }) {
    c.switch(
      packet.annotation8(config.ANNO).get(),
      Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
      () => packet.kill(),
    );
  },
});
