/**
 * A pCPU on a thread of its own: takes messages, runs its vCPUs, and sleeps on its doorbell when there is nothing to
 * do. `receive` gives messages without waiting, `post` sends one; the rest is shared memory.
 */
import { type LoopSource, runLoop, ThreadSleeper } from "@clickos/run-loop";
import type { EventEndpoint } from "@clickos/xen-evtchn";
import { ConsoleWriter } from "./console-writer.ts";
import { GuestContext, type ThreadServices } from "./guest-context.ts";
import { errno } from "./hypercalls.ts";
import type { Kernel } from "./kernel.ts";
import { Machine, pcpuWord } from "./machine.ts";
import { Pcpu } from "./pcpu.ts";
import { type AddMessage, type FromPcpu, failureOf, type ToPcpu } from "./thread.ts";
import { wasmKernel } from "./wasm-kernel.ts";
import { weigh } from "./weigh.ts";

export interface PcpuLoopOptions {
  readonly index: number;
  readonly machine: SharedArrayBuffer;
  readonly now: () => bigint;
  receive(): ToPcpu | undefined;
  post(message: FromPcpu): void;
  /** How long a thread without work looks for some before it sleeps: waking one takes tens of microseconds. */
  readonly spinUs?: number;
}

/**
 * Hypercalls for domain 0 in one slice: the thread waits for each, and the watchdog leaves who waits alone. A guest
 * that asks without end gets `EAGAIN` from here on, runs by itself, and is noticed.
 */
const callsPerSlice = 1024;

/** A program in JavaScript whose default export makes a kernel. */
interface Loaded {
  default(data: unknown): Kernel;
}

/** How long a thread sleeps that nobody rings: if ever a ring were lost, it would cost a second and no more. */
const longestSleepNs = 1_000_000_000n;

