/**
 * The pCPUs that are threads of their own, as domain 0 sees them: it tells them what to run, answers their slow
 * hypercalls, and replaces those that are lost.
 */
import type { EventEndpoint } from "@clickos/xen-evtchn";
import type { CrashCause } from "./crash.ts";
import { errno, type ShutdownReason } from "./hypercalls.ts";
import { type Machine, maximumPcpus, pcpuWord } from "./machine.ts";
import { type Failure, type FromPcpu, failureOf, type PcpuThread, type PcpuThreads, type ToPcpu } from "./thread.ts";
import { Watchdog } from "./watchdog.ts";

/** What the hypervisor does when a thread has something to say. */
export interface ThreadEvents {
  started(pcpu: number, domain: number, failure: Failure | undefined): void;
  crashed(domain: number, failure: Failure): void;
  halted(domain: number, reason: ShutdownReason): void;
  /** A hypercall of a domain that runs on this pCPU; `undefined` when it does not. */
  call(pcpu: number, domain: number, number: number, command: number, a: number, b: number): number | undefined;
  /** A thread was lost; `slot` was running, or being started, -1 for none. Whether it is known whose fault it was. */
  lost(pcpu: number, slot: number, cause: CrashCause, message: string): boolean;
  /** There is a fresh thread: those that are to run on it are to be added. */
  fresh(pcpu: number): void;
  /** No thread can be started, for the time being. Whether any domain waits for one. */
  failed(pcpu: number, message: string): boolean;
}

/** Threads that end in a row without having said a word, before the pCPU is said to have failed. */
const attempts = 3;
/** Waits before a thread is replaced whose end was nobody's fault, and was not the first: from, and at most. */
const backOffMs = 10;
const longestBackOffMs = 1000;
/** A thread that lived so long begins with a clean record. */
const settledMs = 1000;

export interface Answer {
  readonly value: number;
  readonly failure?: Failure;
  /** The thread has ended without having done it, or begun to. */
  readonly abandoned?: boolean;
}

