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

import { arg, type ElementClass, element, packetRing, required } from "@clickos/click-core/element";
import { u64 } from "@clickos/layout";
import { delayPacket, waitUntil } from "../lib/delay.ts";
import { readValue } from "../lib/handlers.ts";
import { packetsPerTurn } from "../lib/pull-task.ts";
import { formatInterval } from "../lib/time.ts";

export const DelayUnqueue: ElementClass = element({
  name: "DelayUnqueue",
  ports: "1/1",
  processing: "l/h",
  config: { DELAY: required(arg.time) },
  holds: () => 1,
  state: { held: packetRing(1), due: u64, delay: u64 },
  initial: ({ config }) => ({ delay: config.DELAY }),
  handlers: {
    delay: {
      read: (s) => formatInterval(BigInt.asIntN(64, s.delay)),
      // It may be below nothing.
      write(s, text) {
        const [, minus = "", time = ""] = /^\s*(-?)([^-].*)$/s.exec(text) ?? [];
        const delay = readValue(arg.time, time, "expected time in seconds");
        s.delay = BigInt.asUintN(64, minus === "" ? delay : -delay);
      },
    },
  },
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
      c.if(state.due.get().gtS(clock.now()), () => {
        waitUntil({ clock, timer }, state.due.get());
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
