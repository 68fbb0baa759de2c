/**
 * StaticSwitch(OUTPUT) — sends packets to one output, chosen for good.
 *
 * An OUTPUT that is not there, such as -1, ends packets.
 * Costs nothing: the choice is made when the configuration is compiled.
 *
 *   ... -> s :: StaticSwitch(1); s [0] -> ...; s [1] -> ...
 */
import { arg, type ElementClass, element, required } from "@clickos/click-core/element";
import { portOrNone } from "../lib/switch.ts";

export const StaticSwitch: ElementClass = element({
  name: "StaticSwitch",
  ports: "1/-",
  processing: "h/h",
  config: { OUTPUT: required(arg.i32) },
  push(_c, _port, packet, { config, output, noutputs }) {
    const port = portOrNone(config.OUTPUT, noutputs);
    if (port < 0) packet.kill();
    else output(port).push(packet);
  },
});
