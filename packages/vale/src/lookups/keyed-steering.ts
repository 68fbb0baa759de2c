/**
 * Sends the frames of each key (a flow, a source, a subscriber, a VLAN) to a port of its own. A key that has none yet is a miss: its frames
 * wait, in order, until whoever was told of the miss says to which port they go, or that they go to none.
 *
 * ```
 *   frame ─▶ key ─▶ ready:   its port                      point(place, ports)
 *                   waiting: held ──────────────────────▶ sent to its port, then ready
 *                   refused: dropped, counted              refuse(place)
 *                   none:    held, `onMiss(place)`
 * ```
 *
 * Every frame that is steered is counted once, under one of `SteeringStats`. O(1) a frame, and nothing is allocated for one that is not held.
 */
import type { FrameBatch } from "../frame-batch.ts";
import { dropped, taken } from "../lookup-result.ts";
import type { Port } from "../port.ts";
import { type FrameKey, type FrameKeyKind, FrameKeyReader, frameKeyOf, keyWords } from "./frame-key.ts";
import { HeldFrames } from "./held-frames.ts";
import { KeyIndex } from "./key-index.ts";
import { type Steering, undecided } from "./steered-lookup.ts";

export interface KeyedSteeringOptions {
  readonly name: string;
  readonly per: FrameKeyKind;
  /** Names of the ports whose frames are steered; by default all but those that frames are steered to. */
  readonly ports?: readonly string[] | undefined;
  /** Keys at most, those that wait or are refused among them. */
  readonly keys: number;
  /** Frames that wait at most, and of one key. */
  readonly held: number;
  readonly heldOfKey: number;
  /** A key has come that has no port. It is called while the switch forwards: ports come and go later. */
  onMiss(place: number): void;
  /** A port has left that a key's frames went to. The key is gone, and with it the frames that waited. */
  onLost(place: number): void;
}

/** Frames by what became of them. */
export interface SteeringStats {
  /** Sent to the port of their key as they came. */
  readonly steered: number;
  /** Kept until there was a port, and sent there since: those that are not wait. */
  readonly held: number;
  readonly released: number;
  /** Dropped, because so many frames wait already. */
  readonly queueFull: number;
  /** Dropped, because so many keys are known already. */
  readonly tooManyKeys: number;
  /** Dropped, because their key was refused: those that had waited, and those that came since. */
  readonly refused: number;
  /** Those that had waited when their port left. */
  readonly lost: number;
}

const state = { free: 0, waiting: 1, sending: 2, ready: 3, refused: 4 } as const;
const noPort = -1;

export class KeyedSteering {
  /** Sends what was held on: a port of the switch of `first`, attached with `flood: false`. */
  readonly holder: Port;
  /** Of the switch where frames come from that make misses: they go to the first port of their key. */
  readonly first: Steering;
  private readonly options: KeyedSteeringOptions;
  private readonly index: KeyIndex;
  private readonly states: Uint8Array;
  /** Whether frames went to a place, or came from its ports, since somebody asked. */
  private readonly used: Uint8Array;
  private readonly heldFrames: HeldFrames;
  private readonly sides: Side[] = [];
  private readonly counts = { steered: 0, held: 0, released: 0, queueFull: 0, tooManyKeys: 0, refused: 0, lost: 0 };

  constructor(options: KeyedSteeringOptions) {
    const { keys, name, held, heldOfKey } = options;
    this.options = options;
    this.index = new KeyIndex(keys);
    this.states = new Uint8Array(keys);
    this.used = new Uint8Array(keys);
    this.heldFrames = new HeldFrames(`.held-${name}`, held, heldOfKey, (place) => {
      if (this.states[place] === state.sending) this.states[place] = state.ready;
    });
    this.holder = this.heldFrames;
    this.first = this.side(0, new FrameKeyReader(options.per), options.ports);
  }

  /**
   * Of another switch: frames that are sent back, whose key is known with source and destination in each other's place, go to the key's
   * port there. There are no misses.
   */
  back(): Steering {
    return this.side(this.sides.length, new FrameKeyReader(this.options.per, true), undefined);
  }

  /**
   * Frames of a key go to these ports, by name: those at the switch of `first`, then those at the switches of `back`, in their order. The
   * first of each gets the frames; what the others send is not steered either.
   */
  point(place: number, ports: readonly (readonly string[])[]): void {
    for (const [i, side] of this.sides.entries()) side.point(place, ports[i] ?? []);
    this.states[place] = state.sending;
    this.used[place] = 1;
    this.heldFrames.letGo(place);
  }
  /** Frames of a key go nowhere, until it is forgotten. */
  refuse(place: number): void {
    for (const side of this.sides) side.unpoint(place);
    this.states[place] = state.refused;
    this.counts.refused += this.heldFrames.drop(place);
  }
  /** The key is not known any more. A frame of it that comes is a miss. */
  forget(place: number): void {
    if (this.states[place] === state.free) return;
    for (const side of this.sides) side.unpoint(place);
    this.counts.lost += this.heldFrames.drop(place);
    this.states[place] = state.free;
    this.index.delete(place);
  }
  /** Whether frames went to or came from the ports of a place since this was asked last. */
  takeUsed(place: number): boolean {
    const was = this.used[place] === 1;
    this.used[place] = 0;
    return was;
  }
  keyOf(place: number): FrameKey {
    return frameKeyOf(this.options.per, this.index.keyOf(place));
  }
  /** Keys that are known. */
  get keys(): number {
    return this.index.count;
  }
  get stats(): SteeringStats & { readonly waiting: number } {
    return { ...this.counts, waiting: this.heldFrames.count };
  }

