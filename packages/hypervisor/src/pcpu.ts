/** A pCPU: runs the vCPUs of its domains in turn, on the thread that it is. */
import { CreditScheduler, type Share } from "./credit.ts";
import type { GuestContext } from "./guest-context.ts";
import type { Guest } from "./kernel.ts";
import { type Machine, pcpuWord } from "./machine.ts";
import { Timers } from "./timers.ts";

/** A domain's only vCPU, on the pCPU that runs it. */
export interface Vcpu {
  readonly slot: number;
  readonly context: GuestContext;
  readonly guest: Guest;
  /** What is added to the machine's time to make the domain's. */
  readonly timeOffset: bigint;
}

export interface PcpuEvents {
  halted(vcpu: Vcpu): void;
  crashed(vcpu: Vcpu, error: unknown): void;
}

export class Pcpu {
  private readonly vcpus: (Vcpu | undefined)[] = [];
  private readonly credit = new CreditScheduler();
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly runnableAt: number;
  private readonly groupsAt: number;
  private readonly currentAt: number;
  private readonly slicesAt: number;
  /** In the machine's time. */
  private readonly timers = new Timers();

  private readonly machine: Machine;
  private readonly now: () => bigint;
  private readonly events: PcpuEvents;

  constructor(machine: Machine, index: number, now: () => bigint, events: PcpuEvents) {
    this.machine = machine;
    this.now = now;
    this.events = events;

    this.words = machine.words;
    this.index = index;
    this.groupsAt = machine.at(index, pcpuWord.groups);
    this.runnableAt = machine.at(index, pcpuWord.runnable);
    this.currentAt = machine.at(index, pcpuWord.current);
    this.slicesAt = machine.at(index, pcpuWord.slices);
  }

  add(vcpu: Vcpu, share: Share): void {
    this.vcpus[vcpu.slot] = vcpu;
    this.credit.add(vcpu.slot, share);
    this.setTimer(vcpu);
  }
  remove(slot: number): Vcpu | undefined {
    const vcpu = this.vcpus[slot];
    this.vcpus[slot] = undefined;
    while (this.vcpus.length > 0 && this.vcpus.at(-1) === undefined) this.vcpus.pop();
    this.credit.remove(slot);
    this.timers.remove(slot);
    this.setRunnable(slot, false);
    return vcpu;
  }
  get(slot: number): Vcpu | undefined {
    return this.vcpus[slot];
  }
  setShare(slot: number, share: Share): void {
    this.credit.setShare(slot, share);
  }

  private setRunnable(slot: number, runnable: boolean): void {
    if (runnable) this.machine.setRunnable(this.index, slot);
    else Atomics.and(this.words, this.runnableAt + (slot >>> 5), ~(1 << (slot & 31)));
  }
  /** The bits of 32 vCPUs that may be runnable; their group's bit goes when there are none. */
  private runnable(word: number): number {
    const at = this.runnableAt + word;
    const bits = Atomics.load(this.words, at);
    if (bits !== 0) return bits;
    const group = this.groupsAt + (word >>> 5);
    const bit = 1 << (word & 31);
    Atomics.and(this.words, group, ~bit);
    // Whoever sets a bit of the word sets the group's after it: either is seen here.
    const again = Atomics.load(this.words, at);
    if (again !== 0) Atomics.or(this.words, group, bit);
    return again;
  }
  private setTimer({ slot, context, timeOffset }: Vcpu): void {
    if (context.timer === 0n) this.timers.remove(slot);
    else this.timers.set(slot, context.timer - timeOffset);
  }

  /** Marks the vCPU as running, so that others can see who does: `undefined` for none. */
  enter(slot: number | undefined): void {
    if (slot !== undefined) Atomics.add(this.words, this.slicesAt, 1);
    Atomics.store(this.words, this.currentAt, slot === undefined ? 0 : slot + 1);
  }

  /** Does something in the name of a vCPU that is not yet there, as booting it: a pCPU that is stuck shows who it is. */
  as<T>(slot: number, body: () => T): T {
    this.enter(slot);
    try {
      return body();
    } finally {
      this.enter(undefined);
    }
  }
  /** The same for what takes several turns of the thread; nothing else may run on it meanwhile. */
  async asAll<T>(slot: number, body: () => Promise<T>): Promise<T> {
    this.enter(slot);
    try {
      return await body();
    } finally {
      this.enter(undefined);
    }
  }

