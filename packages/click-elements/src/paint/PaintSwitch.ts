/**
 * PaintSwitch([ANNO]) — sends packets to the output of their color's number.
 *
 * Packets of color 255 are copied to all outputs. Those of another color that has no output end.
 *
 *   ... -> s :: PaintSwitch; s [0] -> ...; s [1] -> ...
 */
import { type ElementClass, element, positional } from "@clickos/click-core/element";
import { annotationByte, paintByte } from "../lib/annotations.ts";

/** The color of packets that go to all outputs. */
const everyOutput = 255;

export const PaintSwitch: ElementClass = element({
  name: "PaintSwitch",
  ports: "1/-",
  processing: "h/h",
  config: { ANNO: positional(annotationByte, paintByte) },
  push(c, _port, packet, { config, output, noutputs, packets }) {
    const color = packet.annotation8(config.ANNO).get();
    c.switch(
      color,
      Array.from({ length: Math.min(noutputs, everyOutput) }, (_, i) => () => output(i).push(packet)),
      () => {
        if (noutputs > 0)
          c.if(color.eq(everyOutput), () => {
            for (let i = 0; i < noutputs - 1; i++) packets.copy(packet, (copy) => output(i).push(copy));
            output(noutputs - 1).push(packet);
          });
        packet.kill();
      },
    );
  },
});
