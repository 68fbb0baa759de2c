/**
 * Queue([CAPACITY]) — holds packets in order, pushed in and pulled out.
 *
 * Holds CAPACITY packets, 1000 by default; a packet pushed to a full queue is dropped.
 *
 * Handlers: length, highwater_length, capacity, drops (read); reset_counts (write).
 *
 *   ... -> Queue(200) -> ToDevice(0);
 */

import { arg, type ElementClass, element, packetRing, positional } from "@clickos/click-core";
import { u32 } from "@clickos/codegen";

export const Queue: ElementClass = element({
  name: "Queue",
  ports: "1/1",
  processing: "h/l",
  config: { CAPACITY: positional(arg.u32, 1000) },
  prepare({ config, error }) {
    if (config.CAPACITY < 1 || config.CAPACITY > 1_000_000)
      error(`CAPACITY ${config.CAPACITY} is not between 1 and 1000000`);
  },
  holds: (config) => config.CAPACITY,
  state: ({ config }) => ({ packets: packetRing(config.CAPACITY), drops: u32, highwater: u32 }),
  handlers: {
    length: { read: (s) => s.packets.length },
    highwater_length: { read: (s) => s.highwater },
    capacity: { read: (_s, { config }) => config.CAPACITY },
    drops: { read: (s) => s.drops },
    reset_counts: {
      write: (s) => {
        s.drops = 0;
        s.highwater = 0;
      },
    },
  },
  push(c, _port, packet, { state }) {
    state.packets.push(packet, (rejected) => {
      state.drops.inc();
      rejected.drop("queue full");
    });
    const length = state.packets.length();
    c.if(length.gtU(state.highwater.get()), () => state.highwater.set(length));
  },
  pull(c, _port, { state, packets, output }) {
    c.if(state.packets.length(), () => packets.take(state.packets.shift(), (packet) => output(0).push(packet)));
  },
});
