/** Makes hypervisors: domains, the pCPU of the caller's thread, and those of others, over one machine. */

import { createGrantMapper, frameSize, type GrantMapper } from "@clickos/grant-table";
import { createEventChannels, type EventChannels, highestPortOf, threeLevels } from "@clickos/xen-evtchn";
import { ConsoleWriter, consoleBytes, consoleUsed } from "./console-writer.ts";
import { type CrashCause, crashRecord } from "./crash.ts";
import { answerCall } from "./dom0-calls.ts";
import { Dom0Events } from "./dom0-events.ts";
import { Dom0Sleep } from "./dom0-sleep.ts";
import type { Domain, DomainOptions } from "./domain.ts";
import { checkedShare, DomainControl, type DomainHost, holdMs } from "./domain-control.ts";
import { HypervisorError } from "./error.ts";
import { GuestContext, type ThreadServices } from "./guest-context.ts";
import type { Hypervisor, HypervisorOptions } from "./hypervisor.ts";
import type { Guest } from "./kernel.ts";
import { domainFrames, startInfo } from "./layout.ts";
import { firstReservedDomain, Machine } from "./machine.ts";
import { MemoryPool, pageSize } from "./memory-pool.ts";
import { Pcpu } from "./pcpu.ts";
import { awake, PcpuThreadSet } from "./pcpu-threads.ts";
import { PutBack } from "./put-back.ts";
import { SharedPieces } from "./shared-pieces.ts";
import { Slots } from "./slots.ts";
import { checkFrames, type DomainSnapshot, putFrames, takeFrames } from "./snapshot.ts";
import { step } from "./step.ts";
import { type Failure, failureOf } from "./thread.ts";

/** Event channels of a domain unless told otherwise, and bytes of each. */
const defaultPorts = 1023;
const channelBytes = 32;

