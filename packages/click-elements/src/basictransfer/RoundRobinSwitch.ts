/**
 * RoundRobinSwitch — sends each packet to the next of its outputs, in turn.
 *
 *   ... -> rr :: RoundRobinSwitch; rr [0] -> ...; rr [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

export const RoundRobinSwitch: ElementClass = element({
  name: "RoundRobinSwitch",
  ports: "1/1-",
  processing: "h/h",
  state: { next: u32 },
  push(c, _port, packet, { state, output, noutputs }) {
    const at = state.next.get();
    state.next.set(c.select(at.add(1).geU(noutputs), c.i32(0), at.add(1)));
    const cases = Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet));
    c.switch(at, cases, () => output(noutputs - 1).push(packet));
  },
});
