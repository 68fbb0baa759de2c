/** The switch: takes batches from its ports, looks each frame up, delivers to each port once a batch. */
import { type LoopSource, Wakers } from "@clickos/run-loop";
import { AttachedPort } from "./attached-port.ts";
import { Forwarding } from "./forwarding.ts";
import { AddressError, type Lookup, learningBridge } from "./lookup.ts";
import { createMemoryPort, type MemoryPort } from "./memory-port.ts";
import { maximumPorts, type Port } from "./port.ts";
import type { PortStats } from "./port-counters.ts";
import { featuresOf, type PortFeatures, type PortOptions } from "./port-options.ts";
import { SwitchError } from "./switch-error.ts";

export interface SwitchStats {
  readonly ports: Readonly<Record<string, PortStats>>;
  /**
   * Frames with nowhere to go: their port is the one they came from, they are too short to have addresses, or nobody
   * else is there who gets frames of their kind.
   */
  readonly drops: { readonly hairpin: number; readonly runt: number; readonly nobody: number };
}

/** As a source of a run loop, it is idle when its ports have nothing, if all of them can tell when they have (`onReady`). */
export interface ValeSwitch extends LoopSource {
  readonly name: string;
  /** What says where frames go. */
  readonly lookup: Lookup;
  /** Whether frames are looked up by their addresses, so that ports can have rules. */
  readonly byAddress: boolean;
  /** Attaches a port; a name makes a memory port. @throws {SwitchError} */
  attach(name: string, options?: PortOptions): MemoryPort;
  attach<P extends Port>(port: P, options?: PortOptions): P;
  detach(port: Port): void;
  /**
   * Ends what others do in the rings of a port, as a device that uses its buffers does: what stands there is for who has attached the
   * port to take, until the switch has its next turn. @throws {SwitchError}
   */
  settle(port: Port): void;
  /**
   * Puts a port in the place of one of the same name, which leaves: rules, counters and what was learned there stay.
   *
   * @throws {SwitchError}
   */
  replace(former: Port, next: Port): void;
  /**
   * Moves one batch from each port; how many frames entered. A port that has found only bad frames so far counts as
   * one, so that whoever goes on until nothing moves comes to its good ones.
   */
  forward(): number;
  turn(): "idle" | "more" | "polling";
  onWake(listener: () => void): () => void;
  readonly stats: SwitchStats;
}

export interface SwitchOptions {
  /** `vale0` by default. */
  readonly name?: string;
  /** Where frames go; a learning bridge by default. */
  readonly lookup?: Lookup;
  /**
   * Whether it has VLANs, IEEE 802.1Q: each port is in some (`PortOptions.vlans`), frames stay in theirs, and addresses are learned in
   * each VLAN by itself. Otherwise tags are a part of frames like any other.
   */
  readonly vlans?: boolean;
  /** Milliseconds, for limits of rates. */
  now?(): number;
}

/** @throws {SwitchError} */
export function createSwitch(options: SwitchOptions = {}): ValeSwitch {
  const lookup = options.lookup ?? learningBridge();
  const { vlans = false, now = () => performance.now() } = options;
  if (vlans && !lookup.lookupInVlan)
    throw new SwitchError(
      "NO_VLANS",
      `a switch with ${lookup.name} lookup cannot have VLANs: it looks no frame up in one`,
    );
  const forwarding = new Forwarding(lookup, { now, vlans });
  const { ports } = forwarding;
  const wakers = new Wakers();
  /** By port: ends its calls. */
  const deaf: ((() => void) | undefined)[] = [];
  /** Ports that cannot tell when they have frames. */
  let polled = 0;
  const byName = new Map<string, number>();
  /** No port below it is free. */
  let free = 0;

  const attach = (port: Port, rules: PortOptions, features: PortFeatures): void => {
    if (byName.has(port.name)) throw new SwitchError("NAME_TAKEN", `a port named '${port.name}' is attached already`);
    let index = free;
    while (ports[index]) index++;
    free = index;
    if (index >= maximumPorts) throw new SwitchError("TOO_MANY_PORTS", `a switch has at most ${maximumPorts} ports`);
    try {
      lookup.admit?.(index, rules, rules.addresses && features.vlans?.vids);
    } catch (e) {
      throw e instanceof AddressError ? new SwitchError(e.code, e.message) : e;
    }
    lookup.enter?.(index, port.name);
    listen(index, port);
    forwarding.attach(index, new AttachedPort(port, features));
    byName.set(port.name, index);
    // It may have frames already.
    wakers.wake();
  };

  const indexOf = (port: Port): number => {
    const index = byName.get(port.name) ?? -1;
    if (ports[index]?.port !== port) throw new SwitchError("NOT_ATTACHED", `port '${port.name}' is not attached`);
    return index;
  };
  const listen = (index: number, port: Port): void => {
    deaf[index] = port.onReady?.(() => {
      forwarding.ready.add(index);
      wakers.wake();
    });
    if (!deaf[index]) polled++;
  };
  const ignore = (index: number): void => {
    if (deaf[index]) deaf[index]();
    else polled--;
  };

  return {
    name: options.name ?? "vale0",
    lookup,
    byAddress: lookup.admit !== undefined,
    attach(given: string | Port, options: PortOptions = {}) {
      const features = featuresOf(typeof given === "string" ? given : given.name, options, lookup, vlans);
      const port = typeof given === "string" ? createMemoryPort(given, options) : given;
      attach(port, options, features);
      return port as never;
    },
    detach(port) {
      const index = indexOf(port);
      forwarding.detach(index);
      byName.delete(port.name);
      free = Math.min(free, index);
      ignore(index);
      lookup.forget?.(index);
      port.detached?.();
    },
    settle: (port) => ports[indexOf(port)]?.loan?.end(),
    replace(former, next) {
      const index = indexOf(former);
      if (next.name !== former.name)
        throw new SwitchError("NOT_ATTACHED", `port '${next.name}' cannot take the place of '${former.name}'`);
      ignore(index);
      listen(index, next);
      forwarding.replace(index, next);
      former.detached?.();
      wakers.wake();
    },
    forward: () => forwarding.forward(),
    turn: () => (forwarding.forward() > 0 ? "more" : polled > 0 ? "polling" : "idle"),
    get wakesIn() {
      let first: bigint | undefined;
      // One that has to wait is asked in each turn: it is among those that may have frames.
      for (const ready of forwarding.ready.all)
        for (let p = ready.next(0); p >= 0; p = ready.next(p + 1)) {
          const next = ports[p]?.port.readyIn;
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
