/**
 * StaticPullSwitch(INPUT) — pulls from one input, chosen for good.
 *
 * INPUT -1 gives nothing.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   a -> [0] s :: StaticPullSwitch(1); b -> [1] s; s -> Unqueue
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const StaticPullSwitch: ElementClass = element({
  name: "StaticPullSwitch",
  ports: "-/1",
  processing: "l/l",
  config: { INPUT: required(arg.inputPortOrNone) },
  pull(_c, _port, { config, input, output }) {
    if (config.INPUT >= 0) input(config.INPUT).pull((packet) => output(0).push(packet));
  },
});
