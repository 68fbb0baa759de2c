/** The switch: takes batches from its ports, looks each frame up, delivers to each port once a batch. */
import { type LoopSource, Wakers } from "@clickos/run-loop";
import { batchSize, type FrameBatch } from "./frame-batch.ts";
import {
  AddressError,
  broadcast,
  foreignSource,
  type Lookup,
  learningBridge,
  overLimit,
  type PortRules,
  unknown,
} from "./lookup.ts";
import { createMemoryPort, type MemoryPort } from "./memory-port.ts";
import { longestFrame } from "./mtu.ts";
import { maximumPorts, type Port } from "./port.ts";

export interface PortStats {
  /** Frames and bytes that entered the switch here. */
  readonly inPackets: number;
  readonly inBytes: number;
  /** Frames and bytes that left it here. */
  readonly outPackets: number;
  readonly outBytes: number;
  /** Frames for this port that it had no room for. */
  readonly noRoom: number;
  /** Frames for this port that are longer than its MTU allows. */
  readonly tooLong: number;
  /** Frames that entered here and went no further: their source is not an address of this port. */
  readonly foreignSource: number;
  /** The same: this port has as many addresses as it may, and the lookup drops frames from others. */
  readonly overLimit: number;
}

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

/** Numbers of a port: packets and bytes in, packets and bytes out; frames without room or too long; frames refused. */
const IN_PACKETS = 0;
const IN_BYTES = 1;
const OUT_PACKETS = 2;
const OUT_BYTES = 3;
const NO_ROOM = 4;
const TOO_LONG = 5;
const FOREIGN_SOURCE = 6;
const OVER_LIMIT = 7;
const COUNTERS = 8;

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

/** Batches between two looks at the clock; each takes as long as looking up ten frames. */
const clockBatches = 64;

