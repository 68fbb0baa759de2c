/** What DelayUnqueue and DelayShaper do with a packet that they take. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I64 } from "@clickos/codegen";

const second = 1_000_000_000n;

/** Its timestamp becomes the time at which it may leave, which is the result. One within the first second of 1970 is none. */
export function delayPacket(
  c: FunctionBuilder,
  packet: Packet,
  clock: ElementContext<unknown, unknown, Record<never, never>>["clock"],
  delay: I64,
): I64 {
  const from = c.var("i64", packet.timestamp.get(), "from");
  c.if(from.get().ltU(second), () => from.set(clock.now()));
  const due = from.get().add(delay);
  packet.timestamp.set(due);
  return due;
}