  private side(number: number, reader: FrameKeyReader, ports: readonly string[] | undefined): Side {
    const { index, states, used, heldFrames, counts, options } = this;
    const key = new Int32Array(keyWords);
    const missed = (batch: FrameBatch, i: number): number => {
      const place = index.add(key);
      if (place < 0) {
        counts.tooManyKeys++;
        return dropped;
      }
      if (!heldFrames.add(place, batch, i)) {
        index.delete(place);
        counts.queueFull++;
        return dropped;
      }
      counts.held++;
      states[place] = state.waiting;
      options.onMiss(place);
      return taken;
    };
    const side: Side = new Side(options.keys, ports, {
      isHolder: (name) => number === 0 && name === heldFrames.name,
      lost: (place) => {
        if (states[place] === state.free || states[place] === state.refused) return;
        this.forget(place);
        options.onLost(place);
      },
      used: (place) => {
        used[place] = 1;
      },
      sendOn: (i) => {
        const place = heldFrames.placeOf(i);
        const to = side.portOf(place);
        if (to === noPort) {
          counts.lost++;
          return dropped;
        }
        counts.released++;
        return to;
      },
      steer: (batch, i) => {
        if (!reader.read(batch.memory.bytes, batch.offsets[i] as number, batch.lengths[i] as number, key))
          return undecided;
        const place = index.get(key);
        if (place < 0) return number === 0 ? missed(batch, i) : undecided;
        switch (states[place]) {
          case state.ready: {
            const to = side.portOf(place);
            if (to === noPort) return undecided;
            used[place] = 1;
            counts.steered++;
            return to;
          }
          case state.refused:
            if (number > 0) return undecided;
            counts.refused++;
            return dropped;
          default:
            // What waits goes first.
            if (number > 0) return undecided;
            if (!heldFrames.add(place, batch, i)) {
              counts.queueFull++;
              return dropped;
            }
            counts.held++;
            return taken;
        }
      },
    });
    this.sides.push(side);
    return side;
  }
}

/** What happens at one switch. */
interface SideEvents {
  isHolder(name: string): boolean;
  /** The port of a place has left. */
  lost(place: number): void;
  /** A frame came from the port of a place. */
  used(place: number): void;
  /** Where frame `i` of the holder goes. */
  sendOn(i: number): number;
  steer(batch: FrameBatch, i: number): number;
}

/** The ports of keys at one switch. */
class Side implements Steering {
  /** By place: its port. */
  private readonly ports: Int32Array;
  /** Places by their ports; those of places that are forgotten stay, with -1, until the port leaves. */
  private readonly own = new Map<number, number>();
  private readonly byName = new Map<string, number>();
  private readonly names = new Map<number, string>();
  private readonly wanted: ReadonlySet<string> | undefined;
  private readonly events: SideEvents;
  private holder = noPort;

  constructor(places: number, wanted: readonly string[] | undefined, events: SideEvents) {
    this.ports = new Int32Array(places).fill(noPort);
    this.wanted = wanted && new Set(wanted);
    this.events = events;
  }
  portOf(place: number): number {
    return this.ports[place] as number;
  }
  point(place: number, names: readonly string[]): void {
    for (const [i, name] of names.entries()) {
      const port = this.byName.get(name);
      if (port === undefined) continue;
      if (i === 0) this.ports[place] = port;
      this.own.set(port, i === 0 ? place : noPort);
    }
  }
  unpoint(place: number): void {
    const port = this.ports[place] as number;
    if (port === noPort) return;
    this.ports[place] = noPort;
    this.own.set(port, noPort);
  }

  steer(batch: FrameBatch, i: number, ingress: number): number {
    if (this.wanted && !this.wanted.has(this.names.get(ingress) as string)) return undecided;
    return this.events.steer(batch, i);
  }
  owns(port: number): boolean {
    return port === this.holder || this.own.has(port);
  }
  fromOwn(_batch: FrameBatch, i: number, ingress: number): number {
    if (ingress === this.holder) return this.events.sendOn(i);
    const place = this.own.get(ingress) as number;
    if (place !== noPort) this.events.used(place);
    return undecided;
  }
  enter(port: number, name: string): void {
    this.byName.set(name, port);
    this.names.set(port, name);
    if (this.events.isHolder(name)) this.holder = port;
  }
  forget(port: number): void {
    const name = this.names.get(port);
    if (name !== undefined) this.byName.delete(name);
    this.names.delete(port);
    if (port === this.holder) this.holder = noPort;
    const place = this.own.get(port) ?? noPort;
    this.own.delete(port);
    if (place !== noPort) this.events.lost(place);
  }
}
