/**
 * RandomSwitch — sends each packet to one of its outputs, by chance.
 *
 * All outputs are as probable. Chance is seeded by RandomSeed.
 *
 *   ... -> r :: RandomSwitch; r [0] -> ...; r [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { draw } from "../lib/draw.ts";

export const RandomSwitch: ElementClass = element({
  name: "RandomSwitch",
  ports: "1/1-",
  processing: "h/h",
  push(c, _port, packet, { output, noutputs, chance }) {
    const port = draw(c, chance, noutputs - 1);
    const cases = Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet));
    c.switch(port, cases, () => output(noutputs - 1).push(packet));
  },
});
