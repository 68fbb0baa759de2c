/**
 * DelayShaper(DELAY) — keeps packets until their timestamp is DELAY ago.
 *
 * Answers a pull with a packet only when its timestamp plus DELAY has come; one without a timestamp has that of when it is taken.
 * A packet that leaves has the time as its timestamp. Holds one packet; those behind it wait in the queue. Those who pull are woken
 * in time.
 *
 * Handlers: delay (read, write).
 *
 *   ... -> SetTimestamp -> Queue -> DelayShaper(50ms) -> Unqueue -> ...
 */

import { type ElementClass, element, live, packetRing, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { delayPacket, waitUntil } from "../lib/delay.ts";
import { interval } from "../lib/handlers.ts";

export const DelayShaper: ElementClass = element({
  name: "DelayShaper",
  ports: "1/1",
  processing: "l/l",
  config: { DELAY: required(live(interval, { flags: ".", refusal: "delay must be a timestamp", written() {} })) },
  holds: () => 1,
  state: { held: packetRing(1), due: u64 },
  handlers: {},
  notifier: { empty: true, through: true },
  timer: (_c, { emptyNote }) => emptyNote.wake(),
  pull(c, _port, { state, clock, input, output, packets, timer, emptyNote, mayPull }) {
    c.if(state.held.length().eqz(), () => {
      input(0).pull((packet) => {
        state.due.set(delayPacket(c, packet, clock, state.delay.get()));
        state.held.append(packet.store());
      });
    });
    c.if(
      state.held.length(),
      () => {
        const now = clock.now();
        c.if(
          state.due.get().leU(now),
          () =>
            packets.take(state.held.shift(), (packet) => {
              packet.timestamp.set(now);
              output(0).push(packet);
            }),
          () => {
            waitUntil({ clock, timer }, state.due.get());
            emptyNote.sleep();
          },
        );
      },
      () => c.if(mayPull(0).eqz(), () => emptyNote.sleep()),
    );
  },
});
