/**
 * DelayShaper(DELAY) — keeps packets until their timestamp is DELAY ago.
 *
 * Answers a pull with a packet only when its timestamp plus DELAY has come; give packets timestamps with
 * SetTimestamp. Holds one packet; those behind it wait in the queue. Those who pull are woken in time.
 *
 * Handlers: delay (read, write), length (read).
 *
 *   ... -> SetTimestamp -> Queue -> DelayShaper(50ms) -> Unqueue -> ...
 */

import { arg, type ElementClass, element, live, packetRing, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";

export const DelayShaper: ElementClass = element({
  name: "DelayShaper",
  ports: "1/1",
  processing: "l/l",
  config: { DELAY: required(live(arg.time)) },
  holds: () => 1,
  state: { held: packetRing(1), due: u64 },
  handlers: {
    length: { gauge: "held", unit: "packets" },
  },
  notifier: {
    through: true,
    active: (c, { state, clock, mayPull }) =>
      c.select(state.held.length(), state.due.get().leU(clock.now()), mayPull(0)),
  },
  timer: (_c, { wake }) => wake(),
  pull(c, _port, { state, clock, input, output, packets, timer }) {
    c.if(state.held.length().eqz(), () => {
      input(0).pull((packet) => {
        state.due.set(packet.timestamp.get().add(state.delay.get()));
        state.held.push(packet, (rejected) => rejected.kill());
      });
    });
    c.if(state.held.length(), () => {
      c.if(
        state.due.get().leU(clock.now()),
        () => packets.take(state.held.shift(), (packet) => output(0).push(packet)),
        () => timer.at(state.due.get()),
      );
    });
  },
});
