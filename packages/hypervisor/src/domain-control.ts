/** The hypervisor's own view of a domain. */
import { frameSize } from "@clickos/grant-table";
import { DomainConsole } from "./console.ts";
import { type CrashRecord, crashRecord } from "./crash.ts";
import { defaultShare, type Share } from "./credit.ts";
import { type Domain, type DomainOptions, type DomainState, type DomainStatistics, residentBytes } from "./domain.ts";
import { HypervisorError } from "./error.ts";
import type { ShutdownReason } from "./hypercalls.ts";
import type { Kernel } from "./kernel.ts";
import { domainFrames } from "./layout.ts";
import { type Machine, pcpuWord } from "./machine.ts";
import type { Pcpu } from "./pcpu.ts";
import { type Answer, awake, type PcpuThreadSet } from "./pcpu-threads.ts";
import { failureOf, type ToPcpu } from "./thread.ts";

/** How long to wait for a slice to end: domain 0 does nothing else meanwhile. */
export const holdMs = 40;

/** What a domain runs on. */
export interface DomainHost {
  readonly machine: Machine;
  /** The caller's own pCPU, number 0, and those on threads. */
  readonly own: Pcpu;
  readonly threads: PcpuThreadSet;
  /** The memory of a domain that is no more. */
  readonly nothing: WebAssembly.Memory;
  now(): bigint;
}

/** Where a domain is placed. */
export interface DomainPlace {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly pcpu: number;
  readonly slot: number;
  /** Zeros for its console's stream. */
  readonly console: Int32Array;
}

/** @throws {HypervisorError} BAD_SHARE */
export function checkedShare(share: Partial<Share>, before: Share = defaultShare): Share {
  const { weight, cap } = { ...before, ...share };
  if (!(weight >= 1 && weight <= 65535 && cap >= 0 && cap <= 100))
    throw new HypervisorError(
      "BAD_SHARE",
      `weight ${weight}, cap ${cap}: weights are 1 to 65535, caps 0 to 100 percent`,
    );
  return { weight, cap };
}

export class DomainControl implements Domain {
  readonly id: number;
  name: string;
  readonly options: DomainOptions;
  table: Domain["table"];
  readonly text: DomainConsole;
  /** What is added to the machine's time to make its own. */
  readonly timeOffset: bigint;
  readonly exited: Promise<void>;
  memory: WebAssembly.Memory;
  /** What it consists of by now, for a thread to start it again. */
  kernel: Kernel;
  state: DomainState = "paused";
  crash: CrashRecord | undefined;
  shutdownReason: ShutdownReason | undefined;
  share: Share;
  pcpu: number;
  slot: number;
  /** Whether its kernel has started once. */
  started = false;
  onStarted: (() => void) | undefined;
  /** Between two pCPUs: nobody runs it, and nobody is to. */
  moving = false;
  /** Between two modules: the same. */
  exchanging = false;
  private readonly host: DomainHost;
  private readonly bytes: number;
  private leave: () => void = () => {};

  constructor(options: DomainOptions, place: DomainPlace, share: Share, host: DomainHost) {
    const { buffer } = place.memory;
    this.id = place.id;
    this.name = options.name;
    this.options = options;
    this.memory = place.memory;
    this.table = { buffer, offset: domainFrames.grantTable * frameSize, frames: domainFrames.grantTableFrames };
    this.text = new DomainConsole(buffer, place.console);
    const timeNs = options.timeNs ?? options.snapshot?.timeNs;
    this.timeOffset = timeNs === undefined ? 0n : timeNs - host.now();
    this.kernel = options.kernel;
    this.share = share;
    this.pcpu = place.pcpu;
    this.slot = place.slot;
    this.host = host;
    this.bytes = buffer.byteLength;
    this.exited = new Promise((resolve) => {
      this.leave = resolve;
    });
  }