export function createHypervisor(options: HypervisorOptions = {}): Hypervisor {
  const started = performance.now();
  const now = options.clock ?? (() => BigInt(Math.round((performance.now() - started) * 1e6)));
  const machine = new Machine();
  const domains = new Map<number, DomainControl>();
  const due = new Dom0Events();
  const sleep = new Dom0Sleep(machine, () => threads.count > 0);
  machine.onRing = () => sleep.wake();
  const slots = new Slots();
  /** Domains that are being moved. */
  const relocating = new Set<DomainControl>();
  const mappers = new Map<number, GrantMapper>();
  const memories = new MemoryPool(options.memoryKiB, options.pooledKiB);
  const consoles = new SharedPieces(consoleBytes);
  const channels = new SharedPieces((defaultPorts + 1) * channelBytes);
  let nextId = 1;
  let closed = false;

  // ---- events and grants

  const base = createEventChannels();
  const dom0 = base.attach({
    id: 0,
    sharedInfo: { buffer: new SharedArrayBuffer(threeLevels.words * 4), offset: 0 },
    words: threeLevels,
    wake: () => machine.ring(0),
  });
  /** Tells all threads, or one, how to deliver to a domain. */
  const publish = (id: number, pcpu?: number): void => {
    const endpoint = base.endpoint(id);
    if (endpoint) threads.publish(endpoint, pcpu);
  };
  const events: EventChannels = {
    ...base,
    bindInterdomain(id, remote, port) {
      // Before the channel is there, so that whoever finds it finds its other end.
      for (const end of [id, remote]) if (end !== 0) publish(end);
      return base.bindInterdomain(id, remote, port);
    },
  };
  const find = (id: number): DomainControl | undefined => domains.get(id);
  // Back ends hold hundreds of frames of each of thousands of domains.
  const mapper = createGrantMapper(0, find, { maximumMappings: 1 << 24 });
  mappers.set(0, mapper);
  const mapperOf = (id: number): GrantMapper => {
    let own = mappers.get(id);
    if (!own) {
      own = createGrantMapper(id, find);
      mappers.set(id, own);
    }
    return own;
  };
  const answer = (id: number, number: number, command: number, a: number, b: number): number =>
    answerCall({ events, find, mapper: mapperOf }, id, number, command, a, b);

  // ---- the caller's own pCPU

  const services: ThreadServices = {
    endpoint: (id) => base.endpoint(id),
    call: answer,
    shutdown: (id, reason) => domains.get(id)?.shutdown(reason),
  };
  const own = new Pcpu(machine, 0, now, {
    halted: (vcpu) => domains.get(vcpu.context.id)?.shutdown("poweroff"),
    crashed(vcpu, error) {
      own.remove(vcpu.slot);
      const domain = domains.get(vcpu.context.id);
      if (domain) died(domain, undefined, failureOf(error));
    },
  });

  const died = (domain: DomainControl, cause: CrashCause | undefined, failure: Failure): void =>
    domain.died(crashRecord(domain, cause, failure, domain.options.locate));

  // ---- the threads

  const threads: PcpuThreadSet = new PcpuThreadSet(machine, options.threads, options.watchdogMs ?? 1000, {
    started(pcpu, id, failure) {
      putBack.answered(pcpu, id);
      const domain = domains.get(id);
      if (!domain) return;
      if (failure) died(domain, undefined, failure);
      else domain.started = true;
      domain.onStarted?.();
    },
    crashed(id, failure) {
      const domain = domains.get(id);
      if (domain) died(domain, undefined, failure);
    },
    halted: (id, reason) => domains.get(id)?.shutdown(reason),
    call: (pcpu, id, number, command, a, b) =>
      domains.get(id)?.pcpu === pcpu ? answer(id, number, command, a, b) : undefined,
    /** Those that never ran die; the others wait until there is a thread. */
    failed(pcpu, message) {
      let wanted = false;
      for (const d of on(pcpu)) {
        if (!d.started)
          died(d, "killed", { name: "Error", message: `pCPU ${pcpu} cannot be started: ${message}`, stack: "" });
        if (d.isAlive) wanted = true;
        d.onStarted?.();
      }
      return wanted;
    },
    /** The domain that the thread ran or started at that moment dies; the others go on over the same memories. */
    lost(pcpu, slot, cause, message) {
      const culprit = slot < 0 ? putBack.suspect(pcpu) : on(pcpu).find((d) => d.slot === slot);
      if (!culprit) return slot >= 0;
      died(culprit, cause, { name: "Error", message, stack: "" });
      culprit.onStarted?.();
      return true;
    },
    fresh(pcpu) {
      publish(0, pcpu);
      putBack.start(
        pcpu,
        on(pcpu).filter((d) => d.isAlive && !d.moving),
      );
    },
  });
  const host: DomainHost = { machine, own, threads, nothing: memories.nothing, now };
  const on = (pcpu: number): DomainControl[] => [...domains.values()].filter((d) => d.pcpu === pcpu);
  /** Has its thread run a domain. */
  const settle = (d: DomainControl): void => {
    const { portable } = d.kernel;
    const endpoint = base.endpoint(d.id);
    if (!portable || !endpoint) return;
    publish(d.id, d.pcpu);
    for (let port = 1; port <= highestPortOf(endpoint); port++) {
      const status = base.status(d.id, port);
      if (status.state === "interdomain" && status.remote !== 0) publish(status.remote, d.pcpu);
    }
    const { memory, id, slot, share, timeOffset } = d;
    const { resumed } = d;
    const console = d.text.words;
    threads.post(d.pcpu, { op: "add", id, slot, memory, console, kernel: portable, resumed, share, timeOffset });
    machine.setPlace(id, { pcpu: d.pcpu, slot });
    machine.wake(id);
  };
  const putBack = new PutBack((d) => {
    try {
      settle(d);
    } catch (e) {
      // Its kernel cannot be sent to a thread.
      died(d, undefined, failureOf(e));
      d.onStarted?.();
    }
  });

  const takeSlot = (pcpu: number): number => {
    const slot = slots.take(pcpu);
    if (slot < 0) throw new HypervisorError("TOO_MANY_DOMAINS", `pCPU ${pcpu} has all the domains it can have`);
    return slot;
  };
  const choosePcpu = (given: DomainOptions): number => {
    if (given.pcpu !== undefined) {
      if (!(Number.isInteger(given.pcpu) && given.pcpu >= 0 && given.pcpu <= threads.count))
        throw new HypervisorError("NO_PCPU", `there is no pCPU ${given.pcpu}: there are ${threads.count + 1}`);
      if (given.pcpu > 0 && !given.kernel.portable)
        throw new HypervisorError("NOT_PORTABLE", `the kernel of '${given.name}' cannot leave this thread`);
      return given.pcpu;
    }
    if (threads.count === 0 || !given.kernel.portable) return 0;
    let best = 1;
    for (let pcpu = 2; pcpu <= threads.count; pcpu++) if (slots.load(pcpu) < slots.load(best)) best = pcpu;
    return best;
  };

  /** @throws {HypervisorError} when no thread could be started there; it is tried again. */
  const mustHaveThread = (pcpu: number): void => {
    const failure = threads.failure(pcpu);
    if (failure === undefined) return;
    threads.revive(pcpu);
    throw new HypervisorError("NO_PCPU", `pCPU ${pcpu} cannot be started: ${failure}`);
  };
  /** Starts a domain's kernel where its place is. Resolves when it has booted, or crashed. */
  const startKernel = async (d: DomainControl): Promise<void> => {
    if (d.pcpu === 0) {
      startHere(d);
      return;
    }
    mustHaveThread(d.pcpu);
    await awake(
      new Promise<void>((resolve) => {
        // Two may wait: whoever had it started where it was, when it was moved on.
        const before = d.onStarted;
        d.onStarted = () => {
          before?.();
          resolve();
        };
        putBack.add(d);
      }),
    );
    d.onStarted = undefined;
  };
  const startHere = (d: DomainControl): void => {
    machine.setPlace(d.id, { pcpu: 0, slot: d.slot });
    const endpoint = base.endpoint(d.id) as NonNullable<ReturnType<EventChannels["endpoint"]>>;
    const context = new GuestContext(
      d.id,
      d.memory,
      d.resumed,
      endpoint,
      new ConsoleWriter(d.memory.buffer, d.text.words),
      services,
    );
    try {
      const guest: Guest = d.kernel.start(context);
      d.started = true;
      own.add({ slot: d.slot, context, guest, timeOffset: d.timeOffset }, d.share);
      machine.wake(d.id);
    } catch (e) {
      died(d, undefined, failureOf(e));
    }
  };

  const nextFreeId = (): number => {
    if (domains.size >= firstReservedDomain - 1)
      throw new HypervisorError("TOO_MANY_DOMAINS", "all domain numbers are in use");
    while (nextId >= firstReservedDomain || domains.has(nextId))
      nextId = nextId >= firstReservedDomain ? 1 : nextId + 1;
    return nextId++;
  };
  const makeDomain = (given: DomainOptions): DomainControl => {
    const pages = given.snapshot?.pages ?? given.pages ?? 0;
    const share = checkedShare(given.share ?? {});
    if (given.snapshot) checkFrames(given.snapshot);
    const pcpu = choosePcpu(given);
    // What can fail comes before anything is changed.
    const memory = memories.take(pages, given.name);
    let slot: number;
    let id: number;
    try {
      id = nextFreeId();
      slot = takeSlot(pcpu);
    } catch (e) {
      memories.release(memory);
      memories.give(memory);
      throw e;
    }
    const { buffer } = memory;
    if (given.snapshot) putFrames(buffer, given.snapshot);
    else {
      const info = startInfo.view(buffer, domainFrames.startInfo * frameSize);
      info.magic = new TextEncoder().encode("xen-3.0-wasm32");
      info.nrPages = BigInt(buffer.byteLength / frameSize);
      info.sharedInfo = BigInt(domainFrames.sharedInfo * frameSize);
      info.storeMfn = BigInt(domainFrames.store);
      info.consoleMfn = BigInt(domainFrames.console);
    }
    machine.forget(id);
    const { portLimit } = given;
    base.attach({
      id,
      sharedInfo: { buffer, offset: domainFrames.sharedInfo * frameSize },
      ...(portLimit === undefined ? { portLimit: defaultPorts, channels: channels.take() } : { portLimit }),
      wake: () => machine.wake(id),
    });
    const domain = new DomainControl(given, { id, memory, pcpu, slot, console: consoles.take() }, share, host);
    domains.set(id, domain);
    return domain;
  };

  const known = (id: number): DomainControl => {
    const domain = domains.get(id);
    if (!domain) throw new HypervisorError("NO_DOMAIN", `there is no domain ${id}`);
    return domain;
  };
  const destroyDomain = (id: number): void => {
    const domain = domains.get(id);
    if (!domain) return;
    const { memory } = domain;
    const endpoint = base.endpoint(id);
    const console = domain.text.words;
    domains.delete(id);
    machine.setPlace(id, undefined);
    domain.destroyed();
    threads.forget(id);
    base.detach(id);
    for (const each of mappers.values()) each.revoke(id);
    mappers.get(id)?.release();
    mappers.delete(id);
    memories.release(memory);
    /** Nobody runs it any more: its place and, when no program could have kept hold of it, its memory are free. */
    const gone = (): void => {
      slots.free(domain.pcpu, domain.slot);
      const { portable } = domain.kernel;
      if (portable && "modules" in portable) memories.give(memory);
      else memories.drop(memory);
      consoles.give(console, consoleUsed(console));
      if (endpoint) channels.give(endpoint.channels, (highestPortOf(endpoint) + 1) * channelBytes);
    };
    if (domain.pcpu !== 0) void threads.ask(domain.pcpu, { op: "remove", slot: domain.slot }).then(gone);
    else {
      own.remove(domain.slot);
      gone();
    }
  };
  const createDomain = async (given: DomainOptions): Promise<Domain> => {
    if (closed) throw new HypervisorError("CLOSED", "the hypervisor is closed");
    const domain = makeDomain(given);
    try {
      given.prepare?.(domain);
      await startKernel(domain);
    } catch (e) {
      destroyDomain(domain.id);
      throw e;
    }
    return domain;
  };
  const relocate = async (domain: DomainControl, pcpu: number, target: number): Promise<void> => {
    const running = domain.state === "running";
    domain.moving = true;
    try {
      await domain.pause();
      machine.setPlace(domain.id, undefined);
      if (domain.pcpu !== 0) await threads.ask(domain.pcpu, { op: "remove", slot: domain.slot });
      else own.remove(domain.slot);
    } finally {
      domain.moving = false;
    }
    if (domains.get(domain.id) !== domain) {
      // Who destroyed it has freed its place.
      slots.free(pcpu, target);
      return;
    }
    slots.free(domain.pcpu, domain.slot);
    domain.pcpu = pcpu;
    domain.slot = target;
    // Paused, or unpaused by somebody meanwhile.
    if (!domain.isAlive) return;
    await startKernel(domain);
    if (running) domain.unpause();
  };
  const snapshot = async (id: number): Promise<DomainSnapshot> => {
    const domain = known(id);
    const { name, memory } = domain;
    const running = domain.state === "running";
    await domain.pause();
    const taken = {
      name,
      pages: memory.buffer.byteLength / pageSize,
      timeNs: domain.now(),
      frames: takeFrames(memory.buffer),
    };
    if (running) domain.unpause();
    return taken;
  };

  publish(0);

  const run = (): boolean => {
    if (threads.count > 0) threads.poll();
    const pending = (Atomics.load(dom0.sharedInfo, 0) & 1) !== 0;
    if (pending) for (const port of base.takePending(0)) due.add(port);
    const served = due.serve();
    return own.pass() || pending || served;
  };

  return {
    events,
    mapper,
    now,
    simulated: options.simulated ?? options.clock !== undefined,
    createDomain,
    destroyDomain,
    snapshot,
    async clone(id, given) {
      const domain = known(id);
      const { share, options: first } = domain;
      const { kernel } = domain;
      if (!kernel.portable)
        throw new HypervisorError("NOT_PORTABLE", `the kernel of '${domain.name}' has state that is not in its memory`);
      return createDomain({ ...first, share, kernel, ...given, snapshot: await snapshot(id) });
    },
    async move(id, pcpu) {
      const domain = known(id);
      choosePcpu({ ...domain.options, kernel: domain.kernel, pcpu });
      if (relocating.has(domain)) throw new HypervisorError("BUSY", `'${domain.name}' is being moved already`);
      if (domain.exchanging) throw new HypervisorError("BUSY", `a module of '${domain.name}' is being exchanged`);
      if (domain.pcpu === pcpu) return;
      if (!domain.kernel.portable)
        throw new HypervisorError("NOT_PORTABLE", `the kernel of '${domain.name}' cannot leave this thread`);
      mustHaveThread(pcpu);
      const target = takeSlot(pcpu);
      relocating.add(domain);
      try {
        await relocate(domain, pcpu, target);
      } finally {
        relocating.delete(domain);
      }
    },
    hold(id, body) {
      const domain = known(id);
      if (domain.pcpu === 0 || !domain.isAlive) return body();
      if (domain.state === "running") machine.setMayRun(id, false);
      try {
        const end = performance.now() + holdMs;
        while (domain.moves) {
          threads.pollOne(domain.pcpu);
          if (performance.now() > end)
            throw new HypervisorError("BUSY", `'${domain.name}' has been running for ${holdMs} ms without a pause`);
        }
        return body();
      } finally {
        domain.goOn();
      }
    },
    step: async (id) => step(known(id), host, sleep),
    wake: (id) => machine.wake(id),
    get pcpus() {
      return threads.count + 1;
    },
    get domains() {
      return [...domains.values()];
    },
    get threadsReplaced() {
      return threads.replaced;
    },
    onEvent: (port, handler) => due.on(port, handler),
    serveLater(port) {
      due.add(port);
      sleep.wake();
    },
    run,
    turn: () => (run() ? "more" : "idle"),
    get wakesIn() {
      const next = own.nextWork;
      return next === undefined ? undefined : next - now();
    },
    onWake: (listener) => sleep.onWake(listener),
    async idle(timeoutMs) {
      const { rung } = sleep;
      if (due.pending || Atomics.load(dom0.sharedInfo, 0) & 1) return;
      const next = own.nextWork;
      const wait = next === undefined ? timeoutMs : Math.min(timeoutMs, Math.max(0, Number(next - now()) / 1e6));
      await sleep.wait(rung, wait);
    },
    get nextTimer() {
      return own.nextTimer;
    },
    async close() {
      if (closed) return;
      for (const id of [...domains.keys()]) destroyDomain(id);
      closed = true;
      await threads.close();
    },
  };
}
