/**
 * The pCPUs that are threads of their own, as domain 0 sees them: it tells them what to run, answers their slow
 * hypercalls, and replaces those that are lost.
 */
import type { EventEndpoint } from "@clickos/xen-evtchn";
import type { CrashCause } from "./crash.ts";
import { errno, type ShutdownReason } from "./hypercalls.ts";
import { type Machine, maximumPcpus, pcpuWord } from "./machine.ts";
import type { Failure, FromPcpu, PcpuThread, PcpuThreads, ToPcpu } from "./thread.ts";
import { Watchdog } from "./watchdog.ts";

/** What the hypervisor does when a thread has something to say. */
export interface ThreadEvents {
  started(domain: number, failure: Failure | undefined): void;
  crashed(domain: number, failure: Failure): void;
  halted(domain: number, reason: ShutdownReason): void;
  /** A hypercall of a domain that runs on this pCPU; `undefined` when it does not. */
  call(pcpu: number, domain: number, number: number, command: number, a: number, b: number): number | undefined;
  /**
   * A thread was lost and there is a fresh one in its place: `slot` was running, -1 for none. Those that are to go on
   * are to be added again.
   */
  lost(pcpu: number, slot: number, cause: CrashCause, message: string): void;
  /** A thread cannot be kept alive: nothing can run there. */
  failed(pcpu: number, message: string): void;
}

/** Threads that end in a row without having said a word, before no more are started. */
const attempts = 3;

export interface Answer {
  readonly value: number;
  readonly failure?: Failure;
}

interface Thread {
  thread: PcpuThread;
  readonly index: number;
  /** Answers that are waited for. */
  readonly requests: Map<number, (answer: Answer) => void>;
  /** While it is being replaced, and when it is not replaced any more. */
  ending: boolean;
  /** Ends since it last said something. */
  ends: number;
  failure: string | undefined;
}

export class PcpuThreadSet {
  private readonly threads: Thread[] = [];
  private readonly machine: Machine;
  private readonly factory: PcpuThreads | undefined;
  private readonly events: ThreadEvents;
  private readonly watchdog: Watchdog;
  private nextRequest = 1;
  private closed = false;
  /** Threads that were lost or ended, and replaced. */
  replaced = 0;

  constructor(machine: Machine, factory: PcpuThreads | undefined, watchdogMs: number, events: ThreadEvents) {
    this.machine = machine;
    this.factory = factory;
    this.events = events;
    for (let index = 1; index <= Math.min(factory?.count ?? 0, maximumPcpus - 1); index++)
      this.threads.push({
        thread: this.start(index),
        index,
        requests: new Map(),
        ending: false,
        ends: 0,
        failure: undefined,
      });
    this.watchdog = new Watchdog(machine, this.threads.length, watchdogMs, (pcpu, ms) => {
      const t = this.threads[pcpu - 1];
      if (t) void this.replace(t, "watchdog", `the vCPU ran for ${Math.round(ms)} ms without a pause`);
    });
  }

  get count(): number {
    return this.threads.length;
  }

  private start(index: number): PcpuThread {
    const { machine } = this;
    for (const word of [pcpuWord.mail, pcpuWord.current, pcpuWord.call])
      Atomics.store(machine.words, machine.at(index, word), 0);
    const current = (): Thread | undefined => {
      const t = this.threads[index - 1];
      return t?.thread === thread ? t : undefined;
    };
    const thread: PcpuThread = (this.factory as PcpuThreads).spawn(index, machine.buffer, {
      message: (m) => {
        const t = current();
        if (t) this.received(t, m);
      },
      exit: (why) => {
        const t = current();
        const cause = why.includes("ERR_WORKER_OUT_OF_MEMORY") ? "out-of-memory" : "killed";
        if (t) void this.replace(t, cause, why);
      },
    });
    return thread;
  }

  private received(t: Thread, m: FromPcpu): void {
    t.ends = 0;
    if (m.op === "call") this.answerCall(t);
    else if (m.op === "done") {
      t.requests.get(m.request)?.(m);
      t.requests.delete(m.request);
    } else if (m.op === "halted") this.events.halted(m.id, m.reason);
    else if (m.op === "crashed") this.events.crashed(m.id, m.failure);
    else this.events.started(m.id, m.failure);
  }

