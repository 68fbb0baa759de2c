/** The flows of a ToIPFlowDumps: found by their numbers, and ended all at once in the order that Click's table has. */
import type { FlowDump } from "./flow-dump.ts";

/** Flows of which the last bits are the same are together there, and those that were seen last come first. */
const places = 1 << 10;

export class FlowDumpSet {
  private readonly flows = new Map<number, { readonly flow: FlowDump; seen: number }>();
  private looks = 0;

  get size(): number {
    return this.flows.size;
  }

  add(flow: FlowDump): void {
    this.flows.set(flow.aggregate, { flow, seen: this.looks++ });
  }

  find(aggregate: number): FlowDump | undefined {
    const entry = this.flows.get(aggregate);
    if (entry) entry.seen = this.looks++;
    return entry?.flow;
  }

  remove(aggregate: number): void {
    this.flows.delete(aggregate);
  }

  /** All flows. */
  inOrder(): readonly FlowDump[] {
    const place = ({ flow }: { readonly flow: FlowDump }): number => flow.aggregate % places;
    return [...this.flows.values()].sort((a, b) => place(a) - place(b) || b.seen - a.seen).map(({ flow }) => flow);
  }
}
