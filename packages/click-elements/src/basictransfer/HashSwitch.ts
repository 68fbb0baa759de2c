/**
 * HashSwitch(OFFSET, LENGTH) — sends packets to outputs by their bytes.
 *
 * The output is the sum of LENGTH bytes at OFFSET, by the number of outputs; with 2, 4 or 8 outputs, of the sum with its upper half put
 * over its lower one. So packets of a flow stay together. A packet that ends before leaves on output 0.
 *
 *   ... -> h :: HashSwitch(26, 8); h [0] -> ...; h [1] -> ...
 */
import { arg, type ElementClass, element, maximumLargeFrame, required } from "@clickos/click-core/element";
import { byteSum } from "../lib/bytes.ts";

export const HashSwitch: ElementClass = element({
  name: "HashSwitch",
  ports: "1/1-",
  processing: "h/h",
  config: { OFFSET: required(arg.i32), LENGTH: required(arg.i32) },
  prepare({ config, error }) {
    if (config.LENGTH === 0) error("length must be > 0");
  },
  push(c, _port, packet, { config, output, noutputs }) {
    // Bytes before the packet are none of its own.
    const offset = Math.min(Math.max(config.OFFSET, 0), maximumLargeFrame);
    const length = Math.min(Math.max(config.LENGTH, 0), maximumLargeFrame);
    c.if(packet.length.ltU(offset + length), () => output(0).push(packet));
    const sum = byteSum(c, packet.data, offset, length);
    const port = [2, 4, 8].includes(noutputs) ? sum.xor(sum.shrU(4)).and(noutputs - 1) : sum.remU(noutputs);
    const cases = Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet));
    c.switch(port, cases, () => output(noutputs - 1).push(packet));
  },
});
