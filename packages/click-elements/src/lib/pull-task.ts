/** The task of elements that pull a burst of packets each turn. */

import type { InputPort, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/**
 * Packets of one turn of a task, whatever BURST says: a source that never ends would keep everything else, signals
 * included, from having a turn.
 */
export const packetsPerTurn: number = 1 << 20;

/** What BURST comes to in one turn. */
export function boundedBurst(c: FunctionBuilder, burst: I32): I32 {
  return c.select(burst.ltU(packetsPerTurn), burst, c.i32(packetsPerTurn));
}

/** Pulls up to `burst` packets until there is none, or `room`, asked before each, says that there is none; how many there were. `none` is called where a pull has found nothing. */
export function pullTask(
  c: FunctionBuilder,
  burst: number | I32,
  input: InputPort,
  each: (packet: Packet) => void,
  room?: () => I32,
  none?: () => void,
): I32 {
  const most = typeof burst === "number" ? Math.min(burst, packetsPerTurn) : boundedBurst(c, burst);
  const count = c.var("i32", 0, "count");
  c.loop(() => {
    c.if(count.get().geU(most), () => c.break());
    if (room) c.if(room().eqz(), () => c.break());
    input.pull(
      (packet) => {
        count.inc();
        each(packet);
      },
      () => {
        none?.();
        c.break();
      },
    );
  });
  return count.get();
}