  private answerCall(t: Thread): void {
    const { words } = this.machine;
    const at = (word: number): number => this.machine.at(t.index, word);
    const call = at(pcpuWord.call);
    if (Atomics.load(words, call) !== 1) return;
    const word = (which: number): number => Atomics.load(words, at(which));
    const result = this.events.call(
      t.index,
      word(pcpuWord.callDomain),
      word(pcpuWord.callNumber),
      word(pcpuWord.callCommand),
      word(pcpuWord.callA),
      word(pcpuWord.callB),
    );
    Atomics.store(words, at(pcpuWord.callResult), result ?? errno.ESRCH);
    Atomics.store(words, call, 2);
    Atomics.notify(words, call);
  }

  /** Ends a thread, if it has not ended by itself, and puts a fresh one in its place. */
  private async replace(t: Thread, cause: CrashCause, message: string): Promise<void> {
    if (t.ending || this.closed) return;
    t.ending = true;
    await t.thread.terminate();
    if (this.closed) return;
    t.thread.poll();
    this.replaced++;
    const { words } = this.machine;
    const slot = Atomics.load(words, this.machine.at(t.index, pcpuWord.current)) - 1;
    this.abandon(t);
    if (++t.ends > attempts) {
      t.failure = message;
      this.events.failed(t.index, message);
      return;
    }
    t.thread = this.start(t.index);
    t.ending = false;
    this.events.lost(t.index, slot, cause, message);
  }
  /** Nobody waits for a thread that has ended. */
  private abandon(t: Thread): void {
    for (const done of t.requests.values())
      done({ value: 0, failure: { name: "HypervisorError", message: "the thread has ended", stack: "" } });
    t.requests.clear();
  }

  /** Why there is nothing to run on, if there is not. */
  failure(pcpu: number): string | undefined {
    return this.threads[pcpu - 1]?.failure;
  }
  /** Hears what all threads have to say, and looks after them. */
  poll(): void {
    for (const t of this.threads) {
      if (!t.ending) t.thread.poll();
      this.answerCall(t);
    }
    this.watchdog.check();
  }
  /** Hears what one has to say, to who waits for it without leaving. */
  pollOne(pcpu: number): void {
    const t = this.threads[pcpu - 1];
    if (!t) return;
    t.thread.poll();
    this.answerCall(t);
  }
  post(pcpu: number, message: ToPcpu): void {
    this.threads[pcpu - 1]?.thread.post(message);
    this.machine.mail(pcpu);
  }
  /** Tells a thread, or all of them, how to deliver to a domain. */
  publish(endpoint: EventEndpoint, pcpu?: number): void {
    const { id, sharedInfo, channels } = endpoint;
    for (const t of this.threads)
      if (pcpu === undefined || t.index === pcpu) this.post(t.index, { op: "endpoint", id, sharedInfo, channels });
  }
  forget(id: number): void {
    for (const t of this.threads) this.post(t.index, { op: "forget", id });
  }
  /** Asks for something and waits for the answer. */
  ask(
    pcpu: number,
    message:
      | { readonly op: "remove"; readonly slot: number }
      | { readonly op: "load"; readonly slot: number; readonly module: WebAssembly.Module },
  ): Promise<Answer> {
    const t = this.threads[pcpu - 1];
    if (!t || t.failure !== undefined)
      return Promise.resolve({
        value: 0,
        failure: { name: "HypervisorError", message: "there is no thread", stack: "" },
      });
    return awake(
      new Promise((resolve) => {
        const request = this.nextRequest++;
        t.requests.set(request, resolve);
        this.post(pcpu, { ...message, request });
      }),
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watchdog.close();
    await Promise.all(this.threads.map((t) => t.thread.terminate()));
    for (const t of this.threads) this.abandon(t);
  }
}

/** Threads keep no process alive; who waits for one does. */
export async function awake<T>(answer: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 1000);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}
