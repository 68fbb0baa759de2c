/** The elements that store packets first in, first out; they differ in whom they tell of it. */
import { arg, type ElementClass, element, packetRing, positional } from "@clickos/click-core/element";
import { u32 } from "@clickos/layout";
import { Storage } from "./storage.ts";

export interface QueueKind {
  /** Tells tasks downstream when there are packets. */
  readonly empty: boolean;
  /** Tells tasks upstream when there is room. */
  readonly full: boolean;
  /** What `class` shows, where that is another name. */
  readonly shownAs?: string;
}

/** As many packets as any memory has. */
const mostPackets = 1 << 19;
/** Pulls that find nothing, one after another, before those who pull are told, where that is to be as in Click. */
const patience = 9;

export function queueElement(name: string, kind: QueueKind): ElementClass {
  const shownAs = kind.shownAs ?? name;
  return element({
    name,
    ports: "1/1-2",
    processing: "h/lh",
    live: true,
    config: { CAPACITY: positional(arg.u32, 1000) },
    holds: (config) => Math.min(config.CAPACITY, mostPackets),
    state: ({ config }) => ({
      packets: packetRing(Math.min(config.CAPACITY, mostPackets)),
      drops: u32,
      highwater: u32,
      failures: u32,
    }),
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
        flags: ".",
        unit: "packets",
        constant: ({ config }) => config.CAPACITY | 0,
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
    notifier: { empty: kind.empty, full: kind.full },
    push(c, _port, packet, { state, line, config, name: self, output, emptyNote, fullNote, exact }) {
      const before = state.packets.length();
      c.if(
        before.geU(Math.min(config.CAPACITY, mostPackets)),
        () => {
          if (config.CAPACITY > 0)
            c.if(state.drops.get().eqz(), () => line().text(`${self} :: ${shownAs}: overflow`).end());
          state.drops.inc();
          output(1).push(packet, "queue full");
        },
        () => {
          state.packets.append(packet.store());
          const length = before.add(1);
          c.if(length.gtU(state.highwater.get()), () => state.highwater.set(length));
          // Only where it was empty are there pulls that failed, and may those who pull sleep.
          if (kind.empty)
            c.if(length.eq(1), () => {
              if (exact) state.failures.set(0);
              emptyNote.wake();
            });
          if (kind.full) c.if(length.eq(config.CAPACITY), () => fullNote.sleep());
        },
      );
    },
    pull(c, _port, { state, packets, config, output, emptyNote, fullNote, exact }) {
      const length = state.packets.length();
      c.if(
        length,
        () => {
          // Only where it was full may those who push sleep.
          if (kind.full) c.if(length.eq(config.CAPACITY), () => fullNote.wake());
          packets.take(state.packets.shift(), (packet) => output(0).push(packet));
        },
        () => {
          if (!kind.empty) return;
          if (!exact) emptyNote.sleep();
          else
            c.if(
              state.failures.get().geU(patience),
              () => emptyNote.sleep(),
              () => state.failures.inc(),
            );
        },
      );
    },
  });
}
