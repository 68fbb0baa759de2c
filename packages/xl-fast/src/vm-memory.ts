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
  private written: readonly Room[] = [];

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
    // Nothing is allocated between the look and the change.
    if (running.length > 0) this.hypervisor.hold(this.domain.id, () => this.makeRoom(plan, running));
    // Memory that no router has had is zero, and better left alone: frames that nobody touches cost nothing.
    this.clear(plan.base, plan.end);
    this.wrote(plan.base, plan.end);
  }

  /** Ends the heaps of others where a router comes, in a domain that stands still. @throws {ToolstackError} NO_ROOM */
  makeRoom(plan: Plan, others: readonly Plan[]): void {
    for (const r of others) {
      if (r.heap === undefined || r.base > plan.base) continue;
      if (this.usedEnd(r) > plan.base)
        throw new ToolstackError("NO_ROOM", `'${this.domain.name}' has used the memory that the router was linked for`);
      const at = r.control + heapEnd;
      this.data.setUint32(at, Math.min(this.data.getUint32(at, true), plan.base), true);
    }
  }

  /** Gives the heap of a router in another memory as much as it has here, beside others. */
  limit(plan: Plan, others: readonly Plan[], memory: ArrayBufferLike): void {
    if (plan.heap === undefined) return;
    const above = others.filter((other) => other.base > plan.base).map((other) => other.base);
    new DataView(memory).setUint32(plan.control + heapEnd, Math.min(memory.byteLength, ...above), true);
  }

  /**
   * Puts a router that stands in another memory, at its place there, into the place of a former one. Frames that it has never touched stay
   * as they are where they are zero.
   */
  exchange(former: Plan, plan: Plan, memory: ArrayBufferLike): void {
    this.leave(former);
    const words = new DataView(memory);
    // Its heap goes as far as it has used it, until it is given more.
    const used =
      plan.heap === undefined ? plan.end : Math.max(plan.end, words.getUint32(plan.control + heapNext, true));
    if (plan.heap !== undefined) words.setUint32(plan.control + heapEnd, used, true);
    copyFrames(memory, this.data.buffer, plan.base, Math.min(used, memory.byteLength));
    this.wrote(plan.base, used);
  }

  /** A router has gone: whoever comes there finds what it left. */
  leave(plan: Plan): void {
    this.wrote(plan.base, this.usedEnd(plan));
  }

  /** The memory is that of a domain from elsewhere: any of it may have been written. */
  adopt(): void {
    this.wrote(0, this.domain.memory.buffer.byteLength);
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

  /** Notes what may have been written, once. */
  private wrote(start: number, end: number): void {
    const touching = this.written.filter((w) => w.start <= end && w.end >= start);
    this.written = [
      ...this.written.filter((w) => !touching.includes(w)),
      { start: Math.min(start, ...touching.map((w) => w.start)), end: Math.max(end, ...touching.map((w) => w.end)) },
    ];
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

/** Copies memory frame by frame, from the first address of one on; what is zero in both is not written. */
export function copyFrames(from: ArrayBufferLike, to: ArrayBufferLike, start: number, end: number): void {
  const source = new Int32Array(from);
  const target = new Int32Array(to);
  const words = frameSize / 4;
  const isZero = (memory: Int32Array, at: number): boolean => {
    for (let i = at; i < at + words; i += 8) {
      const some = (memory[i] as number) | (memory[i + 1] as number) | (memory[i + 2] as number);
      const others = (memory[i + 3] as number) | (memory[i + 4] as number) | (memory[i + 5] as number);
      if ((some | others | (memory[i + 6] as number) | (memory[i + 7] as number)) !== 0) return false;
    }
    return true;
  };
  for (let at = start / 4; at < end / 4; at += words)
    if (!isZero(source, at)) target.set(source.subarray(at, at + words), at);
    else if (!isZero(target, at)) target.fill(0, at, at + words);
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
