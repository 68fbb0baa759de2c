/** Elements that send packets to, or take them from, one port of several that a handler chooses; port -1 is none. */
import { arg, type ElementClass, element, live, positional } from "@clickos/click-core/element";

/** The port, or -1 where there is none of that number. */
export const portOrNone = (port: number, ports: number): number => (port < 0 || port >= ports ? -1 : port);

/** Sends packets to one output; the handler `switch` sends them elsewhere. */
export function pushSwitch(name: string): ElementClass {
  return element({
    name,
    ports: "1/-",
    processing: "h/h",
    live: true,
    config: {
      OUTPUT: positional(
        live(arg.i32, {
          handler: "switch",
          refusal: `${name} output must be integer`,
          written({ noutputs }, state) {
            if ((state.output | 0) >= noutputs) state.output = -1 >>> 0;
          },
        }),
        0,
      ),
    },
    prepare({ config, noutputs, error }) {
      if (config.OUTPUT >= noutputs) error(`output must be < ${noutputs}`);
    },
    handlers: { config: { gauge: "output", signed: true } },
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
    config: {
      INPUT: positional(
        live(arg.i32, {
          handler: "switch",
          refusal: "syntax error",
          written({ ninputs, fire }, state) {
            state.input = portOrNone(state.input | 0, ninputs) >>> 0;
            fire();
          },
        }),
        0,
      ),
    },
    prepare: ({ config, ninputs }) => ({ input: portOrNone(config.INPUT, ninputs) }),
    initial: ({ plan }) => ({ input: plan.input >>> 0 }),
    handlers: { config: { gauge: "input", signed: true } },
    reconfigured: (_state, { fire }) => fire(),
    notifier: { empty: true, through: true },
    // Another input was chosen.
    timer: (c, { state, ninputs, mayPull, emptyNote }) =>
      c.switch(
        state.input.get(),
        Array.from({ length: ninputs }, (_, i) => () => c.if(mayPull(i), () => emptyNote.wake())),
        () => emptyNote.sleep(),
      ),
    pull(c, _port, { state, input, output, ninputs, mayPull, emptyNote }) {
      c.switch(
        state.input.get(),
        Array.from({ length: ninputs }, (_, i) => () => {
          input(i).pull(
            (packet) => {
              emptyNote.wake();
              output(0).push(packet);
            },
            () => c.if(mayPull(i).eqz(), () => emptyNote.sleep()),
          );
        }),
        () => emptyNote.sleep(),
      );
    },
  });
}