interface Thread {
  readonly index: number;
  /** None while it is being replaced. */
  thread: PcpuThread | undefined;
  /** Answers that are waited for. */
  readonly requests: Map<number, (answer: Answer) => void>;
  /** Domains that it knows how to deliver to. */
  readonly known: Set<number>;
  /** While it is being ended. */
  ending: boolean;
  /** Whether it has said a word, and when it was started. */
  spoke: boolean;
  since: number;
  /** Ends in a row that were nobody's fault. */
  ends: number;
  failure: string | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
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
    for (let index = 1; index <= Math.min(factory?.count ?? 0, maximumPcpus - 1); index++) {
      const t: Thread = {
        index,
        thread: undefined,
        requests: new Map(),
        known: new Set(),
        ending: false,
        spoke: false,
        since: 0,
        ends: 0,
        failure: undefined,
        timer: undefined,
      };
      this.threads.push(t);
      this.spawn(t);
    }
    this.watchdog = new Watchdog(machine, this.threads.length, watchdogMs, (pcpu, slot, ms) => {
      const t = this.threads[pcpu - 1];
      if (t?.thread)
        void this.replace(t, t.thread, "watchdog", `the vCPU ran for ${Math.round(ms)} ms without a pause`, slot);
    });
  }

  get count(): number {
    return this.threads.length;
  }

  /** Starts a thread. */
  private spawn(t: Thread): void {
    const { machine } = this;
    t.spoke = false;
    t.since = performance.now();
    let thread: PcpuThread | undefined;
    try {
      thread = (this.factory as PcpuThreads).spawn(t.index, machine.buffer, {
        message: (m) => {
          if (t.thread === thread) this.received(t, m);
        },
        exit: (why) => {
          const cause = why.includes("ERR_WORKER_OUT_OF_MEMORY") ? "out-of-memory" : "killed";
          if (thread && t.thread === thread) void this.replace(t, thread, cause, why);
        },
      });
      t.thread = thread;
    } catch (e) {
      const { message } = failureOf(e);
      queueMicrotask(() => this.ended(t, -1, "killed", message));
    }
  }

  private received(t: Thread, m: FromPcpu): void {
    t.spoke = true;
    t.failure = undefined;
    if (m.op === "ready") return;
    if (m.op === "call") this.answerCall(t);
    else if (m.op === "done") {
      t.requests.get(m.request)?.(m);
      t.requests.delete(m.request);
    } else if (m.op === "halted") this.events.halted(m.id, m.reason);
    else if (m.op === "crashed") this.events.crashed(m.id, m.failure);
    else this.events.started(t.index, m.id, m.failure);
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

  /** Ends a thread, if it has not ended by itself, and has a fresh one take its place. */
  private async replace(
    t: Thread,
    thread: PcpuThread,
    cause: CrashCause,
    message: string,
    culprit?: number,
  ): Promise<void> {
    if (t.ending || this.closed) return;
    t.ending = true;
    try {
      await thread.terminate();
    } finally {
      t.ending = false;
    }
    if (this.closed) return;
    thread.poll(true);
    const current = Atomics.load(this.machine.words, this.machine.at(t.index, pcpuWord.current));
    this.ended(t, culprit ?? Math.max(0, current) - 1, cause, message);
  }

  /** A thread has ended. `slot` was running, or being started. */
  private ended(t: Thread, slot: number, cause: CrashCause, message: string): void {
    t.thread = undefined;
    t.known.clear();
    this.replaced++;
    for (const word of [pcpuWord.mail, pcpuWord.current, pcpuWord.call, pcpuWord.importing])
      Atomics.store(this.machine.words, this.machine.at(t.index, word), 0);
    this.abandon(t);
    // One that has not even begun has met nobody's guests.
    if ((t.spoke || slot >= 0) && this.events.lost(t.index, slot, cause, message)) {
      // There is one domain less each time: this comes to an end.
      t.ends = 0;
      this.renew(t);
      return;
    }
    t.ends = performance.now() - t.since > settledMs ? 1 : t.ends + 1;
    if (!t.spoke && t.ends > attempts) {
      t.failure = message;
      if (!this.events.failed(t.index, message)) return;
    }
    if (t.ends === 1) this.renew(t);
    else this.later(t, Math.min(longestBackOffMs, backOffMs * 2 ** (t.ends - 2)));
  }
  private later(t: Thread, ms: number): void {
    clearTimeout(t.timer);
    t.timer = setTimeout(() => this.renew(t), ms);
    (t.timer as { unref?: () => void }).unref?.();
  }
  private renew(t: Thread): void {
    if (this.closed || t.thread) return;
    this.spawn(t);
    if (t.thread) this.events.fresh(t.index);
  }
  /** Tries again to start a thread that could not be started, if that is not tried in any case. */
  revive(pcpu: number): void {
    const t = this.threads[pcpu - 1];
    if (t && !t.thread) this.later(t, 0);
  }
  /** Nobody waits for a thread that has ended. */
  private abandon(t: Thread): void {
    const failure = { name: "HypervisorError", message: "the thread has ended", stack: "" };
    for (const done of t.requests.values()) done({ value: 0, failure, abandoned: true });
    t.requests.clear();
  }

  /** Why there is no thread to run on, if none could be started. */
  failure(pcpu: number): string | undefined {
    return this.threads[pcpu - 1]?.failure;
  }
  /** Hears what all threads have to say, and looks after them. */
  poll(): void {
    // First: who has been waiting for an answer all the time has not been running.
    this.watchdog.check();
    for (const t of this.threads) {
      if (!t.ending) t.thread?.poll();
      this.answerCall(t);
    }
  }
  /** Hears what one has to say, to who waits for it without leaving. */
  pollOne(pcpu: number): void {
    const t = this.threads[pcpu - 1];
    if (!t) return;
    t.thread?.poll();
    this.answerCall(t);
  }
  post(pcpu: number, message: ToPcpu): void {
    this.threads[pcpu - 1]?.thread?.post(message);
    this.machine.mail(pcpu);
  }
  /** Tells a thread, or all of them, how to deliver to a domain. */
  publish(endpoint: EventEndpoint, pcpu?: number): void {
    const { id, sharedInfo, at, channels } = endpoint;
    for (const t of this.threads) {
      // Once is enough: a guest that binds channels without end fills no thread's queue.
      if ((pcpu !== undefined && t.index !== pcpu) || !t.thread || t.known.has(id)) continue;
      t.known.add(id);
      this.post(t.index, { op: "endpoint", id, sharedInfo, at, channels });
    }
  }
  forget(id: number): void {
    for (const t of this.threads) if (t.known.delete(id)) this.post(t.index, { op: "forget", id });
  }
  /** Asks for something and waits for the answer. `heard` is told at once: the thread may be replaced right after it. */
  ask(
    pcpu: number,
    message:
      | { readonly op: "remove"; readonly slot: number }
      | { readonly op: "load"; readonly slot: number; readonly module: WebAssembly.Module }
      | {
          readonly op: "exchange";
          readonly slot: number;
          readonly index: number;
          readonly module: WebAssembly.Module;
        },
    heard: (answer: Answer) => void = () => {},
  ): Promise<Answer> {
    const t = this.threads[pcpu - 1];
    if (!t?.thread || this.closed)
      return Promise.resolve({
        value: 0,
        failure: { name: "HypervisorError", message: "there is no thread", stack: "" },
        // One that is being replaced is coming.
        abandoned: t !== undefined && t.failure === undefined && !this.closed,
      });
    return awake(
      new Promise((resolve) => {
        const request = this.nextRequest++;
        t.requests.set(request, (answer) => {
          heard(answer);
          resolve(answer);
        });
        this.post(pcpu, { ...message, request });
      }),
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watchdog.close();
    for (const t of this.threads) clearTimeout(t.timer);
    await Promise.all(this.threads.map((t) => t.thread?.terminate()));
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
