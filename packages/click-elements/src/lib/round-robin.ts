/** Schedulers that pull from their inputs in turn. */
import { type ElementClass, element } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";

export function roundRobinScheduler(name: string): ElementClass {
  return element({
    name,
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
}
