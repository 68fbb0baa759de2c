/** The places of vCPUs on pCPUs. */
import { slotsPerPcpu } from "./machine.ts";

interface Places {
  readonly used: boolean[];
  /** None below it is free. */
  from: number;
  count: number;
}

export class Slots {
  private readonly pcpus: Places[] = [];

  /** The lowest free slot of a pCPU, -1 when there is none. */
  take(pcpu: number): number {
    const places = this.pcpus[pcpu] ?? { used: [], from: 0, count: 0 };
    this.pcpus[pcpu] = places;
    let slot = places.from;
    while (places.used[slot]) slot++;
    if (slot >= slotsPerPcpu) return -1;
    places.used[slot] = true;
    places.from = slot + 1;
    places.count++;
    return slot;
  }
  free(pcpu: number, slot: number): void {
    const places = this.pcpus[pcpu];
    if (!places?.used[slot]) return;
    places.used[slot] = false;
    places.from = Math.min(places.from, slot);
    places.count--;
  }
  /** How many are taken. */
  load(pcpu: number): number {
    return this.pcpus[pcpu]?.count ?? 0;
  }
}