  rename(name: string): void {
    this.name = name;
  }
  /** Whether its memory holds what a kernel left there. */
  get resumed(): boolean {
    return this.started || this.options.snapshot !== undefined;
  }

  // ---- states

  /** Whether it runs, or may again. */
  get isAlive(): boolean {
    return this.state === "running" || this.state === "paused";
  }
  unpause(): void {
    if (this.state !== "paused") return;
    this.state = "running";
    const { slot } = this;
    this.tell({ op: "unpaused", slot }, () => this.host.own.unpaused(slot));
    this.goOn();
  }
  /** Has it run again that stood still, if it is to. */
  goOn(): void {
    if (this.state !== "running" || this.exchanging) return;
    this.host.machine.setMayRun(this.id, true);
    this.host.machine.wake(this.id);
  }
  async pause(): Promise<void> {
    if (this.state === "running") {
      this.state = "paused";
      this.host.machine.setMayRun(this.id, false);
      // What it was woken for and has not seen is for the slices that it may run one by one.
      this.host.machine.wake(this.id);
    }
    while (this.state === "paused" ? this.moves : this.isInSlice) {
      this.host.threads.pollOne(this.pcpu);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  /** Whether it runs at this moment on a thread, or is about to: a paused one may have one slice to run. */
  get moves(): boolean {
    // In this order: a thread that begins a slice says so first, and takes the permission after that.
    return this.host.machine.mayRun(this.id) || this.isInSlice;
  }
  /** Whether a thread is running it at this moment. */
  get isInSlice(): boolean {
    const { machine } = this.host;
    if (this.pcpu === 0) return false;
    return Math.abs(Atomics.load(machine.words, machine.at(this.pcpu, pcpuWord.current))) === this.slot + 1;
  }
  shutdown(reason: ShutdownReason): void {
    if (!this.isAlive) return;
    this.shutdownReason = reason;
    this.end("halted");
  }
  died(record: CrashRecord): void {
    if (this.state === "destroyed" || this.state === "crashed") return;
    this.crash = record;
    this.end("crashed");
  }
  /** It is no more: what is still asked of it is answered from nothing. */
  destroyed(): void {
    this.end("destroyed");
    this.text.detach();
    // Its memory may be another's soon.
    this.memory = this.host.nothing;
    this.table = { buffer: this.memory.buffer, offset: 0, frames: 0 };
    this.onStarted?.();
  }
  private end(state: DomainState): void {
    this.host.machine.setMayRun(this.id, false);
    this.state = state;
    this.leave();
  }

  // ---- what it runs

  async load(module: WebAssembly.Module): Promise<number> {
    const { portable } = this.kernel;
    if (!portable || !("modules" in portable))
      throw new HypervisorError("LOAD_FAILED", `the kernel of '${this.name}' takes no modules`);
    const { failure, value } = this.pcpu === 0 ? this.loadHere(module) : await this.loadThere(module);
    if (failure) {
      const crash = crashRecord(this, undefined, failure, this.options.locate);
      throw new HypervisorError("LOAD_FAILED", `a module for '${this.name}' did not start: ${crash.message}`, crash);
    }
    this.host.machine.wake(this.id);
    return value;
  }
  /** On its thread; again on the next one, when that thread is lost through another's fault: the module had no turn yet. */
  private async loadThere(module: WebAssembly.Module): Promise<Answer> {
    for (;;) {
      const { pcpu, slot } = this;
      const answer = await this.host.threads.ask(pcpu, { op: "load", slot, module }, ({ failure, value }) => {
        if (!failure) this.setModule(value, module);
      });
      if (!(answer.abandoned && this.isAlive)) return answer;
      await this.putBack();
      if (!this.isAlive) return answer;
    }
  }
  /** Resolves when a thread has taken it up, or when it is no more. */
  private putBack(): Promise<void> {
    return awake(
      new Promise((resolve) => {
        const before = this.onStarted;
        this.onStarted = () => {
          before?.();
          this.onStarted = before;
          resolve();
        };
      }),
    );
  }
  private loadHere(module: WebAssembly.Module): Answer {
    try {
      const guest = this.host.own.get(this.slot)?.guest;
      if (!guest?.load) throw new Error(`it is ${this.state}`);
      const value = guest.load(module, true);
      this.setModule(value, module);
      return { value };
    } catch (e) {
      return { value: 0, failure: failureOf(e) };
    }
  }
  unload(index: number): void {
    this.setModule(index, undefined);
    const { slot } = this;
    this.tell({ op: "unload", slot, index }, () => this.host.own.get(slot)?.guest.unload?.(index));
  }
  async exchange(index: number, module: WebAssembly.Module, change: () => void): Promise<void> {
    const { machine, own, threads } = this.host;
    const fail = (why: string): HypervisorError =>
      new HypervisorError("LOAD_FAILED", `a module of '${this.name}' was not exchanged: ${why}`);
    if (!this.isAlive || this.moving || this.exchanging)
      throw fail(this.isAlive ? "it is busy" : `it is ${this.state}`);
    this.exchanging = true;
    if (this.state === "running") machine.setMayRun(this.id, false);
    try {
      await this.soon(() => !this.moves);
      if (!this.isAlive) throw fail(`it is ${this.state}`);
      change();
      this.setModule(index, module);
      if (this.pcpu === 0) own.get(this.slot)?.guest.exchange?.(index, module);
      else {
        let answer: Answer | undefined;
        const asked = threads.ask(this.pcpu, { op: "exchange", slot: this.slot, index, module }, (given) => {
          answer = given;
        });
        await this.soon(() => answer !== undefined);
        const { failure, abandoned } = await asked;
        // A thread that takes the place of one that was lost begins with the modules of by now.
        if (failure && !abandoned) throw fail(failure.message);
      }
    } finally {
      this.exchanging = false;
      this.goOn();
    }
  }
  /** Waits for something that its thread does: without letting anything else happen here, for as long as `hold` would. */
  private async soon(done: () => boolean): Promise<void> {
    const end = performance.now() + holdMs;
    while (!done() && performance.now() < end) this.host.threads.pollOne(this.pcpu);
    while (!done() && this.isAlive) {
      this.host.threads.pollOne(this.pcpu);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  private setModule(index: number, module: WebAssembly.Module | undefined): void {
    const { portable } = this.kernel;
    if (!portable || !("modules" in portable)) return;
    const modules = [...portable.modules];
    modules[index] = module;
    this.kernel = { ...this.kernel, portable: { modules } };
  }
  /** Something for the pCPU that runs it: a message to its thread, or done here. */
  private tell(message: ToPcpu, here: () => void): void {
    if (this.pcpu === 0) here();
    else this.host.threads.post(this.pcpu, message);
  }

  // ---- console, time, shares, figures

  get console(): string {
    return this.text.read();
  }
  get consoleBytes(): number {
    return this.text.written;
  }
  print(text: string): void {
    this.text.write(new TextEncoder().encode(text));
  }
  type(text: string): number {
    const count = this.text.type(new TextEncoder().encode(text));
    if (count > 0) this.host.machine.wake(this.id);
    return count;
  }
  now(): bigint {
    return this.host.now() + this.timeOffset;
  }
  get nextTimer(): bigint | undefined {
    const timer = this.isAlive ? this.host.machine.timer(this.id) : 0n;
    return timer === 0n ? undefined : timer - this.timeOffset;
  }
  setShare(given: Partial<Share>): void {
    const share = checkedShare(given, this.share);
    const { slot } = this;
    this.share = share;
    this.tell({ op: "share", slot, share }, () => this.host.own.setShare(slot, share));
  }
  get statistics(): DomainStatistics {
    return { ...this.host.machine.usage(this.id), pcpu: this.pcpu, memoryBytes: this.bytes };
  }
  residentBytes(): number {
    return residentBytes(this.memory.buffer);
  }
}
