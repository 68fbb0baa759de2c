/**
 * DelayUnqueue(DELAY) — pulls packets and pushes each when its timestamp is DELAY ago.
 *
 * A packet without a timestamp has that of when it is taken. A packet that leaves has the time at which it was due as its timestamp.
 * Holds one packet; those behind it wait in the queue. Sleeps in between.
 *
 * Handlers: delay (read, write).
 *
 *   ... -> SetTimestamp -> Queue -> DelayUnqueue(50ms) -> ...
 */

import { type ElementClass, element, live, packetRing, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { delayPacket } from "../lib/delay.ts";
import { interval } from "../lib/handlers.ts";
import { packetsPerTurn } from "../lib/pull-task.ts";

export const DelayUnqueue: ElementClass = element({
  name: "DelayUnqueue",
  ports: "1/1",
  processing: "l/h",
  config: { DELAY: required(live(interval, { written() {} })) },
  holds: () => 1,
  state: { held: packetRing(1), due: u64 },
  handlers: {},
  timer: (_c, { task }) => task.schedule(),
  task(c, { state, clock, input, output, packets, timer, task, mayPull }) {
    const worked = c.var("i32", 0, "worked");
    c.loop(() => {
      c.if(state.held.length().eqz(), () => {
        input(0).pull((packet) => {
          state.due.set(delayPacket(c, packet, clock, state.delay.get()));
          state.held.append(packet.store());
        });
      });
      c.if(state.held.length().eqz(), () => {
        c.if(mayPull(0).eqz(), () => task.unschedule());
        c.break();
      });
      c.if(state.due.get().gtU(clock.now()), () => {
        timer.at(state.due.get());
        task.unschedule();
        c.break();
      });
      worked.inc();
      packets.take(state.held.shift(), (packet) => output(0).push(packet));
      // Everything else has a turn too.
      c.if(worked.get().eq(packetsPerTurn), () => c.break());
    });
    return worked.get();
  },
});
