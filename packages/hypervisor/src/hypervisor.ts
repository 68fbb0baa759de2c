/**
 * The hypervisor, on the caller's thread: domains run in turn, cooperatively and in a fixed order. Domain 0 is the
 * program that calls it.
 */

import { createGrantMapper, type GrantMapper } from "@clickos/grant-table";
import { createEventChannels, type EventChannels, type EvtchnPort, sharedInfo } from "@clickos/xen-evtchn";
import { type Domain, DomainControl, type DomainOptions } from "./domain.ts";

export interface Hypervisor {
  readonly events: EventChannels;
  /** Domain 0's mapper of other domains' grants. */
  readonly mapper: GrantMapper;
  /** Nanoseconds since the hypervisor started. */
  now(): bigint;
  /** Makes a domain and loads its kernel; it runs once unpaused. */
  createDomain(options: DomainOptions): Domain;
  /** Ends a domain and closes its channels. Twice does nothing. */
  destroyDomain(id: number): void;
  readonly domains: readonly Domain[];
  /** Calls back for events on a port of domain 0. */
  onEvent(port: EvtchnPort, handler: () => void): void;
  /** Delivers domain 0's events and gives every runnable domain one slice. True when anything ran. */
  run(): boolean;
  /** The earliest timer of any domain; `undefined` when none is set. */
  readonly nextTimer: bigint | undefined;
}

export function createHypervisor(options: { clock?: () => bigint } = {}): Hypervisor {
  const started = performance.now();
  const now = options.clock ?? (() => BigInt(Math.round((performance.now() - started) * 1e6)));
  const events = createEventChannels();
  const domains = new Map<number, DomainControl>();
  const handlers = new Map<number, () => void>();
  let pending = false;
  let nextId = 1;
  events.attach({
    id: 0,
    sharedInfo: { buffer: new SharedArrayBuffer(sharedInfo.size), offset: 0 },
    wake() {
      pending = true;
    },
  });
  const mapper = createGrantMapper(0, (id) => domains.get(id));
  return {
    events,
    mapper,
    now,
    createDomain(given) {
      const domain = new DomainControl(nextId++, given, events);
      domains.set(domain.id, domain);
      domain.start();
      return domain;
    },
    destroyDomain(id) {
      const domain = domains.get(id);
      if (!domain) return;
      domains.delete(id);
      domain.state = "destroyed";
      events.detach(id);
      mapper.revoke(id);
    },
    get domains() {
      return [...domains.values()];
    },
    onEvent(port, handler) {
      handlers.set(port, handler);
    },
    run() {
      let worked = false;
      if (pending) {
        pending = false;
        worked = true;
        for (const port of events.takePending(0)) handlers.get(port)?.();
      }
      for (const domain of domains.values()) if (domain.run(now())) worked = true;
      return worked;
    },
    get nextTimer() {
      let next: bigint | undefined;
      for (const { timer, state } of domains.values())
        if (timer !== 0n && state === "running" && (next === undefined || timer < next)) next = timer;
      return next;
    },
  };
}
