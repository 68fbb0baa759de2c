/**
 * Delivery: how an event gets from a port to the bits that its receiver looks at. Everything here is in shared memory
 * and changed with Atomics, so that a domain on one thread can send to a domain on another.
 *
 * Channels of a domain: 32 bytes a port, in memory of the hypervisor's that no guest sees.
 */
import { sharedInfo, vcpuInfo } from "./layout.ts";

/** Words of a channel: state in the low half and remote domain in the high half; remote port, virq or vCPU; counts. */
export const channel = { state: 0, target: 1, sent: 2, coalesced: 3, masked: 4, words: 8 } as const;

/** Values of a channel's state. */
export const channelState = { closed: 0, unbound: 1, interdomain: 2, virq: 3, ipi: 4 } as const;

/** What is needed to deliver to a domain, on whatever thread. */
export interface EventEndpoint {
  readonly id: number;
  /** `shared_info`, as words. */
  readonly sharedInfo: Int32Array;
  /** The domain's channels, as words. */
  readonly channels: Int32Array;
  /** Called when the domain has something new to look at. */
  wake(): void;
}

export const pendingWord: number = sharedInfo.offsets.evtchnPending >> 2;
export const maskWord: number = sharedInfo.offsets.evtchnMask >> 2;
export const selectorWord: number = vcpuInfo.offsets.pendingSel >> 2;

/** Sets the selector bit and the upcall flag; wakes the domain when the flag was not set. */
export function select(to: EventEndpoint, port: number): void {
  const words = to.sharedInfo;
  // pending_sel has a bit for each 64-bit word of ports.
  const group = port >> 6;
  Atomics.or(words, selectorWord + (group >> 5), 1 << (group & 31));
  if ((Atomics.or(words, 0, 1) & 1) === 0) to.wake();
}

/** Makes an event pending at a port; an edge: one that is pending already stays one. */
export function deliver(to: EventEndpoint, port: number): void {
  const { sharedInfo: words, channels } = to;
  const bit = 1 << (port & 31);
  const at = port * channel.words;
  Atomics.add(channels, at + channel.sent, 1);
  if (Atomics.or(words, pendingWord + (port >> 5), bit) & bit) {
    Atomics.add(channels, at + channel.coalesced, 1);
    return;
  }
  if (Atomics.load(words, maskWord + (port >> 5)) & bit) {
    Atomics.add(channels, at + channel.masked, 1);
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

/** Raises a virtual interrupt, if the domain has bound it. */
export function raiseVirq(to: EventEndpoint, virq: number): void {
  const { channels } = to;
  for (let at: number = channel.words; at < channels.length; at += channel.words)
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
export function takePending(words: Int32Array): number[] {
  const ports: number[] = [];
  if (Atomics.load(words, 0) & 0xff00) return ports;
  Atomics.and(words, 0, ~0xff);
  for (let half = 0; half < 2; half++) {
    const selected = Atomics.exchange(words, selectorWord + half, 0);
    for (let rest = selected; rest !== 0; rest &= rest - 1) {
      const group = half * 32 + (31 - Math.clz32(rest & -rest));
      for (let w = group * 2; w < group * 2 + 2; w++) {
        const mask = Atomics.load(words, maskWord + w);
        const bits = Atomics.and(words, pendingWord + w, mask) & ~mask;
        for (let b = bits; b !== 0; b &= b - 1) ports.push(w * 32 + (31 - Math.clz32(b & -b)));
      }
    }
  }
  return ports;
}
