/** Event channels: one-bit notifications between domains, edge-triggered until the receiver clears the bit. */
import {
  channel,
  channelState,
  deliver,
  type EventEndpoint,
  highestPort,
  highestPortOf,
  raiseVirq,
  select,
  sendEvent,
  takePending,
} from "./delivery.ts";
import { type EventWords, twoLevels } from "./layout.ts";

declare const brand: unique symbol;
/** An event-channel port of one domain. */
export type EvtchnPort = number & { readonly [brand]?: "EvtchnPort" };
export type DomId = number;

/** Virtual interrupts, xen/include/public/xen.h. */
export const virq = { timer: 0, debug: 1, console: 2, domExc: 3 } as const;

/** What the channels need of a domain. */
export interface EventDomain {
  readonly id: DomId;
  /** The page with `shared_info` at `offset`; for a domain with three levels, the memory for its `words`. */
  readonly sharedInfo: { readonly buffer: ArrayBufferLike; readonly offset: number };
  /** Where events are in it; `twoLevels` when absent. */
  readonly words?: EventWords;
  /** Channels that the domain may have; all 4095 of the 2-level layout when absent, all of `words`. */
  readonly portLimit?: number;
  /** Zeros for the channels, 32 bytes for each port and 32 more; made when absent. */
  readonly channels?: Int32Array;
  /** Called when the domain has something new to look at. */
  wake(): void;
}

export type ChannelStatus =
  | { readonly state: "closed" }
  | { readonly state: "unbound"; readonly remote: DomId }
  | { readonly state: "interdomain"; readonly remote: DomId; readonly remotePort: EvtchnPort }
  | { readonly state: "virq"; readonly virq: number }
  | { readonly state: "ipi"; readonly vcpu: number };

/** What has come in at a port since it was bound. */
export interface PortStatistics {
  /** Events sent to it. */
  readonly sent: number;
  /** Events that found one pending already: the receiver sees them as one. */
  readonly coalesced: number;
  /** Events that came while the port was masked. */
  readonly masked: number;
}

export type EventErrorCode = "NO_DOMAIN" | "NO_PORT" | "NOT_UNBOUND" | "NO_SPACE";

