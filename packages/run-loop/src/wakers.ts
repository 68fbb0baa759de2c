/** Those who want to know that there is work: any number of listeners, each with an end of its own. */
export class Wakers {
  private readonly listeners = new Set<{ readonly wake: () => void }>();

  /** @returns ends it; a second time does nothing. */
  add(listener: () => void): () => void {
    const entry = { wake: listener };
    this.listeners.add(entry);
    return () => void this.listeners.delete(entry);
  }
  /** Tells them all. */
  wake(): void {
    for (const { wake } of this.listeners) wake();
  }
  get size(): number {
    return this.listeners.size;
  }
}
