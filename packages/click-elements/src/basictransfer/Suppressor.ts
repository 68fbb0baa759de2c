/**
 * Suppressor — passes packets of each input on to its output, or stops them.
 *
 * Input 0's packets leave on output 0, input 1's on output 1, and so on, as long as that port is active; at first all are. A packet that
 * comes to a port that is not active ends there, and a pull from it finds nothing. EtherSpanTree switches ports on and off. Arguments are
 * not looked at.
 *
 * Handlers: active0, active1, ... (read, write): whether a port is active; reset (write): all are.
 *
 *   FromDevice(0) -> [0] s :: Suppressor [0] -> [0] sw :: EtherSwitch [0] -> ...;
 *   FromDevice(1) -> [1] s [1] -> [1] sw [1] -> ...
 */
import { arg, type ElementClass, element, type Handlers, rest } from "@clickos/click-core/element";
import { array, u32 } from "@clickos/layout";
import { readValue } from "../lib/handlers.ts";
import { Suppression } from "../lib/suppression.ts";

export const Suppressor: ElementClass = element({
  name: "Suppressor",
  ports: "-/=",
  processing: "a/a",
  flow: "#/#",
  config: { ARGUMENT: rest(arg.raw) },
  state: ({ ninputs }) => ({ suppressed: array(u32, Math.max(ninputs, 1)) }),
  offers: (offer) => [
    offer(
      Suppression,
      (_c, { state }) => ({ suppress: (port, suppressed) => state.suppressed.at(port).set(suppressed) }),
      () => ({}),
    ),
  ],
  furtherHandlers: ({ inputs }): Handlers<unknown, unknown, any> => ({
    ...Object.fromEntries(
      inputs.map((_, i) => [
        `active${i}`,
        {
          kind: "flag",
          read: (s: any) => (s.suppressed[i] ?? 0) === 0,
          write(s: any, text) {
            s.suppressed[i] = Number(!readValue(arg.bool, text, "type mismatch"));
          },
        },
      ]),
    ),
    reset: {
      write(s: any) {
        s.suppressed.fill(0);
      },
    },
  }),
  push(c, port, packet, { state, output }) {
    c.if(state.suppressed.at(port).get(), () => packet.kill());
    output(port).push(packet);
  },
  pull(c, port, { state, input, output }) {
    c.if(state.suppressed.at(port).get().eqz(), () => input(port).pull((packet) => output(port).push(packet)));
  },
});
