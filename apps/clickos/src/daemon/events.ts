/** What happens, told to those that listen. */
import type { DaemonEvent } from "@clickos/client";

export type Listener = (event: DaemonEvent) => void;

export class Events {
  private readonly listeners = new Set<Listener>();

  tell(event: string, subject: string, detail?: string): void {
    if (this.listeners.size === 0) return;
    const told: DaemonEvent = { at: Date.now() / 1000, event, subject, ...(detail === undefined ? {} : { detail }) };
    for (const listener of this.listeners) listener(told);
  }
  /** @returns ends it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
