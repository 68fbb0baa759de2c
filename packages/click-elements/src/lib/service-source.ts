/** Elements that push, or answer pulls with, the packets that their host side makes. State: active, ended, count. */
import { type ElementContext, maximumFrame, type Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { U32Field, U64Field } from "@clickos/layout";
import { packetsPerTurn } from "./pull-task.ts";

type HostSource = ElementContext<
  { readonly STOP: boolean },
  unknown,
  { active: U32Field; ended: U32Field; count: U32Field | U64Field }
>;

/** Gets one packet from the host: `some` has it; at the end, STOP asks the driver to stop. `none` gave none. */
function nextPacket(
  c: FunctionBuilder,
  { config, state, packets, service, stop }: HostSource,
  some: (packet: Packet) => void,
  none?: () => void,
  wait?: () => void,
): void {
  packets.make(
    0,
    (packet) => {
      const length = service.fill(packet, maximumFrame);
      c.if(length.eq(-1), () => {
        state.ended.set(1);
        if (config.STOP) stop();
        packet.kill();
      });
      // None before the host side schedules the task again.
      c.if(length.eq(-3), () => wait?.());
      // None in this turn: the task is still scheduled, and asks again in the next.
      c.if(length.ltS(0), () => packet.kill());
      packets.room(packet, { tail: length }, (packet) => {
        c.if(length.gtU(maximumFrame), () => service.refill(packet));
        packet.setLength(length);
        state.count.inc();
        some(packet);
      });
    },
    none,
  );
}

/** A task that pushes up to `burst` packets; it sleeps when there are no more, or while the element is not active. */
export function pushFromHost(c: FunctionBuilder, burst: number, context: HostSource): I32 {
  const { state, task, output } = context;
  const worked = c.var("i32", 0, "worked");
  c.loop(() => {
    c.if(state.ended.get().or(state.active.get().eqz()), () => {
      task.unschedule();
      c.break();
    });
    c.if(worked.get().geU(Math.min(Math.max(1, burst), packetsPerTurn)), () => c.break());
    worked.inc();
    nextPacket(
      c,
      context,
      (packet) => output(0).push(packet),
      () => c.break(),
      () => task.unschedule(),
    );
  });
  return worked.get();
}

/** Answers a pull. */
export function pullFromHost(c: FunctionBuilder, context: HostSource): void {
  const { state, output, emptyNote } = context;
  const some = c.var("i32", 0, "some");
  c.if(state.active.get().and(state.ended.get().eqz()), () =>
    nextPacket(
      c,
      context,
      (packet) => {
        some.set(1);
        output(0).push(packet);
      },
      () => some.set(1),
    ),
  );
  c.if(some.get().or(state.ended.get().eqz().and(state.active.get())).eqz(), () => emptyNote.sleep());
}
