/** The code of elements whose host side is a socket: it takes what they are given, and gives what came. */
import type { ElementContext, Packet } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { U64Field } from "@clickos/layout";
import { pullTask } from "./pull-task.ts";
import { nextPacket } from "./service-source.ts";

/** Packets of one turn. */
const burst = 32;

type SocketContext = ElementContext<unknown, unknown, { readonly count: U64Field }>;

function send({ service, state }: SocketContext, packet: Packet): void {
  state.count.inc();
  service.give(packet);
  packet.kill();
}

/** Pulls packets while the host side, when it is asked, can send them, and pushes one that came. Sleeps when there is nothing to do. */
export function sendAndReceive(c: FunctionBuilder, context: SocketContext): I32 {
  const { service, output, input, inputIsPush, ninputs, noutputs, task } = context;
  const worked = c.var("i32", 0, "worked");
  const pulls = ninputs > 0 && !inputIsPush(0);
  const room = (): I32 => service.ask();
  if (pulls) worked.set(pullTask(c, burst, input(0), (packet) => send(context, packet), room));
  if (noutputs > 0)
    nextPacket(c, context, (packet) => {
      worked.set(1);
      output(0).push(packet);
    });
  c.if(worked.get().eqz(), () => {
    if (pulls) c.if(room().eqz(), () => task.unschedule());
    else task.unschedule();
  });
  return worked.get();
}

/** A packet that is pushed is sent at once. */
export function sendPushed(packet: Packet, context: SocketContext): void {
  send(context, packet);
}