  /** One slice for each vCPU that is runnable and has a claim to it. True when any ran. */
  pass(): boolean {
    let now = this.now();
    this.credit.account(Number(now));
    this.lookAtTimers(now);
    let worked = false;
    let over = false;
    const count = (this.vcpus.length + 31) >>> 5;
    // First those with credits; the others only when there are none.
    for (let round = 0; round < 2 && !worked; round++) {
      if (round === 1 && !over) break;
      for (let g = 0; g * 32 < count; g++) {
        for (let words = Atomics.load(this.words, this.groupsAt + g); words !== 0; words &= words - 1) {
          const w = g * 32 + lowest(words);
          for (let bits = this.runnable(w); bits !== 0; bits &= bits - 1) {
            const slot = w * 32 + lowest(bits);
            const vcpu = this.vcpus[slot];
            if (!vcpu) continue;
            if (this.credit.isParked(slot)) continue;
            if (round === 0 && !this.credit.isUnder(slot)) {
              over = true;
              continue;
            }
            const end = this.slice(vcpu, now);
            if (end === undefined) continue;
            now = end;
            worked = true;
          }
        }
      }
    }
    return worked;
  }

  /** The time after it, or `undefined` when it may not run. */
  private slice(vcpu: Vcpu, now: bigint): bigint | undefined {
    const { slot, context } = vcpu;
    this.setRunnable(slot, false);
    // Whoever pauses a domain sees either that it runs or may, or that it does not begin to. One that is only asked for is
    // not to blame for the end of the thread.
    Atomics.store(this.words, this.currentAt, -(slot + 1));
    const claim = this.machine.claim(context.id);
    if (claim === "no") {
      this.enter(undefined);
      return undefined;
    }
    this.enter(slot);
    // Timers of one that stands still are not looked at otherwise.
    if (claim === "once" && context.timer !== 0n && context.timer <= now + vcpu.timeOffset) context.timerDue();
    let failure: unknown;
    let state: ReturnType<Guest["run"]> | "crashed";
    try {
      state = vcpu.guest.run(now + vcpu.timeOffset);
    } catch (e) {
      failure = e;
      state = "crashed";
    }
    context.consoleDrain();
    const end = this.now();
    const used = Number(end - now);
    this.machine.charge(context.id, used);
    this.credit.charge(slot, used);
    if (state === "more" || state === "polling") this.setRunnable(slot, true);
    const { timer } = context;
    this.setTimer(vcpu);
    // Who waits for the slice to end finds what has become of the domain.
    if (state === "crashed") this.events.crashed(vcpu, failure);
    else if (state === "halted") this.events.halted(vcpu);
    this.machine.setEnd(context.id, state, timer);
    this.enter(undefined);
    if (claim === "once") this.machine.ring(0);
    return end;
  }

  /** The vCPU whose timer is the first to be due, of those that may run: the others' count when they may again. */
  private nextVcpu(): Vcpu | undefined {
    for (let slot = this.timers.first; slot !== undefined; slot = this.timers.first) {
      const vcpu = this.vcpus[slot];
      if (vcpu && this.machine.mayRun(vcpu.context.id)) return vcpu;
      this.timers.remove(slot);
    }
    return undefined;
  }
  /** Makes those runnable whose timers are due. */
  private lookAtTimers(now: bigint): void {
    for (let vcpu = this.nextVcpu(); vcpu && this.timers.at(vcpu.slot) <= now; vcpu = this.nextVcpu()) {
      this.timers.remove(vcpu.slot);
      vcpu.context.timerDue();
      this.setRunnable(vcpu.slot, true);
    }
  }

  /** One slice of a vCPU that may run one. */
  step(slot: number): void {
    const vcpu = this.vcpus[slot];
    if (vcpu) this.slice(vcpu, this.now());
  }

  /** A domain may run again: its timer counts. */
  unpaused(slot: number): void {
    const vcpu = this.vcpus[slot];
    if (vcpu) this.setTimer(vcpu);
  }

  /** The next timer of those that may run. */
  get nextTimer(): bigint | undefined {
    const vcpu = this.nextVcpu();
    return vcpu && this.timers.at(vcpu.slot);
  }

  /** When there may be something to do again if nothing is sent: a timer, or the period in which parked ones may run. */
  get nextWork(): bigint | undefined {
    const timer = this.nextTimer;
    const count = (this.vcpus.length + 31) >>> 5;
    let waiting = false;
    for (let g = 0; g * 32 < count && !waiting; g++)
      for (let words = Atomics.load(this.words, this.groupsAt + g); words !== 0 && !waiting; words &= words - 1)
        waiting = this.runnable(g * 32 + lowest(words)) !== 0;
    if (!waiting) return timer;
    const period = BigInt(Math.ceil(this.credit.nextPeriod));
    return timer === undefined || period < timer ? period : timer;
  }
}

/** The number of the lowest bit. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
