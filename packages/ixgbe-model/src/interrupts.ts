/**
 * Interrupts, sections 7.3 and 8.2.3.5: causes gather in EICR, the mask EIMS lets them through, and the throttle EITR keeps
 * interrupts of a vector apart.
 *
 * With MSI-X (GPIE.Multiple_MSIX) IVAR maps each queue to a vector, and the other causes with IVAR_MISC. Without, IVAR maps queues
 * to bits of EICR, and all interrupts are vector 0. A cause that was told is told again only after it was cleared: by EIAC with
 * the interrupt itself, by reading EICR, or by writing 1 to it.
 *
 * Not modelled: the TCP timer, low-latency interrupts, credits of EITR.
 */
import type { RegisterFile } from "./register-file.ts";
import { queueCount } from "./register-table.ts";
import * as R from "./registers.ts";

/** Vectors of a function. */
const vectorCount = 64;
/** What EITR counts in: 2.048 microseconds at 10 Gb/s, from bit 3 on. */
const throttleUnitNs = 2048n;
const noVector = 0xff;

export class Interrupts {
  private readonly file: RegisterFile;
  private readonly now: () => bigint;
  private readonly tell: (vector: number) => void;
  /** Causes, and those that may interrupt: EICR, EIMS. */
  private causes = 0;
  private mask = 0;
  /** Of vectors from 16 on, whose causes have no bit in EICR: pending and let through, as EICS_EX and EIMS_EX have them. */
  private readonly high = new Uint32Array(2);
  private readonly highMask = new Uint32Array(2);
  /** Causes that were told and not cleared yet. */
  private told = 0;
  /** Vector of each queue's causes, receive first; `noVector` of those that IVAR does not map. */
  private readonly vectors = new Uint8Array(queueCount * 2);
  private readonly last = new BigInt64Array(vectorCount);
  /** Vectors that wait for their throttle. */
  private held = false;

  /** `tell` is called with the vector of each interrupt. `now` is in nanoseconds. */
  constructor(file: RegisterFile, now: () => bigint, tell: (vector: number) => void) {
    this.file = file;
    this.now = now;
    this.tell = tell;
    file.onRead("EICR", () => this.readCauses());
    file.onWrite("EICR", (value) => this.clear(value));
    file.onWrite("EICS", (value) => this.raise(value));
    file.onRead("EIMS", () => this.mask);
    file.onWrite("EIMS", (value) => {
      this.mask |= value & 0x7fffffff;
      this.highMask[0] = (this.highMask[0] as number) | (value & R.EICR_RTX_QUEUE);
      this.evaluate();
    });
    file.onWrite("EIMC", (value) => {
      this.mask &= ~value;
      this.highMask[0] = (this.highMask[0] as number) & ~(value & R.EICR_RTX_QUEUE);
      this.told &= this.mask;
    });
    file.onWrite("EICS_EX", (value, n) => this.raiseHigh(value, n));
    file.onRead("EIMS_EX", (n) => this.highMask[n] as number);
    file.onWrite("EIMS_EX", (value, n) => this.setHighMask(n, (this.highMask[n] as number) | value));
    file.onWrite("EIMC_EX", (value, n) => this.setHighMask(n, (this.highMask[n] as number) & ~value));
    file.onWrite("IVAR", (value, n) => this.map(value, n));
    this.reset();
  }

  reset(): void {
    this.causes = this.mask = this.told = 0;
    this.high.fill(0);
    this.highMask.fill(0);
    this.vectors.fill(noVector);
    this.last.fill(-(1n << 62n));
    this.held = false;
  }

  /** A frame came to a receive queue. */
  received(queue: number): void {
    this.raiseVector(this.vectors[queue] as number);
  }
  /** A transmit queue told that descriptors are done. */
  sent(queue: number): void {
    this.raiseVector(this.vectors[queueCount + queue] as number);
  }
  /** Adds causes. */
  raise(causes: number): void {
    this.causes |= causes & 0x7fffffff;
    this.evaluate();
  }
  /** Tells what the throttle held back, if it is time. */
  advance(): void {
    if (this.held) this.evaluate();
  }
  /** Nanoseconds until the throttle lets an interrupt through; `undefined` when none waits. */
  get readyIn(): bigint | undefined {
    if (!this.held) return undefined;
    let first: bigint | undefined;
    const now = this.now();
    for (let vector = 0; vector < vectorCount; vector++) {
      if (!this.pends(vector)) continue;
      const left = this.nextAt(vector) - now;
      if (first === undefined || left < first) first = left;
    }
    return first !== undefined && first > 0n ? first : 0n;
  }

