/**
 * RoundRobinSched — pulls from its inputs in turn.
 *
 * Each pull starts at the input after the one that gave the last packet, and passes over those that have none.
 *
 *   a :: Queue -> [0] s :: RoundRobinSched; b :: Queue -> [1] s; s -> Unqueue -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

export const RoundRobinSched: ElementClass = element({
  name: "RoundRobinSched",
  ports: "-/1",
  processing: "l/l",
  quiet: true,
  state: { next: u32 },
  pull(c, _port, { input, output, ninputs, state }) {
    if (ninputs === 0) return;
    const turn = c.var("i32", 0, "turn");
    const port = c.var("i32", state.next.get(), "port");
    c.loop(() => {
      c.if(turn.get().geU(ninputs), () => c.break());
      turn.inc();
      const at = port.get();
      port.set(c.select(at.add(1).geU(ninputs), c.i32(0), at.add(1)));
      c.switch(
        at,
        Array.from({ length: ninputs }, (_, i) => () => {
          input(i).pull((packet) => {
            state.next.set(port.get());
            turn.set(ninputs);
            output(0).push(packet);
          });
        }),
      );
    });
  },
});
