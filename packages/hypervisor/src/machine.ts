/**
 * The machine: what all threads of a hypervisor share. One block of memory that no guest sees, changed with Atomics.
 *
 * A page for each pCPU: a doorbell to sleep on, what it runs at the moment, one slow hypercall, and a bit for each of
 * its vCPUs that is to be run, under a bit for each 32 of them. A line for each domain: where it runs, whether it may, and what it has used.
 */
import type { DomId } from "@clickos/xen-evtchn";

export const maximumPcpus = 64;
/** vCPUs of one pCPU. */
export const slotsPerPcpu = 16_384;
/** Domain identifiers are below Xen's `DOMID_FIRST_RESERVED`. */
export const firstReservedDomain = 0x7ff0;

/** Words of a pCPU's page. */
export const pcpuWord = {
  /** Counts reasons to wake up; what a pCPU sleeps on. */
  doorbell: 0,
  /** Nonzero when messages wait. */
  mail: 1,
  /** Slot + 1 of the vCPU that runs, 0 for none; negative while the thread is finding out whether it may. */
  current: 2,
  /** Counts slices. */
  slices: 3,
  /** A hypercall that domain 0 answers: 0 none, 1 asked, 2 answered; then its domain, number, command, arguments, result. */
  call: 4,
  callDomain: 5,
  callNumber: 6,
  callCommand: 7,
  callA: 8,
  callB: 9,
  callResult: 10,
  /** Nonzero while a program in JavaScript is being loaded. */
  importing: 11,
  /** A bit for each word of `runnable` that may not be zero. */
  groups: 16,
  /** A bit for each vCPU. */
  runnable: 32,
} as const;
const pcpuWords = pcpuWord.runnable + slotsPerPcpu / 32;

/** Words of a domain's line. */
const domainWords = 10;
/** pCPU in the high half, slot + 1 in the low half; 0 while it is nowhere. */
const PLACE = 0;
/** Nonzero while it may run: `once` for one slice only. */
const MAY_RUN = 1;
const once = 2;
/** A double: nanoseconds of pCPU time. Then slices. */
const RUN_TIME = 2;
const SLICES = 4;
/** How its last slice ended: one of `ends`. */
const END = 5;
/** Nonzero when it was woken while it might not run. */
const WOKEN = 6;
/** When its timer is due, a 64-bit time of its own; 0 for never. */
const TIMER = 8;

/** How a slice ends, by number. */
export type SliceEnd = "idle" | "more" | "polling";
const ends: readonly SliceEnd[] = ["idle", "more", "polling"];

const domainsAt = maximumPcpus * pcpuWords;

