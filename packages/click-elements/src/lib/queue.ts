/** The elements that store packets first in, first out; they differ in whom they tell of it. */
import { arg, type ElementClass, element, packetRing, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { Storage } from "./storage.ts";

export interface QueueKind {
  /** Tells tasks downstream when there are packets. */
  readonly empty: boolean;
  /** Tells tasks upstream when there is room. */
  readonly full: boolean;
}

export function queueElement(name: string, kind: QueueKind): ElementClass {
  return element({
    name,
    ports: "1/1",
    processing: "h/l",
    live: true,
    config: { CAPACITY: positional(arg.u32, 1000) },
    prepare({ config, error }) {
      if (config.CAPACITY < 1 || config.CAPACITY > 1_000_000)
        error(`CAPACITY ${config.CAPACITY} is not between 1 and 1000000`);
    },
    holds: (config) => config.CAPACITY,
    state: ({ config }) => ({ packets: packetRing(config.CAPACITY), drops: u32, highwater: u32 }),
    offers: (offer) => [
      offer(
        Storage,
        (c, { state, config }) => ({ length: () => state.packets.length(), capacity: () => c.i32(config.CAPACITY) }),
        (s, { config }) => ({ length: s.packets.length, capacity: config.CAPACITY }),
      ),
    ],
    handlers: {
      length: { gauge: "packets", unit: "packets" },
      highwater_length: { gauge: "highwater", unit: "packets" },
      capacity: {
        kind: "gauge",
        unit: "packets",
        constant: ({ config }) => config.CAPACITY,
        write: (_s, text, { change }) => change("CAPACITY", text),
      },
      drops: { counter: "drops" },
      reset_counts: {
        write: (s) => {
          s.drops = 0;
          s.highwater = s.packets.length;
        },
      },
      reset: {
        write: (s, _value, { free }) => {
          for (const address of s.packets.take()) free(address);
        },
      },
    },
    notifier: {
      active: kind.empty ? (_c, { state }) => state.packets.length().ne(0) : undefined,
      room: kind.full ? (_c, { state, config }) => state.packets.length().ltU(config.CAPACITY) : undefined,
    },
    push(c, _port, packet, { state, line, name: self, wake }) {
      state.packets.push(packet, (rejected) => {
        c.if(state.drops.get().eqz(), () => line().text(`${self}: overflow`).end());
        state.drops.inc();
        rejected.drop("queue full");
      });
      const length = state.packets.length();
      if (kind.empty) c.if(length.eq(1), wake);
      c.if(length.gtU(state.highwater.get()), () => state.highwater.set(length));
    },
    pull(c, _port, { state, packets, output, config, wakeUpstream }) {
      const length = state.packets.length();
      c.if(length, () => {
        if (kind.full) c.if(length.eq(config.CAPACITY), wakeUpstream);
        packets.take(state.packets.shift(), (packet) => output(0).push(packet));
      });
    },
  });
}