  private get msix(): boolean {
    return (this.file.get("GPIE") & R.GPIE_MSIX) !== 0;
  }
  private raiseVector(vector: number): void {
    if (vector === noVector) return;
    if (vector < 16) this.raise(1 << vector);
    else this.raiseHigh(1 << (vector & 31), vector >> 5);
  }
  private raiseHigh(bits: number, n: number): void {
    // The first sixteen vectors are those of EICR.
    if (n === 0 && (bits & R.EICR_RTX_QUEUE) !== 0) this.raise(bits & R.EICR_RTX_QUEUE);
    const own = n === 0 ? bits & ~R.EICR_RTX_QUEUE : bits;
    this.high[n] = (this.high[n] as number) | own;
    if (own !== 0) this.evaluate();
  }
  private setHighMask(n: number, mask: number): void {
    this.highMask[n] = mask;
    if (n === 0) this.mask = (this.mask & ~R.EICR_RTX_QUEUE) | (mask & R.EICR_RTX_QUEUE);
    this.told &= this.mask;
    this.evaluate();
  }
  /** Two queues a register, with a byte for each direction. */
  private map(value: number, n: number): void {
    for (let k = 0; k < 4; k++) {
      const byte = (value >>> (k * 8)) & 0xff;
      const queue = n * 2 + (k >> 1);
      const vector = (byte & R.IVAR_VALID) === 0 ? noVector : byte & R.IVAR_ALLOC;
      this.vectors[queue + (k & 1) * queueCount] = vector;
    }
  }

  private readCauses(): number {
    const causes = this.causes;
    // With OCD set only the causes that are no queue's are cleared.
    this.clear((this.file.get("GPIE") & R.GPIE_OCD) !== 0 ? ~R.EICR_RTX_QUEUE : 0xffffffff);
    // Without MSI-X reading is what masks automatically.
    if (!this.msix) this.mask &= ~this.file.get("EIAM");
    return causes;
  }
  private clear(causes: number): void {
    this.causes &= ~causes;
    this.told &= ~causes;
  }

  /** The vector that a cause has with MSI-X; the others' is in IVAR_MISC. */
  private otherVector(): number {
    const entry = (this.file.get("IVAR_MISC") >>> 8) & 0xff;
    return (entry & R.IVAR_VALID) === 0 ? noVector : entry & R.IVAR_ALLOC;
  }
  /** Causes in EICR that a vector tells. */
  private causesOf(vector: number): number {
    if (!this.msix) return vector === 0 ? 0x7fffffff : 0;
    const queues = vector < 16 ? 1 << vector : 0;
    return vector === this.otherVector() ? queues | (0x7fffffff & ~R.EICR_RTX_QUEUE) : queues;
  }
  /** Whether a vector has something to tell. */
  private pends(vector: number): boolean {
    if ((this.causes & this.mask & ~this.told & this.causesOf(vector)) !== 0) return true;
    const bit = 1 << (vector & 31);
    return this.msix && ((this.high[vector >> 5] as number) & (this.highMask[vector >> 5] as number) & bit) !== 0;
  }
  private nextAt(vector: number): bigint {
    const eitr = vector < 24 ? this.file.get("EITR", vector) : this.file.get("EITR24", vector - 24);
    return (this.last[vector] as bigint) + BigInt((eitr >>> 3) & 0x1ff) * throttleUnitNs;
  }
  /** Tells what may be told. Without interrupts enabled this is two comparisons. */
  private evaluate(): void {
    this.held = false;
    const low = this.causes & this.mask & ~this.told;
    const { high, highMask } = this;
    const above = ((high[0] as number) & (highMask[0] as number)) | ((high[1] as number) & (highMask[1] as number));
    if (low === 0 && above === 0) return;
    const now = this.now();
    const count = this.msix ? vectorCount : 1;
    for (let vector = 0; vector < count; vector++) {
      if (!this.pends(vector)) continue;
      if (now < this.nextAt(vector)) this.held = true;
      else this.fire(vector, now);
    }
  }
  private fire(vector: number, now: bigint): void {
    const telling = this.causes & this.mask & ~this.told & this.causesOf(vector);
    this.last[vector] = now;
    this.told |= telling;
    if (this.msix) {
      this.high[vector >> 5] = (this.high[vector >> 5] as number) & ~(1 << (vector & 31));
      this.clear(telling & this.file.get("EIAC"));
      if ((this.file.get("GPIE") & R.GPIE_EIAME) !== 0) this.mask &= ~(telling & this.file.get("EIAM"));
    }
    this.tell(vector);
  }
}
