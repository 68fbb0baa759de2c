/**
 * StaticPullSwitch(INPUT) — pulls from one input, chosen for good.
 *
 * An INPUT that is not there, such as -1, gives nothing.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   ... -> Queue -> [0] s :: StaticPullSwitch(1); ... -> Queue -> [1] s; s -> Unqueue -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { portOrNone } from "../lib/switch.ts";

export const StaticPullSwitch: ElementClass = element({
  name: "StaticPullSwitch",
  ports: "-/1",
  processing: "l/l",
  config: { INPUT: required(arg.i32) },
  pull(_c, _port, { config, input, output, ninputs }) {
    const port = portOrNone(config.INPUT, ninputs);
    if (port >= 0) input(port).pull((packet) => output(0).push(packet));
  },
});
