/**
 * Delivery: how an event gets from a port to the bits that its receiver looks at. Everything here is in shared memory
 * and changed with Atomics, so that a domain on one thread can send to a domain on another.
 *
 * Channels of a domain: 32 bytes a port, in memory of the hypervisor's that no guest sees. The first, which is no port's, says how
 * many of them were ever used.
 */
import { type EventWords, twoLevels } from "./layout.ts";

/** Words of a channel: state in the low half and remote domain in the high half; remote port, virq or vCPU; counts. */
export const channel = { state: 0, target: 1, sent: 2, coalesced: 3, masked: 4, words: 8 } as const;
/** Word of the first channel: the highest port that was ever open. */
export const highestPort = 1;

/** Values of a channel's state. */
export const channelState = { closed: 0, unbound: 1, interdomain: 2, virq: 3, ipi: 4 } as const;

/** What is needed to deliver to a domain, on whatever thread. */
export interface EventEndpoint {
  readonly id: number;
  /** `shared_info`, as words; or what a domain with three levels has instead. */
  readonly sharedInfo: Int32Array;
  /** Where in it events are. */
  readonly at: EventWords;
  /** The domain's channels, as words. */
  readonly channels: Int32Array;
  /** Called when the domain has something new to look at. */
  wake(): void;
}

/** Sets the selector bit and the upcall flag; wakes the domain when the flag was not set. */
export function select(to: EventEndpoint, port: number): void {
  const { sharedInfo: words, at } = to;
  // The selector has a bit for each 64-bit word of ports.
  const group = port >> 6;
  Atomics.or(words, at.selector + (group >> 5), 1 << (group & 31));
  if (at.summary !== undefined) Atomics.or(words, at.summary + (group >> 10), 1 << ((group >> 5) & 31));
  if ((Atomics.or(words, at.upcall, 1) & 1) === 0) to.wake();
}

/** Makes an event pending at a port; an edge: one that is pending already stays one. */
export function deliver(to: EventEndpoint, port: number): void {
  const { sharedInfo: words, channels } = to;
  const bit = 1 << (port & 31);
  const own = port * channel.words;
  Atomics.add(channels, own + channel.sent, 1);
  if (Atomics.or(words, to.at.pending + (port >> 5), bit) & bit) {
    Atomics.add(channels, own + channel.coalesced, 1);
    return;
  }
  if (Atomics.load(words, to.at.mask + (port >> 5)) & bit) {
    Atomics.add(channels, own + channel.masked, 1);
    return;
  }
  select(to, port);
}

/**
 * `EVTCHNOP_send` as any thread can do it: `find` gives the domains that the thread knows. False when the port leads
 * nowhere.
 */
export function sendEvent(from: EventEndpoint, port: number, find: (id: number) => EventEndpoint | undefined): boolean {
  const at = port * channel.words;
  if (!(port > 0 && at < from.channels.length)) return false;
  const word = Atomics.load(from.channels, at);
  const state = word & 0xffff;
  if (state === channelState.ipi) {
    deliver(from, port);
    return true;
  }
  if (state !== channelState.interdomain) return false;
  const remotePort = Atomics.load(from.channels, at + channel.target);
  const remote = find(word >>> 16);
  if (!remote || !(remotePort > 0 && remotePort * channel.words < remote.channels.length)) return false;
  deliver(remote, remotePort);
  return true;
}

/** The highest port that a domain has ever opened; 0 before it has any. */
export function highestPortOf({ channels }: EventEndpoint): number {
  return Atomics.load(channels, highestPort);
}

/** Raises a virtual interrupt, if the domain has bound it. */
export function raiseVirq(to: EventEndpoint, virq: number): void {
  const { channels } = to;
  const end = (highestPortOf(to) + 1) * channel.words;
  for (let at: number = channel.words; at < end; at += channel.words)
    if (
      (Atomics.load(channels, at) & 0xffff) === channelState.virq &&
      Atomics.load(channels, at + channel.target) === virq
    )
      deliver(to, at / channel.words);
}

/**
 * Clears and returns the ports with pending unmasked events, lowest first, as an upcall handler does. While the
 * domain masks its upcall nothing is taken: the bits stay.
 */
export function takePending(words: Int32Array, at: EventWords = twoLevels): number[] {
  const ports: number[] = [];
  if (Atomics.load(words, at.upcall) & 0xff00) return ports;
  Atomics.and(words, at.upcall, ~0xff);
  const selectors = at.ports >> 11;
  if (at.summary === undefined) for (let s = 0; s < selectors; s++) takeSelected(words, at, s, ports);
  // A level's bit is taken before what is below it is looked at: who sets bits goes the other way.
  else
    for (let w = 0; w * 32 < selectors; w++)
      for (let rest = Atomics.exchange(words, at.summary + w, 0); rest !== 0; rest &= rest - 1)
        takeSelected(words, at, w * 32 + lowest(rest), ports);
  return ports;
}

/** Takes the events of a word of the selector: of 2,048 ports. */
function takeSelected(words: Int32Array, at: EventWords, selector: number, ports: number[]): void {
  for (let rest = Atomics.exchange(words, at.selector + selector, 0); rest !== 0; rest &= rest - 1) {
    const group = selector * 32 + lowest(rest);
    for (let w = group * 2; w < group * 2 + 2; w++) {
      const mask = Atomics.load(words, at.mask + w);
      const bits = Atomics.and(words, at.pending + w, mask) & ~mask;
      for (let b = bits; b !== 0; b &= b - 1) ports.push(w * 32 + lowest(b));
    }
  }
}

/** The number of the lowest bit. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
