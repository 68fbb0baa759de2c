/** Elements that send packets to, or take them from, one port of several that a handler chooses. */
import {
  type ArgumentSpec,
  arg,
  type ElementClass,
  element,
  type Handlers,
  positional,
  required,
} from "@clickos/click-core/element";
import { type U32Field, u32 } from "@clickos/layout";
import { readValue } from "./handlers.ts";

/** A switch whose handler sends packets elsewhere; port -1 ends them. `fixed` ones choose for good. */
export function pushSwitch(name: string, kind: { readonly fixed: boolean }): ElementClass {
  return element({
    name,
    ports: "1/-",
    processing: "h/h",
    live: !kind.fixed,
    config: { OUTPUT: port(kind.fixed) },
    prepare({ config, noutputs, error }) {
      if (config.OUTPUT >= noutputs) error(`OUTPUT ${config.OUTPUT} is not one of the ${noutputs} outputs`, 0);
    },
    state: { port: u32 },
    initial: ({ config }) => ({ port: config.OUTPUT >>> 0 }),
    handlers: kind.fixed ? {} : switchHandler,
    push(c, _port, packet, { state, output, noutputs, config }) {
      c.switch(
        kind.fixed ? c.i32(config.OUTPUT) : state.port.get(),
        Array.from({ length: noutputs }, (_, i) => () => output(i).push(packet)),
        () => packet.kill(),
      );
    },
  });
}

/** The same for pulls; port -1 gives nothing. */
export function pullSwitch(name: string, kind: { readonly fixed: boolean }): ElementClass {
  return element({
    name,
    ports: "-/1",
    processing: "l/l",
    live: !kind.fixed,
    config: { INPUT: port(kind.fixed) },
    prepare({ config, ninputs, error }) {
      if (config.INPUT >= ninputs) error(`INPUT ${config.INPUT} is not one of the ${ninputs} inputs`, 0);
    },
    state: { port: u32 },
    initial: ({ config }) => ({ port: config.INPUT >>> 0 }),
    handlers: kind.fixed ? {} : switchHandler,
    pull(c, _port, { state, input, output, ninputs, config }) {
      c.switch(
        kind.fixed ? c.i32(config.INPUT) : state.port.get(),
        Array.from({ length: ninputs }, (_, i) => () => input(i).pull((packet) => output(0).push(packet))),
      );
    },
  });
}

function port(fixed: boolean): ArgumentSpec<number> {
  return fixed ? required(arg.i32) : positional(arg.i32, 0);
}

const switchHandler: Handlers<any, any, { port: U32Field }> = {
  switch: {
    gauge: "port",
    signed: true,
    write: (s, value, { ninputs, noutputs }) => {
      const wanted = readValue(arg.i32, value);
      const count = Math.max(ninputs, noutputs);
      if (wanted >= count) throw `${wanted} is not one of the ${count} ports`;
      s.port = wanted >>> 0;
    },
  },
};
