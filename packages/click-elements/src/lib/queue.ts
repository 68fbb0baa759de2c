/** The elements that store packets; they differ in whom they tell of it, and in where a packet goes when it comes. */
import {
  arg,
  type ElementClass,
  type ElementContext,
  element,
  type HandlerContext,
  type HostPacketRing,
  type Packet,
  packetRing,
  positional,
  type StagedPacketRing,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, StagedField } from "@clickos/codegen";
import { type U32Field, u32 } from "@clickos/layout";
import { mostPackets, Storage } from "./storage.ts";

export interface QueueKind {
  /** Tells tasks downstream when there are packets. */
  readonly empty: boolean;
  /** Tells tasks upstream when there is room. */
  readonly full: boolean;
  /** Other names of the class. */
  readonly aliases?: readonly string[];
  /** Tells tasks downstream with the last packet that there are no more, not after several pulls that found nothing. */
  readonly quick?: boolean;
  /** What is said of who uses it. */
  readonly warning?: string;
  /** Another number of inputs than one. */
  readonly ports?: string;
  /** Where a packet of an input goes; `last` when absent. */
  entry?(port: number): Entry;
}

/**
 * Where a packet goes, and which one has to leave a full queue for that: behind the others, where it leaves itself; before them, where
 * the newest leaves; behind them, where the oldest does.
 */
export type Entry = "last" | "first" | "last for the oldest";

const usualCapacity = 1000;
/** Pulls that find nothing, one after another, before those who pull are told, where that is to be as in Click. */
const patience = 9;

/** What the host asks a queue's code to do. */
interface Asked {
  /** To give all packets away. */
  emptied: number;
  /** To tell tasks upstream that there is room. */
  roomy: number;
  readonly packets: HostPacketRing;
}

export function queueElement(name: string, kind: QueueKind): ElementClass {
  const stays = kind.entry?.(0) === "last for the oldest" ? "newest" : "oldest";
  return element({
    name,
    ...(kind.aliases ? { aliases: kind.aliases } : {}),
    ports: kind.ports ?? "1/1-2",
    processing: "h/lh",
    live: true,
    config: { CAPACITY: positional(arg.u32, usualCapacity) },
    prepare({ warning }) {
      if (kind.warning) warning(kind.warning);
    },
    holds: (config) => Math.min(config.CAPACITY, mostPackets),
    state: ({ config }) => ({
      packets: packetRing(Math.min(config.CAPACITY, mostPackets), stays),
      drops: u32,
      highwater: u32,
      failures: u32,
      emptied: u32,
      roomy: u32,
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
        write: (_s, text, { change }) => change("CAPACITY", text.trim() || String(usualCapacity)),
      },
      drops: { counter: "drops" },
      reset_counts: {
        write: (s) => {
          s.drops = 0;
          s.highwater = s.packets.length;
        },
      },
      reset: {
        write(s: Asked, _value: string, { fire }: HandlerContext<unknown, unknown>) {
          s.emptied = 1;
          fire();
        },
      },
    },
    reconfigured(s: Asked, { config, fire }) {
      if (s.packets.length >= config.CAPACITY) return;
      s.roomy = 1;
      fire();
    },
    notifier: { empty: kind.empty, full: kind.full },
    timer(c, { state, packets, output, emptyNote, fullNote, noutputs }) {
      c.if(state.emptied.get(), () => {
        state.emptied.set(0);
        c.if(state.packets.length(), () => state.roomy.set(1));
        c.while(
          () => state.packets.length(),
          () =>
            packets.take(state.packets.shift(), (packet) => {
              if (noutputs > 1) output(1).push(packet);
              else packet.kill();
            }),
        );
        if (kind.quick) emptyNote.sleep();
      });
      c.if(state.roomy.get(), () => {
        state.roomy.set(0);
        if (kind.full) fullNote.wake();
      });
    },
    push(c, port, packet, context) {
      const entry = kind.entry?.(port) ?? "last";
      enter(
        c,
        packet,
        context,
        entry,
        () => {
          if (context.config.CAPACITY > 0)
            c.if(context.state.drops.get().eqz(), () =>
              context.line().text(`${context.name} :: ${name}: overflow`).end(),
            );
          context.state.drops.inc();
        },
        (length) => {
          const { state, emptyNote, fullNote, exact, config } = context;
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
          if (kind.quick) c.if(length.eq(1), () => emptyNote.sleep());
          packets.take(state.packets.shift(), (packet) => output(0).push(packet));
        },
        () => {
          if (!kind.empty) return;
          if (!exact || kind.quick) emptyNote.sleep();
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

type QueueState = {
  packets: StagedField<StagedPacketRing, unknown>;
  drops: U32Field;
  highwater: U32Field;
  failures: U32Field;
};

/** Stores a packet; `overflow` is done first where one has to leave, and `entered` when the packet is in. */
function enter(
  c: FunctionBuilder,
  packet: Packet,
  {
    state,
    config,
    output,
    packets,
  }: Pick<
    ElementContext<{ readonly CAPACITY: number }, unknown, QueueState>,
    "state" | "config" | "output" | "packets"
  >,
  entry: Entry,
  overflow: () => void,
  entered: (length: I32) => void,
): void {
  const most = Math.min(config.CAPACITY, mostPackets);
  const before = state.packets.length();
  const full = before.geU(most);
  const leave = (left: Packet): void => output(1).push(left, "queue full");
  if (entry === "last" || most === 0)
    c.if(
      full,
      () => {
        overflow();
        leave(packet);
      },
      () => {
        state.packets.append(packet.store());
        entered(before.add(1));
      },
    );
  else if (entry === "last for the oldest") {
    c.if(full, () => {
      overflow();
      packets.take(state.packets.shift(), leave);
    });
    state.packets.append(packet.store());
    entered(state.packets.length());
  } else {
    const left = c.var("i32", 0, "left");
    c.if(full, () => {
      overflow();
      left.set(state.packets.pop());
    });
    state.packets.prepend(packet.store());
    entered(state.packets.length());
    const address = left.get();
    c.if(address, () => packets.take(address, leave));
  }
}
