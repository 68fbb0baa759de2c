/**
 * Tee([N]) — copies each packet to every output.
 *
 * N, the number of outputs, is checked against the connections when it is given.
 *
 *   ... -> t :: Tee(2);  t[0] -> ...;  t[1] -> ...;
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";

export const Tee: ElementClass = element({
  name: "Tee",
  ports: "1/1-",
  processing: "h/h",
  config: { N: positional(arg.u32, -1) },
  prepare({ config, noutputs, error }) {
    if (config.N >= 0 && config.N !== noutputs) error(`${noutputs} outputs implies ${noutputs} arms`);
  },
  push(_c, _port, packet, { packets, output, noutputs }) {
    for (let i = 0; i < noutputs - 1; i++) packets.copy(packet, (copy) => output(i).push(copy));
    output(noutputs - 1).push(packet);
  },
});
