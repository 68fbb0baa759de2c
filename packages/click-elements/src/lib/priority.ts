/** Schedulers that pull from the first input that has a packet. */
import { type ElementClass, element } from "@clickos/click-core/element";

export function priorityScheduler(name: string): ElementClass {
  return element({
    name,
    ports: "-/1",
    processing: "l/l",
    quiet: true,
    pull(_c, _port, { input, output, ninputs }) {
      const from = (port: number): void =>
        input(port).pull((packet) => output(0).push(packet), port + 1 < ninputs ? () => from(port + 1) : undefined);
      if (ninputs > 0) from(0);
    },
  });
}
