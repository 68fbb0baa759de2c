/** What DelayUnqueue and DelayShaper do with a packet that they take. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I64 } from "@clickos/codegen";

type Context = ElementContext<unknown, unknown, Record<never, never>>;

const second = 1_000_000_000n;

/** Has the timer go off when a packet may leave. Click reads its clock twice for that, and waits as long as that takes, too. */
export function waitUntil({ clock, timer }: Pick<Context, "clock" | "timer">, due: I64): void {
  const before = clock.now();
  timer.at(due.add(clock.now().sub(before)));
}

/** Its timestamp becomes the time at which it may leave, which is the result. One within the first second of 1970 is none. */
export function delayPacket(c: FunctionBuilder, packet: Packet, clock: Context["clock"], delay: I64): I64 {
  const from = c.var("i64", packet.timestamp.get(), "from");
  c.if(from.get().ltU(second), () => from.set(clock.now()));
  const due = from.get().add(delay);
  packet.timestamp.set(due);
  return due;
}
