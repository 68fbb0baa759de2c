/**
 * Hub([N] [, keyword HEADROOM]) — copies packets to all outputs but that of the port they came in at.
 *
 * Has as many outputs as inputs. N, when given, is how many.
 *
 *   a -> [0] h :: Hub; b -> [1] h; h [0] -> ...; h [1] -> ...
 */
import { accepted, arg, type ElementClass, element, positional } from "@clickos/click-core/element";

export const Hub: ElementClass = element({
  name: "Hub",
  ports: "-/-",
  processing: "h/h",
  flow: "#/[^#]",
  config: { N: positional(arg.i32, -1), HEADROOM: accepted(arg.i32, "packets get more room when they need it") },
  prepare({ config, noutputs, error }) {
    if (config.N >= 0 && config.N !== noutputs) error(`N is ${config.N}, but ${noutputs} outputs are connected`);
  },
  push(_c, port, packet, { packets, output, noutputs }) {
    const others = Array.from({ length: noutputs }, (_, i) => i).filter((i) => i !== port);
    const last = others.pop();
    for (const i of others) packets.copy(packet, (copy) => output(i).push(copy));
    if (last === undefined) packet.kill();
    else output(last).push(packet);
  },
});
