/**
 * StaticSwitch(OUTPUT) — sends packets to one output, chosen for good.
 *
 * OUTPUT -1 ends packets.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   ... -> s :: StaticSwitch(1); s [0] -> ...; s [1] -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";

export const StaticSwitch: ElementClass = element({
  name: "StaticSwitch",
  ports: "1/-",
  processing: "h/h",
  config: { OUTPUT: required(arg.outputPortOrNone) },
  push(_c, _port, packet, { config, output }) {
    if (config.OUTPUT < 0) packet.kill();
    else output(config.OUTPUT).push(packet);
  },
});
