/**
 * How a domain's memory is divided among its routers. Each has what its image asks for, and its heap what is free behind it,
 * up to the next router or the memory's end: a router that comes takes it from the end of a heap, as far as that was never used.
 */
import { type MemoryPlan, routerControl } from "@clickos/click-core/compile";
import { frameSize } from "@clickos/grant-table";
import { type Domain, firstFreeAddress, type Hypervisor } from "@clickos/hypervisor";
import { ToolstackError } from "./error.ts";

export interface Room {
  readonly start: number;
  readonly end: number;
}

/** A place that is free. */
export interface FreeRoom extends Room {
  /** Whether it is the end of a heap, which keeps more when the place is taken from behind. */
  readonly ofHeap: boolean;
}

type Plan = Pick<MemoryPlan, "base" | "end" | "heap" | "control">;

const { heapNext, heapEnd } = routerControl.offsets;

export class VmMemory {
  private readonly hypervisor: Hypervisor;
  private readonly domain: Domain;
  /** Memory that routers may have written to. */
  private readonly written: Room[] = [];

  constructor(hypervisor: Hypervisor, domain: Domain) {
    this.hypervisor = hypervisor;
    this.domain = domain;
  }

  /** What is free beside these routers. */
  free(routers: readonly Plan[]): FreeRoom[] {
    const used = routers.map((r) => ({ start: r.base, end: this.usedEnd(r), ofHeap: r.heap !== undefined }));
    const end = this.domain.memory.buffer.byteLength;
    return gaps(firstFreeAddress, end, used).map((room) => ({
      ...room,
      ofHeap: used.some((u) => u.ofHeap && frames(u.end) === room.start),
    }));
  }

  /**
   * Takes the place of a router that comes from the heaps of those that run, and clears it.
   *
   * @throws {ToolstackError} NO_ROOM when it was used meanwhile.
   */
  take(plan: Plan, running: readonly Plan[]): void {
    const below = running.filter((r) => r.heap !== undefined && r.base < plan.base);
    // Nothing is allocated between the look and the change.
    if (below.length > 0)
      this.hypervisor.hold(this.domain.id, () => {
        for (const r of below) {
          if (this.usedEnd(r) > plan.base)
            throw new ToolstackError(
              "NO_ROOM",
              `'${this.domain.name}' has used the memory that the router was linked for`,
            );
          const at = r.control + heapEnd;
          this.data.setUint32(at, Math.min(this.data.getUint32(at, true), plan.base), true);
        }
      });
    // Memory that no router has had is zero, and better left alone: frames that nobody touches cost nothing.
    this.clear(plan.base, plan.end);
    this.written.push({ start: plan.base, end: plan.end });
  }

  /** A router has gone: whoever comes there finds what it left. */
  leave(plan: Plan): void {
    this.written.push({ start: plan.base, end: this.usedEnd(plan) });
  }

  /** The memory is that of a domain from elsewhere: any of it may have been written. */
  adopt(): void {
    this.written.push({ start: 0, end: this.domain.memory.buffer.byteLength });
  }

  /** Gives the heap of each router what is free behind it. */
  spread(running: readonly Plan[]): void {
    for (const r of running) {
      if (r.heap === undefined) continue;
      const above = running.filter((other) => other.base > r.base).map((other) => other.base);
      const at = r.control + heapEnd;
      const end = Math.min(this.data.byteLength, ...above);
      // What a heap has never used is zero.
      this.clear(this.data.getUint32(at, true), end);
      // A word, which the router reads once for each block that it takes: it need not stand still to have more.
      this.data.setUint32(at, end, true);
    }
  }

  /** Clears what routers have written to, which nobody has. */
  private clear(start: number, end: number): void {
    for (const w of this.written) {
      const from = Math.max(start, w.start);
      if (from < Math.min(end, w.end)) new Uint8Array(this.data.buffer, from, Math.min(end, w.end) - from).fill(0);
    }
  }

  private get data(): DataView {
    return new DataView(this.domain.memory.buffer);
  }

  /** Where what a router has used ends. It may say what it likes, of its own domain's memory. */
  private usedEnd({ end, heap, control }: Plan): number {
    if (heap === undefined) return end;
    return Math.min(Math.max(end, this.data.getUint32(control + heapNext, true)), this.data.byteLength);
  }
}

/** The first address of a frame from there on. */
function frames(address: number): number {
  return Math.ceil(address / frameSize) * frameSize;
}

/** What is free between `start` and `end`, page by page where it is memory. */
export function gaps(start: number, end: number, used: readonly Room[]): Room[] {
  const free: Room[] = [];
  let at = start;
  for (const u of [...used].filter((r) => r.end > r.start).sort((a, b) => a.start - b.start)) {
    if (u.start > at) free.push({ start: at, end: u.start });
    at = Math.max(at, start >= frameSize ? frames(u.end) : u.end);
  }
  if (end > at) free.push({ start: at, end });
  return free;
}
