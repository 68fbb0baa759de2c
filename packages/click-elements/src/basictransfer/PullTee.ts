/**
 * PullTee([N]) — answers pulls at output 0, and pushes copies of what it gives to its other outputs.
 *
 * N, when given, is the number of outputs.
 *
 *   ... -> Queue -> t :: PullTee -> Unqueue -> ...; t [1] -> Print -> Discard
 */
import { arg, type ElementClass, element, positional } from "@clickos/click-core/element";

export const PullTee: ElementClass = element({
  name: "PullTee",
  ports: "1/1-",
  processing: "l/lh",
  config: { N: positional(arg.u32, -1) },
  prepare({ config, noutputs, error }) {
    if (config.N >= 0 && config.N !== noutputs) error(`${noutputs} outputs implies ${noutputs} arms`);
  },
  pull(_c, _port, { packets, input, output, noutputs }) {
    input(0).pull((packet) => {
      for (let i = 1; i < noutputs; i++) packets.copy(packet, (copy) => output(i).push(copy));
      output(0).push(packet);
    });
  },
});
