/** Event channels: one-bit notifications between domains, edge-triggered until the receiver clears the bit. */
import { portCount, sharedInfo, vcpuInfo } from "./layout.ts";

declare const brand: unique symbol;
/** An event-channel port of one domain. */
export type EvtchnPort = number & { readonly [brand]?: "EvtchnPort" };
export type DomId = number;

/** Virtual interrupts, xen/include/public/xen.h. */
export const virq = { timer: 0, debug: 1, console: 2, domExc: 3 } as const;

/** What the channels need of a domain. */
export interface EventDomain {
  readonly id: DomId;
  /** The page with `shared_info` at `offset`. */
  readonly sharedInfo: { readonly buffer: ArrayBufferLike; readonly offset: number };
  /** Channels that the domain may have; all there are when absent. */
  readonly portLimit?: number;
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

interface State {
  readonly domain: EventDomain;
  readonly words: Int32Array;
  readonly channels: Map<number, ChannelStatus>;
  readonly counts: Map<number, { sent: number; coalesced: number; masked: number }>;
  next: number;
}

export interface EventChannels {
  /** Makes a domain known. */
  attach(domain: EventDomain): void;
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
  /** Clears and returns the ports with pending unmasked events, lowest first; for domains written in TypeScript. */
  takePending(id: DomId): EvtchnPort[];
}

const pendingWord = sharedInfo.offsets.evtchnPending >> 2;
const maskWord = sharedInfo.offsets.evtchnMask >> 2;
const selectorWord = vcpuInfo.offsets.pendingSel >> 2;

export function createEventChannels(): EventChannels {
  const domains = new Map<DomId, State>();

  const state = (id: DomId): State => {
    const s = domains.get(id);
    if (!s) throw new EventError("NO_DOMAIN", `domain ${id} is not attached`);
    return s;
  };
  const channel = (s: State, port: EvtchnPort): ChannelStatus => {
    const c = s.channels.get(port);
    if (!c) throw new EventError("NO_PORT", `domain ${s.domain.id} has no event channel ${port}`);
    return c;
  };
  const allocate = (s: State): EvtchnPort => {
    const limit = s.domain.portLimit ?? portCount - 1;
    if (s.channels.size >= limit)
      throw new EventError("NO_SPACE", `domain ${s.domain.id} has no free event channel: ${limit} are the most`);
    for (let i = 0; i < portCount - 1; i++) {
      const port = 1 + ((s.next - 1 + i) % (portCount - 1));
      if (s.channels.has(port)) continue;
      s.next = port + 1;
      clear(s, port);
      s.counts.set(port, { sent: 0, coalesced: 0, masked: 0 });
      return port;
    }
    throw new EventError("NO_SPACE", `domain ${s.domain.id} has no free event channel`);
  };
  const clear = (s: State, port: number): void => {
    Atomics.and(s.words, pendingWord + (port >> 5), ~(1 << (port & 31)));
    Atomics.and(s.words, maskWord + (port >> 5), ~(1 << (port & 31)));
  };
  const select = (s: State, port: number): void => {
    // pending_sel has a bit for each 64-bit word of ports.
    const group = port >> 6;
    Atomics.or(s.words, selectorWord + (group >> 5), 1 << (group & 31));
    if ((Atomics.or(s.words, 0, 1) & 1) === 0) s.domain.wake();
  };
  const deliver = (s: State, port: number): void => {
    const bit = 1 << (port & 31);
    const count = s.counts.get(port);
    if (count) count.sent++;
    if (Atomics.or(s.words, pendingWord + (port >> 5), bit) & bit) {
      if (count) count.coalesced++;
      return;
    }
    if (Atomics.load(s.words, maskWord + (port >> 5)) & bit) {
      if (count) count.masked++;
      return;
    }
    select(s, port);
  };
  const close = (s: State, port: EvtchnPort): void => {
    const c = s.channels.get(port);
    s.channels.delete(port);
    s.counts.delete(port);
    clear(s, port);
    if (c?.state !== "interdomain") return;
    const remote = domains.get(c.remote);
    if (remote?.channels.get(c.remotePort)?.state === "interdomain")
      remote.channels.set(c.remotePort, { state: "unbound", remote: s.domain.id });
  };

  return {
    attach(domain) {
      const { buffer, offset } = domain.sharedInfo;
      domains.set(domain.id, {
        domain,
        words: new Int32Array(buffer, offset, sharedInfo.size >> 2),
        channels: new Map(),
        counts: new Map(),
        next: 1,
      });
    },
    detach(id) {
      const s = domains.get(id);
      if (!s) return;
      for (const port of [...s.channels.keys()]) close(s, port);
      domains.delete(id);
    },
    allocUnbound(id, remote) {
      const s = state(id);
      const port = allocate(s);
      s.channels.set(port, { state: "unbound", remote });
      return port;
    },
    bindInterdomain(id, remote, remotePort) {
      const s = state(id);
      const r = state(remote);
      const c = channel(r, remotePort);
      if (c.state !== "unbound" || c.remote !== id)
        throw new EventError(
          "NOT_UNBOUND",
          `event channel ${remotePort} of domain ${remote} is not open to domain ${id}`,
        );
      const port = allocate(s);
      s.channels.set(port, { state: "interdomain", remote, remotePort });
      r.channels.set(remotePort, { state: "interdomain", remote: id, remotePort: port });
      // As Xen does: the new end is pending at once, so that nothing sent before is missed.
      deliver(s, port);
      return port;
    },
    bindVirq(id, number) {
      const s = state(id);
      const port = allocate(s);
      s.channels.set(port, { state: "virq", virq: number });
      return port;
    },
    bindIpi(id, vcpu) {
      const s = state(id);
      const port = allocate(s);
      s.channels.set(port, { state: "ipi", vcpu });
      return port;
    },
    reset(id) {
      const s = state(id);
      for (const port of [...s.channels.keys()]) close(s, port);
    },
    statistics(id, port) {
      const s = state(id);
      channel(s, port);
      return { ...(s.counts.get(port) as PortStatistics) };
    },
    send(id, port) {
      const s = domains.get(id);
      const c = s?.channels.get(port);
      if (s && c?.state === "ipi") {
        deliver(s, port);
        return true;
      }
      if (c?.state !== "interdomain") return false;
      const remote = domains.get(c.remote);
      if (!remote) return false;
      deliver(remote, c.remotePort);
      return true;
    },
    raise(id, number) {
      const s = state(id);
      for (const [port, c] of s.channels) if (c.state === "virq" && c.virq === number) deliver(s, port);
    },
    mask(id, port) {
      const s = state(id);
      channel(s, port);
      Atomics.or(s.words, maskWord + (port >> 5), 1 << (port & 31));
    },
    unmask(id, port) {
      const s = state(id);
      channel(s, port);
      const bit = 1 << (port & 31);
      const was = Atomics.and(s.words, maskWord + (port >> 5), ~bit);
      if (was & bit && Atomics.load(s.words, pendingWord + (port >> 5)) & bit) select(s, port);
    },
    close(id, port) {
      const s = state(id);
      channel(s, port);
      close(s, port);
    },
    status(id, port) {
      return state(id).channels.get(port) ?? { state: "closed" };
    },
    takePending(id) {
      const s = state(id);
      const ports: EvtchnPort[] = [];
      Atomics.and(s.words, 0, ~1);
      for (let half = 0; half < 2; half++) {
        const selected = Atomics.exchange(s.words, selectorWord + half, 0);
        for (let rest = selected; rest !== 0; rest &= rest - 1) {
          const group = half * 32 + (31 - Math.clz32(rest & -rest));
          for (let w = group * 2; w < group * 2 + 2; w++) {
            const mask = Atomics.load(s.words, maskWord + w);
            const bits = Atomics.and(s.words, pendingWord + w, mask) & ~mask;
            for (let b = bits; b !== 0; b &= b - 1) ports.push(w * 32 + (31 - Math.clz32(b & -b)));
          }
        }
      }
      return ports;
    },
  };
}
