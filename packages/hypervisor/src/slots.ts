/** The places of vCPUs on pCPUs. */
import { slotsPerPcpu } from "./machine.ts";

export class Slots {
  private readonly used: boolean[][] = [];

  /** The lowest free slot of a pCPU, -1 when there is none. */
  take(pcpu: number): number {
    let list = this.used[pcpu];
    if (!list) {
      list = [];
      this.used[pcpu] = list;
    }
    let slot = list.indexOf(false);
    if (slot < 0) slot = list.length;
    if (slot >= slotsPerPcpu) return -1;
    list[slot] = true;
    return slot;
  }
  free(pcpu: number, slot: number): void {
    const list = this.used[pcpu];
    if (list) list[slot] = false;
  }
  /** How many are taken. */
  load(pcpu: number): number {
    return this.used[pcpu]?.filter(Boolean).length ?? 0;
  }
}
