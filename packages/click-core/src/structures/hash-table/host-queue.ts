/** A queue of entries that expire, on the host: see queue.ts. */
import type { HostFields } from "@clickos/layout";
import { entryHeader, nodeLayout, nodeSize, placeBits, queueLayout, unbounded } from "./layout.ts";

export class HostQueue {
  private readonly data: DataView;
  private readonly number: number;
  private readonly isLast: boolean;
  private readonly view: HostFields<typeof queueLayout.fields>;

  constructor(data: DataView, offset: number, number: number, isLast: boolean) {
    this.data = data;
    this.number = number;
    this.isLast = isLast;
    this.view = queueLayout.read(data, offset);
  }

  /** Queues an entry that waits nowhere; there is a node for it. */
  enter(address: number): void {
    this.settle(address, ++this.view.count);
  }
  leave(address: number): void {
    const e = this.entry(address);
    const n = this.index(e.place);
    const last = this.node(this.view.count--).entry;
    Object.assign(e, { place: 0, bound: unbounded });
    if (last !== address) this.settle(last, n);
  }
  /** The entry that is due first. */
  first(): number | undefined {
    while (this.view.count > 0) {
      const { entry, time } = this.node(1);
      if (time === this.entry(entry).expires) return entry;
      this.settle(entry, 1);
    }
    return undefined;
  }

  private settle(address: number, place: number): void {
    const time = this.entry(address).expires;
    let n = place;
    const take = (from: number): void => {
      this.set(n, this.node(from));
      n = from;
    };
    while (n > 1 && this.node(n >> 1).time > time) take(n >> 1);
    for (let child = 2 * n; child <= this.view.count; child = 2 * n) {
      if (child < this.view.count && this.node(child + 1).time < this.node(child).time) child++;
      if (this.node(child).time >= time) break;
      take(child);
    }
    this.set(n, { time, entry: address });
    this.entry(address).bound = this.isLast ? time : unbounded;
  }
  private set(n: number, { time, entry }: { time: bigint; entry: number }): void {
    Object.assign(this.node(n), { time, entry });
    this.entry(entry).place = (n | ((this.number + 1) << placeBits)) >>> 0;
  }
  private index(place: number): number {
    return place & ((1 << placeBits) - 1);
  }
  private node(n: number): HostFields<typeof nodeLayout.fields> {
    const level = 31 - Math.clz32(n);
    const block = this.view.levels[level] as number;
    return nodeLayout.read(this.data, block + (n - 2 ** level) * nodeSize);
  }
  private entry(address: number): HostFields<typeof entryHeader.fields> {
    return entryHeader.read(this.data, address);
  }
}
