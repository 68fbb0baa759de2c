/** What waits, first in and first out, without moving what is behind. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }
  push(item: T): void {
    this.items.push(item);
  }
  /** The first, which stays. */
  peek(): T | undefined {
    return this.items[this.head];
  }
  /** Puts another in the place of the first. */
  replace(item: T): void {
    this.items[this.head] = item;
  }
  shift(): T | undefined {
    const item = this.items[this.head];
    if (this.length === 0) return undefined;
    this.items[this.head++] = undefined;
    // The part that is empty goes when it is the larger one, so that each item is moved once at most.
    if (this.head > 32 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}
