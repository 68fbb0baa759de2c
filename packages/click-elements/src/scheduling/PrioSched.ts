/**
 * PrioSched — pulls from the first input that has a packet.
 *
 * Input 0 comes first: lower inputs wait while higher ones have packets.
 *
 *   urgent :: Queue -> [0] s :: PrioSched; rest :: Queue -> [1] s; s -> Unqueue -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";

export const PrioSched: ElementClass = element({
  name: "PrioSched",
  ports: "-/1",
  processing: "l/l",
  quiet: true,
  pull(_c, _port, { input, output, ninputs }) {
    const from = (port: number): void =>
      input(port).pull((packet) => output(0).push(packet), port + 1 < ninputs ? () => from(port + 1) : undefined);
    if (ninputs > 0) from(0);
  },
});
