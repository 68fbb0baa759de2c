/**
 * Gives virtual registers registers of the machine, or places on the stack, by linear scan: intervals in the order of their
 * starts; when there is no register left, the one that is used least for its length goes to the stack, as a whole.
 *
 * Poletto and Sarkar, Linear scan register allocation, ACM TOPLAS 21(5), 1999.
 */
import type { Interval, Lowered, RegisterClass } from "./instructions.ts";
import { type Register, r8, r9, r10, r11, r12, r13, r14, rbp, rbx, rdi, rsi } from "./registers.ts";

/** Where a virtual register is: in a register, or on the stack, by the offset of its first byte. */
export type Location = { readonly register: Register } | { readonly slot: number };

/** `rax`, `rcx` and `rdx` are for the code of single instructions; `r15` is the first memory. */
const freeAfterCalls: readonly Register[] = [rsi, rdi, r8, r9, r10, r11];
/** Those that a called function leaves as they are (System V ABI for AMD64, figure 3.4). */
export const preserved: readonly Register[] = [rbx, rbp, r12, r13, r14];
/** The last two are for the code of single instructions. */
const vectors: readonly Register[] = Array.from({ length: 14 }, (_, i) => i);

export interface Allocation {
  /** By virtual register; those that are nowhere needed have none. */
  readonly locations: readonly (Location | undefined)[];
  /** Of `preserved`, those that are used. */
  readonly saved: readonly Register[];
  /** Bytes of the stack for what is in no register. */
  readonly slotBytes: number;
}

/** @param incoming registers that arguments come in, by virtual register. */
export function allocate(lowered: Lowered, incoming: ReadonlyMap<number, Register>): Allocation {
  const { intervals, calls } = lowered;
  const locations: (Location | undefined)[] = new Array(intervals.length).fill(undefined);
  const order = intervals.filter(({ end, start }) => start <= end).sort((a, b) => a.start - b.start);
  const spilled: Interval[] = [];
  const saved = new Set<Register>();
  const crossesCall = between(calls);
  const pools: Record<RegisterClass, Pool> = { integer: new Pool(), vector: new Pool() };

  for (const interval of order) {
    const pool = pools[interval.class];
    pool.expire(interval.start);
    const crosses = crossesCall(interval.start, interval.end);
    const allowed = interval.class === "vector" ? (crosses ? [] : vectors) : crosses ? preserved : all;
    const hinted = interval.hint === undefined ? incoming.get(interval.register) : registerOf(locations[interval.hint]);
    const free =
      hinted !== undefined && allowed.includes(hinted) && !pool.holds(hinted)
        ? hinted
        : allowed.find((register) => !pool.holds(register));
    if (free !== undefined) {
      pool.take(free, interval);
      locations[interval.register] = { register: free };
    } else {
      const victim = pool.cheapest(allowed);
      if (victim !== undefined && cost(victim.interval) < cost(interval)) {
        spilled.push(victim.interval);
        pool.take(victim.register, interval);
        locations[interval.register] = { register: victim.register };
      } else spilled.push(interval);
    }
    const taken = registerOf(locations[interval.register]);
    if (interval.class === "integer" && taken !== undefined && preserved.includes(taken)) saved.add(taken);
  }
  const slotBytes = placeOnStack(spilled, locations);
  return { locations, saved: preserved.filter((register) => saved.has(register)), slotBytes };
}

const all: readonly Register[] = [...freeAfterCalls, ...preserved];

/** Which intervals have which registers at a place. */
class Pool {
  private readonly active = new Map<Register, Interval>();

  expire(start: number): void {
    for (const [register, { end }] of this.active) if (end < start) this.active.delete(register);
  }
  holds(register: Register): boolean {
    return this.active.has(register);
  }
  take(register: Register, interval: Interval): void {
    this.active.set(register, interval);
  }
  cheapest(allowed: readonly Register[]): { register: Register; interval: Interval } | undefined {
    let best: { register: Register; interval: Interval } | undefined;
    for (const register of allowed) {
      const interval = this.active.get(register);
      if (interval && (!best || cost(interval) < cost(best.interval))) best = { register, interval };
    }
    return best;
  }
}

function cost({ weight, start, end }: Interval): number {
  return weight / (end - start + 1);
}
function registerOf(location: Location | undefined): Register | undefined {
  return location && "register" in location ? location.register : undefined;
}

/** Whether a call is between two places: what is needed at both has to survive it. Places of calls are in order. */
function between(calls: readonly number[]): (start: number, end: number) => boolean {
  return (start, end) => {
    let low = 0;
    let high = calls.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((calls[middle] as number) > start) high = middle;
      else low = middle + 1;
    }
    return low < calls.length && (calls[low] as number) < end;
  };
}

/** Intervals that do not overlap share a place. Vectors have 16 bytes, at a multiple of them. */
function placeOnStack(spilled: readonly Interval[], locations: (Location | undefined)[]): number {
  let bytes = 0;
  for (const of of ["vector", "integer"] as const) {
    const size = of === "vector" ? 16 : 8;
    const starts = spilled.filter((interval) => interval.class === of).sort((a, b) => a.start - b.start);
    const ends = [...starts].sort((a, b) => a.end - b.end);
    const free: number[] = [];
    let ended = 0;
    for (const interval of starts) {
      // What ended before has begun before, and has its place.
      for (let e = ends[ended]; e && e.end < interval.start; e = ends[++ended])
        free.push((locations[e.register] as { slot: number }).slot);
      let slot = free.pop();
      if (slot === undefined) {
        slot = bytes;
        bytes += size;
      }
      locations[interval.register] = { slot };
    }
  }
  return bytes;
}