/** What each thread holds of the machine. */
export class Machine {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly times: BigInt64Array;
  /** Called when domain 0 is rung for on this thread. */
  onRing: (() => void) | undefined;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer((domainsAt + firstReservedDomain * domainWords) * 4)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.times = new BigInt64Array(buffer);
  }

  /** Index of a word of a pCPU's page. */
  at(pcpu: number, word: number): number {
    return pcpu * pcpuWords + word;
  }
  /** Wakes a pCPU that sleeps, or is about to. */
  ring(pcpu: number): void {
    const doorbell = this.at(pcpu, pcpuWord.doorbell);
    Atomics.add(this.words, doorbell, 1);
    Atomics.notify(this.words, doorbell);
    if (pcpu === 0) this.onRing?.();
  }
  /** A message waits for a pCPU. */
  mail(pcpu: number): void {
    Atomics.store(this.words, this.at(pcpu, pcpuWord.mail), 1);
    this.ring(pcpu);
  }

  private line(id: DomId): number {
    return domainsAt + id * domainWords;
  }
  place(id: DomId): { pcpu: number; slot: number } | undefined {
    const place = Atomics.load(this.words, this.line(id) + PLACE);
    return place === 0 ? undefined : { pcpu: place >>> 16, slot: (place & 0xffff) - 1 };
  }
  setPlace(id: DomId, place: { pcpu: number; slot: number } | undefined): void {
    Atomics.store(this.words, this.line(id) + PLACE, place ? (place.pcpu << 16) | (place.slot + 1) : 0);
  }
  mayRun(id: DomId): boolean {
    return Atomics.load(this.words, this.line(id) + MAY_RUN) !== 0;
  }
  setMayRun(id: DomId, may: boolean): void {
    Atomics.store(this.words, this.line(id) + MAY_RUN, may ? 1 : 0);
  }
  /** Lets a domain that stands still run one slice. */
  setMayRunOnce(id: DomId): void {
    Atomics.store(this.words, this.line(id) + MAY_RUN, once);
  }
  /** A slice is to begin: whether it may, `once` when it is the only one. */
  claim(id: DomId): "no" | "yes" | "once" {
    const may = Atomics.compareExchange(this.words, this.line(id) + MAY_RUN, once, 0);
    return may === 0 ? "no" : may === once ? "once" : "yes";
  }
  /** Whether it was woken while it stood still; asked once. */
  takeWoken(id: DomId): boolean {
    return Atomics.exchange(this.words, this.line(id) + WOKEN, 0) !== 0;
  }
  /** How its last slice ended. */
  end(id: DomId): SliceEnd {
    return ends[Atomics.load(this.words, this.line(id) + END)] ?? "idle";
  }
  /** When its timer is due, in its own time; 0 when none is set. Of a domain that stands still. */
  timer(id: DomId): bigint {
    return this.times[(this.line(id) + TIMER) >> 1] as bigint;
  }
  /** A slice has ended; only the thread that runs the domain calls it. */
  setEnd(id: DomId, end: SliceEnd | "halted" | "crashed", timer: bigint): void {
    const line = this.line(id);
    this.times[(line + TIMER) >> 1] = timer;
    Atomics.store(this.words, line + END, end === "more" ? 1 : end === "polling" ? 2 : 0);
  }
  /** Has a domain run, wherever it is. One that is being moved is run once it has arrived, in any case. */
  wake(id: DomId): void {
    // Domain 0 is the program on the caller's thread.
    if (id === 0) {
      this.ring(0);
      return;
    }
    const place = Atomics.load(this.words, this.line(id) + PLACE);
    if (place === 0) return;
    // One that stands still is woken when it may run again. Who lets it does that, after what it is woken for was written.
    if (Atomics.load(this.words, this.line(id) + MAY_RUN) === 0) {
      Atomics.store(this.words, this.line(id) + WOKEN, 1);
      return;
    }
    const pcpu = place >>> 16;
    this.setRunnable(pcpu, (place & 0xffff) - 1);
    this.ring(pcpu);
  }
  /** Marks a vCPU as one that is to be run: its own bit first, so that whoever finds its group's finds it. */
  setRunnable(pcpu: number, slot: number): void {
    Atomics.or(this.words, this.at(pcpu, pcpuWord.runnable) + (slot >>> 5), 1 << (slot & 31));
    Atomics.or(this.words, this.at(pcpu, pcpuWord.groups) + (slot >>> 10), 1 << ((slot >>> 5) & 31));
  }
  /** One more slice; only the thread that runs the domain calls it. */
  charge(id: DomId, nanoseconds: number): void {
    const line = this.line(id);
    const time = (line + RUN_TIME) >> 1;
    this.doubles[time] = (this.doubles[time] as number) + nanoseconds;
    this.words[line + SLICES] = (this.words[line + SLICES] as number) + 1;
  }
  usage(id: DomId): { readonly runTimeNs: number; readonly slices: number } {
    const line = this.line(id);
    return {
      runTimeNs: this.doubles[(line + RUN_TIME) >> 1] as number,
      slices: (this.words[line + SLICES] as number) >>> 0,
    };
  }
  forget(id: DomId): void {
    this.words.fill(0, this.line(id), this.line(id) + domainWords);
  }
}
