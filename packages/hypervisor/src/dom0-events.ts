/**
 * Domain 0's event handlers, served in turn. A port waits in a queue once, however often events come, and a turn serves
 * a limited number of ports from its head: a guest that never stops sending delays the others by one call of its
 * handler a round. No allocation.
 */
import { type EvtchnPort, portCount } from "@clickos/xen-evtchn";

/** Handlers that one turn calls. Each does a bounded amount of work, so that a turn does. */
export const handlersPerTurn = 64;

/** Serves a port. `true` when it has left work for a turn to come: it is called again after all others that wait. */
export type EventHandler = () => boolean | void;

export class Dom0Events {
  private readonly handlers = new Map<EvtchnPort, EventHandler>();
  /** A ring of ports that wait; each at most once, so that it is never full. */
  private readonly queue = new Uint16Array(portCount);
  private readonly queued = new Uint8Array(portCount);
  private head = 0;
  private count = 0;

  /** Whether any port waits. */
  get pending(): boolean {
    return this.count > 0;
  }

  on(port: EvtchnPort, handler: EventHandler | undefined): void {
    if (handler) this.handlers.set(port, handler);
    else this.handlers.delete(port);
  }

  /** Has a port served, after those that wait already. */
  add(port: EvtchnPort): void {
    if (!this.handlers.has(port) || this.queued[port] === 1) return;
    this.queued[port] = 1;
    this.queue[(this.head + this.count++) % portCount] = port;
  }

  /** Serves the ports that wait, `handlersPerTurn` at most, each once. True when there were any. */
  serve(): boolean {
    const waited = this.count > 0;
    for (let left = Math.min(this.count, handlersPerTurn); left > 0; left--) {
      const port = this.queue[this.head] as EvtchnPort;
      this.head = (this.head + 1) % portCount;
      this.count--;
      this.queued[port] = 0;
      if (this.handlers.get(port)?.()) this.add(port);
    }
    return waited;
  }
}
