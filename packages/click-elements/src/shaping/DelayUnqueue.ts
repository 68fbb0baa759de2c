/**
 * DelayUnqueue(DELAY) — pulls packets and pushes each when its timestamp is DELAY ago.
 *
 * Holds one packet; those behind it wait in the queue. Sleeps in between.
 *
 * Handlers: delay (read, write).
 *
 *   ... -> SetTimestamp -> Queue -> DelayUnqueue(50ms) -> ...
 */

import { arg, type ElementClass, element, live, packetRing, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";

export const DelayUnqueue: ElementClass = element({
  name: "DelayUnqueue",
  ports: "1/1",
  processing: "l/h",
  config: { DELAY: required(live(arg.time)) },
  holds: () => 1,
  state: { held: packetRing(1), due: u64 },
  handlers: {},
  timer: (_c, { task }) => task.schedule(),
  task(c, { state, clock, input, output, packets, timer, task }) {
    const worked = c.var("i32", 0, "worked");
    c.if(state.held.length().eqz(), () => {
      input(0).pull((packet) => {
        worked.set(1);
        state.due.set(packet.timestamp.get().add(state.delay.get()));
        state.held.push(packet, (rejected) => rejected.kill());
      });
    });
    c.if(state.held.length(), () => {
      c.if(
        state.due.get().leU(clock.now()),
        () => {
          worked.set(1);
          packets.take(state.held.shift(), (packet) => output(0).push(packet));
        },
        () => {
          timer.at(state.due.get());
          task.unschedule();
        },
      );
    });
    return worked.get();
  },
});
