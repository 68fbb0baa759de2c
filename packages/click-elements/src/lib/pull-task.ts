/** The task of elements that pull a burst of packets each turn. */

import type { InputPort, Packet } from "@clickos/click-core";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** Pulls up to `burst` packets until there is none; returns how many there were. */
export function pullTask(
  c: FunctionBuilder,
  burst: number | I32,
  input: InputPort,
  each: (packet: Packet) => void,
): I32 {
  const count = c.var("i32", 0, "count");
  c.loop(() => {
    c.if(count.get().geU(burst), () => c.break());
    input.pull(
      (packet) => {
        count.inc();
        each(packet);
      },
      () => c.break(),
    );
  });
  return count.get();
}
