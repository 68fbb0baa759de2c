/**
 * CheckLength(LENGTH) — lets packets of at most LENGTH bytes pass.
 *
 * Longer ones leave on output 1, or are dropped where that is not connected.
 *
 * Handlers: length (read, write).
 *
 *   ... -> c :: CheckLength(1500) -> ...; c [1] -> Discard
 */
import { arg, type ElementClass, element, live, required } from "@clickos/click-core/element";

export const CheckLength: ElementClass = element({
  name: "CheckLength",
  ports: "1/1-2",
  processing: "a/ah",
  config: { LENGTH: required(live(arg.u32, { written() {} })) },
  action(c, packet, { state, output }) {
    c.if(packet.length.gtU(state.length.get()), () => output(1).push(packet, "too long"));
  },
});
