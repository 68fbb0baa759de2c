/** Elements that send packets to, or take them from, one port of several that a handler chooses; port -1 is none. */
import { arg, type ElementClass, element, live, positional } from "@clickos/click-core/element";

const noPort = (what: string): string => `no ${what} is connected`;

/** Sends packets to one output; the handler `switch` sends them elsewhere. */
export function pushSwitch(name: string): ElementClass {
  return element({
    name,
    ports: "1/-",
    processing: "h/h",
    live: true,
    config: { OUTPUT: positional(live(arg.outputPortOrNone, { handler: "switch" }), 0) },
    prepare({ noutputs, error }) {
      if (noutputs === 0) error(noPort("output"));
    },
    push(c, _port, packet, { state, output, noutputs }) {
      c.switch(
        state.output.get(),
        Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
        () => packet.kill(),
      );
    },
  });
}

/** Pulls from one input; the handler `switch` takes another. */
export function pullSwitch(name: string): ElementClass {
  return element({
    name,
    ports: "-/1",
    processing: "l/l",
    live: true,
    config: { INPUT: positional(live(arg.inputPortOrNone, { handler: "switch" }), 0) },
    prepare({ ninputs, error }) {
      if (ninputs === 0) error(noPort("input"));
    },
    pull(c, _port, { state, input, output, ninputs }) {
      c.switch(
        state.input.get(),
        Array.from({ length: ninputs }, (_, i) => () => input(i).pull((packet) => output(0).push(packet))),
      );
    },
  });
}