/** Runs the thread's loop, which nothing stops. */
export async function pcpuLoop(options: PcpuLoopOptions): Promise<void> {
  const { index, post } = options;
  const machine = new Machine(options.machine);
  const { words } = machine;
  const mail = machine.at(index, pcpuWord.mail);
  const call = machine.at(index, pcpuWord.call);
  const endpoints = new Map<number, EventEndpoint>();
  const queue: ToPcpu[] = [];

  const receiveAll = (): void => {
    for (let m = options.receive(); m; m = options.receive()) {
      // Endpoints count at once: an event may be on its way to one.
      if (m.op === "endpoint") {
        const { id } = m;
        endpoints.set(id, { ...m, wake: () => machine.wake(id) });
      } else if (m.op === "forget") {
        const gone = endpoints.get(m.id);
        endpoints.delete(m.id);
        if (gone) weigh(gone, gone.sharedInfo.buffer.byteLength + gone.channels.byteLength);
      } else queue.push(m);
    }
  };
  const slices = machine.at(index, pcpuWord.slices);
  /** The slice that last asked domain 0 for something, and how many times it has. */
  let asking = -1;
  let asked = 0;
  const services: ThreadServices = {
    endpoint(id) {
      const known = endpoints.get(id);
      if (known) return known;
      // A channel to a domain that was introduced while this thread was running guests.
      receiveAll();
      return endpoints.get(id);
    },
    call(domain, number, command, a, b) {
      const slice = Atomics.load(words, slices);
      asked = slice === asking ? asked + 1 : 1;
      asking = slice;
      if (asked > callsPerSlice) return errno.EAGAIN;
      [domain, number, command, a, b].forEach((value, i) => {
        Atomics.store(words, call + 1 + i, value);
      });
      Atomics.store(words, call, 1);
      post({ op: "call" });
      machine.ring(0);
      // Domain 0 answers when it gets to it.
      while (Atomics.load(words, call) === 1) Atomics.wait(words, call, 1);
      Atomics.store(words, call, 0);
      return Atomics.load(words, machine.at(index, pcpuWord.callResult));
    },
    shutdown(id, reason) {
      machine.setMayRun(id, false);
      post({ op: "halted", id, reason });
    },
  };
  const pcpu = new Pcpu(machine, index, options.now, {
    halted: (vcpu) => services.shutdown(vcpu.context.id, "poweroff"),
    crashed(vcpu, error) {
      pcpu.remove(vcpu.slot);
      post({ op: "crashed", id: vcpu.context.id, failure: failureOf(error) });
    },
  });

  const importing = machine.at(index, pcpuWord.importing);
  const importKernel = async (url: string): Promise<Loaded> => {
    Atomics.store(words, importing, 1);
    try {
      return (await import(url)) as Loaded;
    } finally {
      Atomics.store(words, importing, 0);
    }
  };
  /** All in the domain's name: whatever becomes of the thread meanwhile, it is known whose doing it was. */
  const add = (m: AddMessage): Promise<void> => pcpu.asAll(m.slot, () => instantiate(m));
  const instantiate = async (m: AddMessage): Promise<void> => {
    try {
      const loaded = "modules" in m.kernel ? undefined : await importKernel(m.kernel.url);
      // The time that loading took is not the kernel's.
      pcpu.enter(m.slot);
      const kernel: Kernel =
        "modules" in m.kernel ? wasmKernel(m.kernel.modules) : (loaded as Loaded).default(m.kernel.data);
      const endpoint = services.endpoint(m.id);
      if (!endpoint) throw new Error(`domain ${m.id} has no event channels`);
      const context = new GuestContext(
        m.id,
        m.memory,
        m.resumed,
        endpoint,
        new ConsoleWriter(m.memory.buffer, m.console),
        services,
      );
      const guest = kernel.start(context);
      pcpu.add({ slot: m.slot, context, guest, timeOffset: m.timeOffset }, m.share);
      post({ op: "started", id: m.id });
    } catch (e) {
      post({ op: "started", id: m.id, failure: failureOf(e) });
    }
  };
  const unload = (m: Extract<ToPcpu, { op: "unload" }>): void => {
    const vcpu = pcpu.get(m.slot);
    if (!vcpu) return;
    try {
      pcpu.as(m.slot, () => vcpu.guest.unload?.(m.index));
    } catch (e) {
      pcpu.remove(m.slot);
      post({ op: "crashed", id: vcpu.context.id, failure: failureOf(e) });
    }
  };
  const load = (m: Extract<ToPcpu, { op: "load" }>): void => {
    const done = { op: "done", request: m.request } as const;
    try {
      const guest = pcpu.get(m.slot)?.guest;
      if (!guest?.load) throw new Error("the domain's kernel takes no modules");
      post({ ...done, value: pcpu.as(m.slot, () => guest.load?.(m.module, true) ?? 0) });
    } catch (e) {
      post({ ...done, value: errno.EINVAL, failure: failureOf(e) });
    }
  };

  const exchange = (m: Extract<ToPcpu, { op: "exchange" }>): void => {
    const done = { op: "done", request: m.request, value: 0 } as const;
    try {
      const guest = pcpu.get(m.slot)?.guest;
      if (!guest?.exchange) throw new Error("the domain's kernel takes no modules");
      pcpu.as(m.slot, () => guest.exchange?.(m.index, m.module));
      post(done);
    } catch (e) {
      post({ ...done, value: errno.EINVAL, failure: failureOf(e) });
    }
  };

  const handle = async (): Promise<"more"> => {
    receiveAll();
    for (let m = queue.shift(); m; m = queue.shift()) {
      if (m.op === "add") await add(m);
      else if (m.op === "remove") {
        pcpu.remove(m.slot);
        post({ op: "done", request: m.request, value: 0 });
      } else if (m.op === "load") load(m);
      else if (m.op === "exchange") exchange(m);
      else if (m.op === "unload") unload(m);
      else if (m.op === "share") pcpu.setShare(m.slot, m.share);
      else if (m.op === "unpaused") pcpu.unpaused(m.slot);
    }
    return "more";
  };

  post({ op: "ready" });
  const source = {
    turn() {
      if (Atomics.exchange(words, mail, 0) !== 0) return handle();
      return pcpu.pass() ? "more" : "idle";
    },
    get wakesIn() {
      const next = pcpu.nextWork;
      const left = next === undefined ? longestSleepNs : next - options.now();
      return left < longestSleepNs ? left : longestSleepNs;
    },
  } satisfies LoopSource;
  const sleeper = new ThreadSleeper(words, machine.at(index, pcpuWord.doorbell), options.spinUs ?? 100);
  await runLoop([source], { sleeper });
}