/** A misuse of the interface by its caller. */
export class EventError extends Error {
  override readonly name = "EventError";
  readonly code: EventErrorCode;
  constructor(code: EventErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

interface State extends EventEndpoint {
  readonly domain: EventDomain;
  /** Ports that are not closed. */
  open: number;
  next: number;
}

export interface EventChannels {
  /** Makes a domain known. What it returns is all that another thread needs to deliver to the domain. */
  attach(domain: EventDomain): EventEndpoint;
  endpoint(id: DomId): EventEndpoint | undefined;
  /** Closes all of a domain's channels and forgets it. */
  detach(id: DomId): void;
  /** `EVTCHNOP_alloc_unbound`: a port that `remote` may bind to. */
  allocUnbound(id: DomId, remote: DomId): EvtchnPort;
  /** `EVTCHNOP_bind_interdomain`: connects to an unbound port of another domain. */
  bindInterdomain(id: DomId, remote: DomId, remotePort: EvtchnPort): EvtchnPort;
  /** `EVTCHNOP_bind_virq`. */
  bindVirq(id: DomId, virq: number): EvtchnPort;
  /** `EVTCHNOP_bind_ipi`: what is sent to the port comes in at it. */
  bindIpi(id: DomId, vcpu: number): EvtchnPort;
  /** `EVTCHNOP_reset`: closes all of a domain's channels. */
  reset(id: DomId): void;
  statistics(id: DomId, port: EvtchnPort): PortStatistics;
  /** `EVTCHNOP_send`: sets the bit at the other end. False when the port leads nowhere. */
  send(id: DomId, port: EvtchnPort): boolean;
  /** Raises a virtual interrupt, if the domain has bound it. */
  raise(id: DomId, virq: number): void;
  mask(id: DomId, port: EvtchnPort): void;
  /** `EVTCHNOP_unmask`: a bit that came while masked is delivered now. */
  unmask(id: DomId, port: EvtchnPort): void;
  /** `EVTCHNOP_close`: the other end becomes unbound. */
  close(id: DomId, port: EvtchnPort): void;
  /** `EVTCHNOP_status`. */
  status(id: DomId, port: EvtchnPort): ChannelStatus;
  /**
   * Clears and returns the ports with pending unmasked events, lowest first; for domains written in TypeScript.
   * None while the domain masks its upcall.
   */
  takePending(id: DomId): EvtchnPort[];
}

export function createEventChannels(): EventChannels {
  const domains = new Map<DomId, State>();

  const state = (id: DomId): State => {
    const s = domains.get(id);
    if (!s) throw new EventError("NO_DOMAIN", `domain ${id} is not attached`);
    return s;
  };
  const at = (port: number): number => port * channel.words;
  const word = (s: State, port: number): number =>
    Number.isInteger(port) && port > 0 && at(port) < s.channels.length ? Atomics.load(s.channels, at(port)) : 0;
  /** The target is written before the state: a sender on another thread that sees the state sees the target. */
  const set = (s: State, port: EvtchnPort, state: number, remote: DomId, target: number): void => {
    Atomics.store(s.channels, at(port) + channel.target, target);
    Atomics.store(s.channels, at(port), state | (remote << 16));
  };
  const bound = (s: State, port: EvtchnPort): void => {
    if ((word(s, port) & 0xffff) === channelState.closed)
      throw new EventError("NO_PORT", `domain ${s.id} has no event channel ${port}`);
  };
  const allocate = (s: State): EvtchnPort => {
    const last = s.channels.length / channel.words - 1;
    if (s.open >= last)
      throw new EventError("NO_SPACE", `domain ${s.id} has no free event channel: ${last} are the most`);
    let port = s.next;
    while ((word(s, port) & 0xffff) !== channelState.closed) port = port >= last ? 1 : port + 1;
    s.next = port >= last ? 1 : port + 1;
    s.open++;
    if (port > highestPortOf(s)) Atomics.store(s.channels, highestPort, port);
    clear(s, port);
    for (const count of [channel.sent, channel.coalesced, channel.masked])
      Atomics.store(s.channels, at(port) + count, 0);
    return port;
  };
  const clear = (s: State, port: number): void => {
    Atomics.and(s.sharedInfo, s.at.pending + (port >> 5), ~(1 << (port & 31)));
    Atomics.and(s.sharedInfo, s.at.mask + (port >> 5), ~(1 << (port & 31)));
  };
  const status = (s: State, port: EvtchnPort): ChannelStatus => {
    const value = word(s, port);
    const remote = value >>> 16;
    const target = value === 0 ? 0 : Atomics.load(s.channels, at(port) + channel.target);
    switch (value & 0xffff) {
      case channelState.unbound:
        return { state: "unbound", remote };
      case channelState.interdomain:
        return { state: "interdomain", remote, remotePort: target };
      case channelState.virq:
        return { state: "virq", virq: target };
      case channelState.ipi:
        return { state: "ipi", vcpu: target };
      default:
        return { state: "closed" };
    }
  };
  const close = (s: State, port: EvtchnPort): void => {
    const was = status(s, port);
    set(s, port, channelState.closed, 0, 0);
    s.open--;
    clear(s, port);
    if (was.state !== "interdomain") return;
    const remote = domains.get(was.remote);
    if (remote && (word(remote, was.remotePort) & 0xffff) === channelState.interdomain)
      set(remote, was.remotePort, channelState.unbound, s.id, 0);
  };
  const reset = (s: State): void => {
    for (let port = 1; s.open > 0 && port <= highestPortOf(s); port++) if (word(s, port) & 0xffff) close(s, port);
  };

  return {
    attach(domain) {
      const { buffer, offset } = domain.sharedInfo;
      const { words = twoLevels } = domain;
      const ports = Math.min(domain.portLimit ?? words.ports - 1, words.ports - 1) + 1;
      const s: State = {
        id: domain.id,
        domain,
        sharedInfo: new Int32Array(buffer, offset, words.words),
        at: words,
        channels: domain.channels ?? new Int32Array(new SharedArrayBuffer(ports * channel.words * 4)),
        wake: () => domain.wake(),
        open: 0,
        next: 1,
      };
      domains.set(domain.id, s);
      return s;
    },
    endpoint: (id) => domains.get(id),
    detach(id) {
      const s = domains.get(id);
      if (!s) return;
      reset(s);
      domains.delete(id);
    },
    allocUnbound(id, remote) {
      const s = state(id);
      const port = allocate(s);
      set(s, port, channelState.unbound, remote, 0);
      return port;
    },
    bindInterdomain(id, remote, remotePort) {
      const s = state(id);
      const r = state(remote);
      bound(r, remotePort);
      const c = status(r, remotePort);
      if (c.state !== "unbound" || c.remote !== id)
        throw new EventError(
          "NOT_UNBOUND",
          `event channel ${remotePort} of domain ${remote} is not open to domain ${id}`,
        );
      const port = allocate(s);
      set(s, port, channelState.interdomain, remote, remotePort);
      set(r, remotePort, channelState.interdomain, id, port);
      // As Xen does: the new end is pending at once, so that nothing sent before is missed.
      deliver(s, port);
      return port;
    },
    bindVirq(id, number) {
      const s = state(id);
      const port = allocate(s);
      set(s, port, channelState.virq, 0, number);
      return port;
    },
    bindIpi(id, vcpu) {
      const s = state(id);
      const port = allocate(s);
      set(s, port, channelState.ipi, 0, vcpu);
      return port;
    },
    reset: (id) => reset(state(id)),
    statistics(id, port) {
      const s = state(id);
      bound(s, port);
      const count = (which: number): number => Atomics.load(s.channels, at(port) + which) >>> 0;
      return { sent: count(channel.sent), coalesced: count(channel.coalesced), masked: count(channel.masked) };
    },
    send(id, port) {
      const s = domains.get(id);
      return s !== undefined && sendEvent(s, port, (remote) => domains.get(remote));
    },
    raise: (id, number) => raiseVirq(state(id), number),
    mask(id, port) {
      const s = state(id);
      bound(s, port);
      Atomics.or(s.sharedInfo, s.at.mask + (port >> 5), 1 << (port & 31));
    },
    unmask(id, port) {
      const s = state(id);
      bound(s, port);
      const bit = 1 << (port & 31);
      const was = Atomics.and(s.sharedInfo, s.at.mask + (port >> 5), ~bit);
      if (was & bit && Atomics.load(s.sharedInfo, s.at.pending + (port >> 5)) & bit) select(s, port);
    },
    close(id, port) {
      const s = state(id);
      bound(s, port);
      close(s, port);
    },
    status: (id, port) => status(state(id), port),
    takePending(id) {
      const s = state(id);
      return takePending(s.sharedInfo, s.at);
    },
  };
}
