/** The switch: takes batches from its ports, looks each frame up, delivers to each port once a batch. */
import { type LoopSource, Wakers } from "@clickos/run-loop";
import { AttachedPort } from "./attached-port.ts";
import { Forwarding } from "./forwarding.ts";
import { AddressError, type Lookup, learningBridge, type PortRules } from "./lookup.ts";
import { createMemoryPort, type MemoryPort } from "./memory-port.ts";
import { longestFrame } from "./mtu.ts";
import { maximumPorts, type Port } from "./port.ts";
import type { PortStats } from "./port-counters.ts";

export interface SwitchStats {
  readonly ports: Readonly<Record<string, PortStats>>;
  /**
   * Frames with nowhere to go: their port is the one they came from, they are too short to have addresses, or nobody
   * else is there who gets frames of their kind.
   */
  readonly drops: { readonly hairpin: number; readonly runt: number; readonly nobody: number };
}

export type SwitchErrorCode =
  | "NAME_TAKEN"
  | "TOO_MANY_PORTS"
  | "NOT_ATTACHED"
  | "ADDRESS_TAKEN"
  | "BAD_ADDRESS"
  | "BAD_MTU"
  | "NO_ADDRESSES";

export class SwitchError extends Error {
  override readonly name = "SwitchError";
  readonly code: SwitchErrorCode;
  constructor(code: SwitchErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What holds for one port: its rules for lookups, and how long the frames are that it gets. */
export interface PortOptions extends PortRules {
  /**
   * Bytes behind the Ethernet header, up to 9,000. A port that is given gets no longer frames; a memory port that is made by
   * its name carries those. Without it a port carries what it can by itself, and a memory port 2,032 bytes.
   */
  readonly mtu?: number;
}

/** As a source of a run loop, it is idle when its ports have nothing, if all of them can tell when they have (`onReady`). */
export interface ValeSwitch extends LoopSource {
  readonly name: string;
  /** Whether frames are looked up by their addresses, so that ports can have rules. */
  readonly byAddress: boolean;
  /** Attaches a port; a name makes a memory port. @throws {SwitchError} */
  attach(name: string, options?: PortOptions): MemoryPort;
  attach<P extends Port>(port: P, options?: PortOptions): P;
  detach(port: Port): void;
  /**
   * Moves one batch from each port; how many frames entered. A port that has found only bad frames so far counts as
   * one, so that whoever goes on until nothing moves comes to its good ones.
   */
  forward(): number;
  turn(): "idle" | "more" | "polling";
  onWake(listener: () => void): () => void;
  readonly stats: SwitchStats;
}

/** More than any frame has. */
const unlimited = 0x7fffffff;

/** The longest frame of an MTU that somebody gave. @throws {SwitchError} */
function limitOf(mtu: number | undefined): number {
  if (mtu === undefined) return unlimited;
  try {
    return longestFrame(mtu);
  } catch (e) {
    throw e instanceof RangeError ? new SwitchError("BAD_MTU", e.message) : e;
  }
}

export function createSwitch(options: { name?: string; lookup?: Lookup } = {}): ValeSwitch {
  const lookup = options.lookup ?? learningBridge();
  const forwarding = new Forwarding(lookup);
  const { ports } = forwarding;
  const wakers = new Wakers();
  /** By port: ends its calls. */
  const deaf: ((() => void) | undefined)[] = [];
  /** Ports that cannot tell when they have frames. */
  let polled = 0;

  const attach = (port: Port, rules: PortRules, limit: number): void => {
    if (ports.some((p) => p?.port.name === port.name))
      throw new SwitchError("NAME_TAKEN", `a port named '${port.name}' is attached already`);
    let index = ports.indexOf(undefined);
    if (index < 0) index = ports.length;
    if (index >= maximumPorts) throw new SwitchError("TOO_MANY_PORTS", `a switch has at most ${maximumPorts} ports`);
    if (rules.addresses && !lookup.admit)
      throw new SwitchError("NO_ADDRESSES", `a switch with ${lookup.name} lookup knows no addresses`);
    try {
      lookup.admit?.(index, rules);
    } catch (e) {
      throw e instanceof AddressError ? new SwitchError(e.code, e.message) : e;
    }
    const frameLimit = Math.min(port.frameLimit ?? limit, limit);
    deaf[index] = port.onReady?.(() => {
      forwarding.ready.add(index);
      wakers.wake();
    });
    if (!deaf[index]) polled++;
    forwarding.attach(index, new AttachedPort(port, frameLimit, rules.addresses !== undefined));
    // It may have frames already.
    wakers.wake();
  };

  return {
    name: options.name ?? "vale0",
    byAddress: lookup.admit !== undefined,
    attach(given: string | Port, options: PortOptions = {}) {
      const limit = limitOf(options.mtu);
      const port = typeof given === "string" ? createMemoryPort(given, options) : given;
      attach(port, options, limit);
      return port as never;
    },
    detach(port) {
      const index = ports.findIndex((p) => p?.port === port);
      if (index < 0) throw new SwitchError("NOT_ATTACHED", `port '${port.name}' is not attached`);
      forwarding.detach(index);
      if (deaf[index]) deaf[index]();
      else polled--;
      lookup.forget?.(index);
      port.detached?.();
    },
    forward: () => forwarding.forward(),
    turn: () => (forwarding.forward() > 0 ? "more" : polled > 0 ? "polling" : "idle"),
    get wakesIn() {
      let first: bigint | undefined;
      for (const attached of ports) {
        const next = attached?.port.readyIn;
        if (next !== undefined && (first === undefined || next < first)) first = next;
      }
      return first;
    },
    onWake: (listener) => wakers.add(listener),
    get stats() {
      const named: Record<string, PortStats> = {};
      for (const p of ports) if (p) named[p.port.name] = p.counters.stats;
      return { ports: named, drops: forwarding.drops };
    },
  };
}
