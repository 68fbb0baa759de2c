/**
 * Domain 0's event handlers, served in turn. A port waits in a queue once, however often events come, and a turn serves
 * a limited number of ports from its head: a guest that never stops sending delays the others by one call of its
 * handler a round. No allocation, once there is room for as many ports as wait at the same time.
 */
import type { EvtchnPort } from "@clickos/xen-evtchn";

/** Handlers that one turn calls. Each does a bounded amount of work, so that a turn does. */
export const handlersPerTurn = 64;

/** Ports that there is room for at first; a power of two. */
const fewPorts = 1024;

/** Serves a port. `true` when it has left work for a turn to come: it is called again after all others that wait. */
export type EventHandler = () => boolean | void;

export class Dom0Events {
  private readonly handlers = new Map<EvtchnPort, EventHandler>();
  /** A ring of ports that wait, each at most once. */
  private queue = new Int32Array(fewPorts);
  /** By port. */
  private queued = new Uint8Array(fewPorts);
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
    if (port >= this.queued.length) {
      const { queued } = this;
      this.queued = new Uint8Array(Math.max(port + 1, queued.length * 2));
      this.queued.set(queued);
    }
    this.queued[port] = 1;
    if (this.count === this.queue.length) this.grow();
    this.queue[(this.head + this.count++) & (this.queue.length - 1)] = port;
  }
  private grow(): void {
    const { queue, head } = this;
    this.queue = new Int32Array(queue.length * 2);
    this.queue.set(queue.subarray(head));
    this.queue.set(queue.subarray(0, head), queue.length - head);
    this.head = 0;
  }

  /** Serves the ports that wait, `handlersPerTurn` at most, each once. True when there were any. */
  serve(): boolean {
    const waited = this.count > 0;
    for (let left = Math.min(this.count, handlersPerTurn); left > 0; left--) {
      const port = this.queue[this.head] as EvtchnPort;
      this.head = (this.head + 1) & (this.queue.length - 1);
      this.count--;
      this.queued[port] = 0;
      if (this.handlers.get(port)?.()) this.add(port);
    }
    return waited;
  }
}