export function createSwitch(options: { name?: string; lookup?: Lookup } = {}): ValeSwitch {
  const lookup = options.lookup ?? learningBridge();
  const ports: (Port | undefined)[] = [];
  const lists: Int32Array[] = [];
  const wakers = new Wakers();
  const wake = (): void => wakers.wake();
  /** By port: ends its calls of `wake`. */
  const deaf: ((() => void) | undefined)[] = [];
  /** Ports that cannot tell when they have frames. */
  let polled = 0;
  const counts = new Int32Array(maximumPorts);
  const counters = new Float64Array(maximumPorts * COUNTERS);
  /** Ports whose addresses are fixed: they get nothing that is for nobody known. */
  const closed = new Uint8Array(maximumPorts);
  /** By port: the longest frame that goes there. */
  const limits = new Int32Array(maximumPorts);
  /** The longest frame of the batch at hand. */
  let longest = 0;
  /** Those of a list that a port takes. */
  const fitting = new Int32Array(batchSize);
  let hairpin = 0;
  let runt = 0;
  let nobody = 0;
  /** The clock is looked at in the first batch after a turn in which nothing moved, and now and then when much does. */
  let idle = true;
  let sinceClock = 0;

  const inOrder = Int32Array.from({ length: batchSize }, (_, i) => i);
  const add = (port: number, counter: number, n: number): void => {
    counters[port * COUNTERS + counter] = (counters[port * COUNTERS + counter] as number) + n;
  };
  const enqueue = (to: number, i: number): void => {
    const n = counts[to] as number;
    (lists[to] as Int32Array)[n] = i;
    counts[to] = n + 1;
  };
  const bytesOf = (batch: FrameBatch, list: Int32Array, count: number): number => {
    let bytes = 0;
    for (let k = 0; k < count; k++) bytes += batch.lengths[list[k] as number] as number;
    return bytes;
  };
  const deliver = (batch: FrameBatch, to: number, list: Int32Array, count: number, bytes: number): void => {
    if (longest > (limits[to] as number)) {
      deliverFitting(batch, to, list, count);
      return;
    }
    const taken = (ports[to] as Port).deliver(batch, list, count);
    add(to, OUT_PACKETS, taken);
    add(to, OUT_BYTES, taken === count ? bytes : bytesOf(batch, list, taken));
    add(to, NO_ROOM, count - taken);
  };

  /** The same, when frames of the batch are longer than the port's limit: not necessarily any of the list. */
  const deliverFitting = (batch: FrameBatch, to: number, list: Int32Array, count: number): void => {
    let fits = 0;
    for (let k = 0; k < count; k++)
      if ((batch.lengths[list[k] as number] as number) <= (limits[to] as number)) fitting[fits++] = list[k] as number;
    const taken = fits > 0 ? (ports[to] as Port).deliver(batch, fitting, fits) : 0;
    add(to, OUT_PACKETS, taken);
    add(to, OUT_BYTES, bytesOf(batch, fitting, taken));
    add(to, NO_ROOM, fits - taken);
    add(to, TOO_LONG, count - fits);
  };

  /** One batch of one port. */
  const forwardBatch = (batch: FrameBatch, ingress: number): void => {
    const n = batch.count;
    const last = ports.length;
    let bytes = 0;
    let most = 0;
    for (let i = 0; i < n; i++) {
      const length = batch.lengths[i] as number;
      bytes += length;
      if (length > most) most = length;
    }
    longest = most;
    batch.addressed = false;
    add(ingress, IN_PACKETS, n);
    add(ingress, IN_BYTES, bytes);
    const whole = lookup.whole?.(ingress);
    if (whole !== undefined) {
      if (whole >= 0 && whole < last && ports[whole]) deliver(batch, whole, inOrder, n, bytes);
      else hairpin += n;
      return;
    }
    if (idle || ++sinceClock >= clockBatches) {
      idle = false;
      sinceClock = 0;
      lookup.begin?.();
    }
    for (let i = 0; i < n; i++) {
      if ((batch.lengths[i] as number) < 14) {
        runt++;
        continue;
      }
      const to = lookup.lookup(batch, i, ingress);
      if (to >= 0 && to < last && ports[to]) enqueue(to, i);
      else if (to === broadcast || to === unknown) {
        let copies = 0;
        for (let p = 0; p < last; p++) {
          if (p === ingress || !ports[p] || (to === unknown && closed[p] === 1)) continue;
          enqueue(p, i);
          copies++;
        }
        if (copies === 0) nobody++;
      } else if (to === foreignSource) add(ingress, FOREIGN_SOURCE, 1);
      else if (to === overLimit) add(ingress, OVER_LIMIT, 1);
      else hairpin++;
    }
    for (let p = 0; p < last; p++) {
      const count = counts[p] as number;
      if (count === 0) continue;
      counts[p] = 0;
      const list = lists[p] as Int32Array;
      deliver(batch, p, list, count, count === n ? bytes : bytesOf(batch, list, count));
    }
  };

  const attach = (port: Port, rules: PortRules, limit: number): void => {
    if (ports.some((p) => p?.name === port.name))
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
    closed[index] = rules.addresses ? 1 : 0;
    limits[index] = Math.min(port.frameLimit ?? limit, limit);
    ports[index] = port;
    deaf[index] = port.onReady?.(wake);
    if (!deaf[index]) polled++;
    // It may have frames already.
    wake();
    lists[index] ??= new Int32Array(batchSize);
    counters.fill(0, index * COUNTERS, (index + 1) * COUNTERS);
  };

  const forward = (): number => {
    let moved = 0;
    const last = ports.length;
    for (let p = 0; p < last; p++) {
      const port = ports[p];
      const batch = port?.poll();
      if (!port || !batch) continue;
      if (batch.count > 0) forwardBatch(batch, p);
      moved += batch.count || 1;
      port.release();
    }
    if (moved === 0) idle = true;
    else for (let p = 0; p < last; p++) ports[p]?.flush();
    return moved;
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
      const index = ports.indexOf(port);
      if (index < 0) throw new SwitchError("NOT_ATTACHED", `port '${port.name}' is not attached`);
      ports[index] = undefined;
      if (deaf[index]) deaf[index]();
      else polled--;
      lookup.forget?.(index);
      port.detached?.();
    },
    forward,
    turn: () => (forward() > 0 ? "more" : polled > 0 ? "polling" : "idle"),
    get wakesIn() {
      let first: bigint | undefined;
      for (const port of ports) {
        const next = port?.readyIn;
        if (next !== undefined && (first === undefined || next < first)) first = next;
      }
      return first;
    },
    onWake: (listener) => wakers.add(listener),
    get stats() {
      const named: Record<string, PortStats> = {};
      ports.forEach((port, p) => {
        if (!port) return;
        const at = (k: number): number => counters[p * COUNTERS + k] as number;
        named[port.name] = {
          inPackets: at(IN_PACKETS),
          inBytes: at(IN_BYTES),
          outPackets: at(OUT_PACKETS),
          outBytes: at(OUT_BYTES),
          noRoom: at(NO_ROOM),
          tooLong: at(TOO_LONG),
          foreignSource: at(FOREIGN_SOURCE),
          overLimit: at(OVER_LIMIT),
        };
      });
      return { ports: named, drops: { hairpin, runt, nobody } };
    },
  };
}
