/**
 * InputSwitch([OUTPUT]) — passes the packets of one input on.
 *
 * OUTPUT is that input's number, 0 by default; what comes to the other inputs ends there. A number below 0 is no input.
 *
 * Handlers: switch, config (read, write): the input; one that is not there is written as -1.
 *
 *   ... -> [0] s :: InputSwitch(1); ... -> [1] s; s -> ...
 */
import { arg, type ElementClass, element, live, positional } from "@clickos/click-core/element";

export const InputSwitch: ElementClass = element({
  name: "InputSwitch",
  ports: "-/1",
  processing: "h/h",
  live: true,
  config: {
    OUTPUT: positional(
      live(arg.i32, {
        handler: "switch",
        refusal: "InputSwitch input must be integer",
        written({ ninputs }, state) {
          if ((state.output | 0) >= ninputs) state.output = -1 >>> 0;
        },
      }),
      0,
    ),
  },
  prepare({ config, ninputs, error }) {
    if (config.OUTPUT >= ninputs) error(`input must be < ${ninputs}`);
  },
  handlers: { config: { gauge: "output", signed: true, flags: "" } },
  push(c, port, packet, { state, output }) {
    c.if(state.output.get().ne(port), () => packet.kill());
    output(0).push(packet);
  },
});
