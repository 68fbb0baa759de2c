/**
 * The build-time check that a packet is consumed exactly once on every path.
 *
 * A branch that consumes a packet which its other arm keeps ends there: control goes to the end of the element.
 * What follows the branch then runs only for packets still in hand.
 */
import { callerPlace, type FlowArm, type FlowObserver, type FunctionBuilder } from "@clickos/codegen";
import type { Packet, PacketOwner } from "./packet.ts";

/** Lists of them do not change either: what is saved is the list. */
interface Entry {
  readonly packet: Packet;
  readonly consumed: string | undefined;
}

/** A mistake in an element's definition: it loses a packet or uses one it no longer has. */
export class ElementDefinitionError extends Error {
  override readonly name = "ElementDefinitionError";
  readonly code = "PACKET_OWNERSHIP";
}

/** Checks one element's code; `exit` adds the jump to the element's end. */
export class Ownership implements FlowObserver, PacketOwner {
  private entries: readonly Entry[] = [];
  private floors: number[] = [];
  private readonly c: FunctionBuilder;
  private readonly who: string;
  private readonly exit: () => void;

  constructor(c: FunctionBuilder, who: string, exit: () => void) {
    this.c = c;
    this.who = who;
    this.exit = exit;
  }

  add(packet: Packet): void {
    this.entries = [...this.entries, { packet, consumed: undefined }];
  }
  isLive(packet: Packet): boolean {
    const entry = this.entries.find((e) => e.packet === packet);
    return entry !== undefined && entry.consumed === undefined;
  }

  use(packet: Packet): void {
    const entry = this.find(packet);
    if (entry.consumed && this.c.reachable) throw this.error(`uses a packet after it was ${entry.consumed}`);
  }

  consume(packet: Packet, how: string): void {
    const index = this.entries.findIndex((e) => e.packet === packet);
    this.find(packet);
    const entry = this.entries[index] as Entry;
    if (entry.consumed && this.c.reachable) throw this.error(`a packet is ${how} after it was ${entry.consumed}`);
    if (index < (this.floors.at(-1) ?? 0))
      throw this.error(`a packet from outside a loop is ${how} inside it, where it could happen twice`);
    this.entries = this.entries.map((e) => (e === entry ? { packet, consumed: how } : e));
  }

  /** Runs code that is given a packet of its own and must consume it. */
  scope(packet: Packet, body: () => void): void {
    this.add(packet);
    body();
    const entry = this.find(packet);
    if (!entry.consumed && this.c.reachable)
      throw this.error("loses a packet: a path ends with it neither pushed, stored nor killed");
    this.entries = this.entries.filter((e) => e !== entry);
  }

  /** The element's code is done: nothing may be left. */
  finish(): void {
    if (this.c.reachable && this.entries.some((e) => !e.consumed))
      throw this.error("loses a packet: a path ends with it neither pushed, stored nor killed");
  }

  save(): unknown {
    return this.entries;
  }
  restore(state: unknown): void {
    this.entries = state as readonly Entry[];
  }

  join(before: unknown, arms: readonly FlowArm[]): void {
    const base = before as readonly Entry[];
    // Most branches consume nothing.
    if (arms.every((arm) => arm.state === base)) {
      this.entries = base;
      return;
    }
    const live = arms.filter((arm) => arm.reachable);
    const states = live.map((arm) => arm.state as Entry[]);
    const kept = base.map(
      (entry, i) =>
        entry.consumed ??
        (states.length > 0 && states.every((s) => s[i]?.consumed) ? states[0]?.[i]?.consumed : undefined),
    );
    live.forEach((arm, a) => {
      const state = states[a] as Entry[];
      if (state.some((e) => !e.consumed && !base.some((b) => b.packet === e.packet)))
        throw this.error("loses a packet at the end of a branch");
      const ends = base.some((_, i) => state[i]?.consumed && !kept[i]);
      if (!ends) return;
      if (state.some((e) => !e.consumed))
        throw this.error(
          "one branch consumes a packet while another packet is still in hand; consume both, or neither, there",
        );
      arm.append(() => this.exit());
    });
    this.entries = base.map((entry, i) => ({ packet: entry.packet, consumed: kept[i] }));
  }

  enterLoop(): { leave(bodyReachable: boolean): void } {
    const floor = this.entries.length;
    this.floors.push(floor);
    return {
      leave: (reachable) => {
        this.floors.pop();
        if (reachable && this.entries.slice(floor).some((e) => !e.consumed))
          throw this.error("loses a packet at the end of a loop");
        this.entries = this.entries.slice(0, floor);
      },
    };
  }

  jump(kind: "break" | "continue" | "return"): void {
    const floor = kind === "return" ? 0 : (this.floors.at(-1) ?? 0);
    if (this.entries.slice(floor).some((e) => !e.consumed)) throw this.error(`loses a packet at a ${kind}`);
  }

  private find(packet: Packet): Entry {
    for (const entry of this.entries) if (entry.packet === packet) return entry;
    throw this.error("uses a packet outside the block it was given to");
  }

  private error(message: string): ElementDefinitionError {
    const place = callerPlace(import.meta.url);
    return new ElementDefinitionError(`${this.who}: ${message}${place ? ` (at ${place})` : ""}`);
  }
}
