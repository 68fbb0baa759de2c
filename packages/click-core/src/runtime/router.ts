/** A router in process: a compiled configuration over a memory of its own, and how it gives way to the next. */

import { type ConfigurationError, formatDiagnostics } from "@clickos/click-language";
import { moduleText, wasmBackend } from "@clickos/codegen";
import { type LoopSource, Wakers } from "@clickos/run-loop";
import { withArgument } from "../arguments/assign-arguments.ts";
import type { ElementInstance } from "../compile/check.ts";
import {
  type CheckedConfiguration,
  checkConfiguration,
  checkGraph,
  compile,
  type ElementChange,
  needsService,
} from "../compile/compile.ts";
import { noTimer } from "../compile/platform.ts";
import { TaskList } from "../compile/tasks.ts";
import { type HandlerEntry, type HandlerReport, refused } from "../element/handler.ts";
import { type HandlerTree, WatchList } from "../element/handler-tree.ts";
import type { HostService, ServiceHost } from "../element/service.ts";
import { Chatter } from "./chatter.ts";
import type { DeviceRings, RouterDevice } from "./device-ring.ts";
import { drawSeed } from "./draw-seed.ts";
import { drawOnHost } from "./host-chance.ts";
import { HostTimers } from "./host-timers.ts";
import { type Changes, createInstance, type Instance, takeOver } from "./instance.ts";
import { initializeError, openServices, refuseDevices } from "./open-services.ts";
import { PendingSwap } from "./pending-swap.ts";
import { processPlatform } from "./process-platform.ts";
import { type RootRouter, refusing, rootHandlers } from "./root-handlers.ts";
import { RouterDevices } from "./router-devices.ts";
import type { Drop, RouterHandlers } from "./router-handlers.ts";
import type { RouterOptions } from "./router-options.ts";
import { type SimulatedRouter, Simulation } from "./simulation.ts";
import { TimeWarp } from "./time-warp.ts";
import { type Unfinished, unfinished } from "./unfinished.ts";

/**
 * How a run ended: nothing left to do, out of turns with more to do, tasks that poll and found nothing, or an
 * element asked to stop.
 */
export type RunResult = "idle" | "more" | "polling" | "stopped";

/** Firings of tasks between looks at timers, as in Click: its count goes down to 0. */
const firingsPerTurn = 129;
/** Turns in which no task finds anything to do, after which they are taken to poll. */
const turnsOfPolling = 16;
/** Timers that are called between two turns of tasks, as in Click. */
const timersPerTurn = 65;
/** Requests to stop, or not to, that are counted. */
const maximumRunCount = 0x7fffffff;
/** Times that driver managers are asked to take up requests to stop, before the router stops. */
const managerSteps = 1000;
/** Time since 1970, which never goes back. */
export function systemClock(): bigint {
  return BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n + BigInt(Math.round(performance.now() * 1e6));
}

export class Router implements HandlerTree, Disposable, LoopSource {
  private readonly options: RouterOptions;
  private readonly timers = new HostTimers();
  private readonly devices: RouterDevices = new RouterDevices(() => this.current.devices);
  private readonly chatter = new Chatter((text) => this.options.chatter?.(text));
  private current!: Instance;
  private readonly watches = new WatchList();
  private readonly simulation: Simulation | undefined;
  /** Turns up to now in which tasks polled and found nothing. */
  private quiet = 0;
  private inside = false;
  /** Stops among those asked for that only end the turn. */
  private yields = 0;
  /** The router runs while it is above zero: each request to stop takes one away, Click's `runcount`. */
  private runCount = 1;
  private readonly pending = new PendingSwap();
  /** A timer of an element's host side is called: what it belongs to stays until it returns. */
  private timing = false;
  /** What elements open while the router stands: what is wrong with it, where somebody waits for that. */
  private opening: Promise<ConfigurationError | undefined> | undefined;
  private awaited = false;
  /** How often the simulated clock was read before there was a router. */
  private earlyReadings = 0n;
  private readonly wakers = new Wakers();
  private readonly warp = new TimeWarp(systemClock);

  /**
   * Compiles a configuration and prepares it to run.
   *
   * @throws {ConfigurationError} with everything that is wrong with the configuration.
   */
  static async compile(text: string, options: RouterOptions): Promise<Router> {
    const router = Router.compileSync(text, options);
    router.awaited = true;
    const problem = await router.opening;
    if (!problem) return router;
    router.close();
    throw problem;
  }

  /**
   * The same at once; a page's main thread may refuse large modules. What an element cannot open, such as a socket, is told by
   * chatter, and stops the router.
   */
  static compileSync(text: string, options: RouterOptions): Router {
    const router = new Router(options);
    const configuration = router.check(text, options.file ?? "config", { replaces: false, warn: options.warn });
    options.opening?.(
      configuration.checked.elements.flatMap((e) => {
        const files = e.class.files?.(e.config);
        return files && needsService(e) ? [{ element: e.source.name, ...files }] : [];
      }),
    );
    router.current = router.instantiate(configuration, new Map());
    const { services } = router.current;
    router.current.initialize((element) => router.start(configuration, element, services[element]));
    router.beginOpening(router.current);
    return router;
  }

  /** Starts the host side of an element; it throws a `string` to refuse. */
  private start({ checked }: CheckedConfiguration, element: number, service: HostService | undefined): void {
    try {
      service?.start?.();
    } catch (problem) {
      if (typeof problem !== "string") throw problem;
      this.close();
      throw initializeError(checked.elements[element] as ElementInstance, problem);
    }
  }

  private constructor(options: RouterOptions) {
    this.options = options;
    if (options.simulation !== undefined) this.simulation = new Simulation(options.simulation);
  }

  private check(
    text: string,
    file: string,
    { replaces, warn }: { readonly replaces: boolean; readonly warn: RouterOptions["warn"] },
  ): CheckedConfiguration {
    return checkConfiguration({ file, text }, this.options.elements, {
      ...this.options,
      ...(warn ? { warn } : {}),
      added: this.options.added?.(replaces) ?? [],
    });
  }

  /** Opens what elements could not open at once; nobody waits for it where there is nothing to open. */
  private beginOpening(instance: Instance, before?: Instance): void {
    this.opening = undefined;
    if (!instance.services.some((service) => service?.open)) return;
    const opening = this.open(instance, before);
    this.opening = opening;
    void opening.then((problem) => {
      if (!problem || this.awaited) return;
      this.chatter.write(`${before ? formatDiagnostics(problem.diagnostics, { plain: true }) : problem.report()}\n`);
      // One that took another's place goes on without what it could not open.
      if (!before) this.stop();
    });
  }

  /** One after another; what is wrong with the first that fails. */
  private async open(
    { services, configuration }: Instance,
    before?: Instance,
  ): Promise<ConfigurationError | undefined> {
    for (const [index, service] of services.entries()) {
      if (before?.services.includes(service)) continue;
      try {
        await service?.open?.();
      } catch (problem) {
        if (typeof problem !== "string") throw problem;
        return initializeError(configuration.checked.elements[index] as ElementInstance, problem);
      }
    }
    return undefined;
  }

  /** Compiles and opens the host sides of elements; those in `reuse` are taken as they are. */
  private instantiate(
    configuration: CheckedConfiguration,
    reuse: ReadonlyMap<string, HostService>,
    warn = this.options.warn,
  ): Instance {
    const rings = new Map<number, DeviceRings>();
    const { checked } = configuration;
    refuseDevices(checked, this.options.devices);
    const { options } = this;
    const compiled = compile(checked, options.platform?.(options) ?? processPlatform(rings, options));
    const { services, warnings } = openServices(checked, reuse, (e) => ({
      host: this.hostOf(e.source.name),
      former: this.keptBy(e.source.name, e.class.name),
    }));
    if (warnings.length > 0) warn?.(warnings);
    return createInstance({
      configuration,
      compiled,
      services,
      rings,
      wasm: wasmBackend.encode(compiled.ir),
      chatter: (text) => this.chatter.write(text),
      extras: {
        root: rootHandlers(this.asRoot, this.options, this.warp),
        reconfigure: (element, text) => this.reconfigure({ element, text }),
        override: (element, argument, text) => this.override(element, argument, text),
        ...(this.simulation ? { now: () => this.now() } : {}),
        fire: (timer) => this.fire(timer),
        files: this.options.files,
        stop: () => this.stop(),
      },
      now: this.simulation
        ? (this.current?.words.now ?? this.simulation.now + this.earlyReadings) + readings(configuration)
        : this.now(),
      seed: compiled.seeded ? (this.options.seed ?? drawSeed(!this.realTime)) : 0n,
    });
  }

  /** What a running element keeps for one that takes its place. */
  private keptBy(name: string, className: string): unknown {
    const { configuration, services } = this.current ?? {};
    const former = configuration?.checked.elements.find((e) => e.source.name === name && e.class.name === className);
    return former && services?.[former.index]?.kept;
  }

  private hostOf(name: string): ServiceHost {
    const router = this;
    const { options } = this;
    return {
      now: () => router.now(),
      at: (nanoseconds, run) => {
        const cancel = router.timers.at(nanoseconds, run, name);
        router.wakers.wake();
        return cancel;
      },
      yield: () => router.endTurn(),
      schedule() {
        if (router.current) router.tree.schedule(name);
        router.wakers.wake();
      },
      handlers: {
        list: (pattern) => router.tree.from(name).list(pattern),
        describe: (path) => router.tree.from(name).describe(path),
        read: (path, argument, report) => router.tree.from(name).read(path, argument, report),
        write: (path, value, report) => router.tree.from(name).write(path, value, report),
        watch: (path, changed) => router.watch(router.tree.from(name).describe(path).path, changed),
      },
      router,
      chatter: (text, channel) => router.chatter.write(text.endsWith("\n") ? text : `${text}\n`, channel),
      onChatter: (run, channel, quiet) => router.chatter.listen(run, channel, quiet),
      output: (text) => (options.output ?? options.chatter)?.(text),
      files: options.files,
      process: options.process,
      terminal: options.terminal,
      chance: () => drawOnHost(router.current.words, () => options.seed ?? drawSeed(!router.realTime)),
      stop: (times) => router.stop(times),
    };
  }

  // ---- what is running

  /** The code, for reading. */
  text(): string {
    return moduleText(this.current.compiled.ir);
  }
  get memory(): WebAssembly.Memory {
    return this.current.memory;
  }
  get wasm(): Uint8Array {
    return this.current.wasm;
  }
  /** The checked configuration that runs. */
  get configuration(): CheckedConfiguration {
    return this.current.configuration;
  }
  private get tree(): RouterHandlers {
    return this.current.handlers;
  }
  /** Whether time is the system's. */
  private get realTime(): boolean {
    return this.options.clock === undefined && this.simulation === undefined;
  }
  /** The router's time in nanoseconds. In simulated time to ask takes a nanosecond. */
  now(): bigint {
    if (!this.simulation) return this.options.clock?.() ?? this.warp.now();
    // Elements may ask while they are made.
    if (!this.current) return this.simulation.now + this.earlyReadings++;
    // The code counts readings in the router's memory, and so does who asks.
    const { words } = this.current;
    const { now } = words;
    words.now = now + 1n;
    return now;
  }

  /** A device that the configuration names. @throws {RangeError} when it names no such device. */
  device(number: number): RouterDevice {
    return this.devices.get(number);
  }
  /** Numbers of the devices that the configuration uses. */
  get deviceNumbers(): number[] {
    return this.devices.numbers;
  }

  /**
   * Runs until there is nothing to do, an element asks to stop, or `rounds` rounds of all tasks are done. Timers
   * that are due are run, later ones are not waited for. `enough` is asked after each 128 firings and each timer.
   */
  run(rounds = 0x7fffffff, enough?: () => boolean): RunResult {
    if (this.simulation) return this.simulation.run(this.simulated, enough);
    for (let left = rounds * Math.max(1, this.current.compiled.memory.tasks.count); left > 0; left -= firingsPerTurn) {
      if (this.asked && !this.keepsRunning()) return "stopped";
      this.current.words.now = this.now();
      const result = this.runTasks(Math.min(left, firingsPerTurn));
      const fired = this.fireTimers(this.current.words.now, enough);
      this.checkWatches();
      if (this.asked && !this.keepsRunning()) return "stopped";
      // Queues tell those who pull after some pulls only; a call of few rounds goes on counting where the last one ended.
      this.quiet = result === 3 && !fired ? this.quiet + 1 : 0;
      if (result === 0 && !fired) return "idle";
      if (this.quiet >= turnsOfPolling) return "polling";
      if (enough?.()) break;
    }
    return "more";
  }

  /** An entry point that its platform gave it, to be called as it is: by who only asks where something is. */
  entry(name: string): ((argument?: number) => number) | undefined {
    return this.current.exports[name] as ((argument?: number) => number) | undefined;
  }
  /**
   * Calls an entry point that its platform gave it, at the router's time; a configuration that takes its place meanwhile waits. 0 once
   * the router has stopped.
   */
  enter(name: string, argument: number): number {
    if (this.asked && !this.keepsRunning()) return 0;
    this.current.words.now = this.now();
    this.inside = true;
    try {
      return this.entry(name)?.(argument) ?? 0;
    } finally {
      this.leave();
      this.checkWatches();
    }
  }

  /** What the router's own handlers work with. */
  private readonly asRoot: RootRouter = (() => {
    const router = this;
    return {
      get configuration() {
        return router.configuration;
      },
      list: () => router.list(),
      describe: (path) => router.describe(path),
      read: (path) => router.read(path),
      stop: (times) => router.stop(times),
      hotswap: (text, warn) => router.hotswap(text, "config", warn),
      warped: () => router.wakers.wake(),
    };
  })();

  /** What simulated time works with. */
  private readonly simulated: SimulatedRouter = (() => {
    const router = this;
    return {
      get words() {
        return router.current.words;
      },
      get next() {
        return router.nextTimer;
      },
      get stopping() {
        return router.asked;
      },
      now: () => router.now(),
      tasks: () => router.runTasks(firingsPerTurn),
      timers: (check) => router.fireTimers(check),
      active: () => new TaskList(new DataView(router.memory.buffer), router.current.compiled.memory.tasks).active,
      goesOn() {
        router.checkWatches();
        return !router.asked || router.keepsRunning();
      },
    };
  })();

  private runTasks(firings: number): number {
    this.inside = true;
    try {
      return this.current.tasks(firings);
    } finally {
      this.leave();
    }
  }

  /** Calls timers that are due, those of the host's elements among the others in order of time; whether there were any. */
  private fireTimers(check: bigint, enough?: () => boolean): boolean {
    let fired = false;
    for (let n = 0; n < timersPerTurn && !this.asked; n++) {
      const own = this.timers.next ?? noTimer;
      const { nextTimer } = this.current.words;
      if (own > check && nextTimer > check) break;
      fired = true;
      if (own <= nextTimer) this.fireHostTimer();
      else this.runTimers(check, own - 1n);
      if (own > check || enough?.()) break;
    }
    return fired;
  }

  private fireHostTimer(): void {
    this.timing = true;
    try {
      this.timers.fire();
    } finally {
      this.timing = false;
      this.swapPending();
    }
  }

  private runTimers(check: bigint, until: bigint): void {
    this.inside = true;
    try {
      this.current.timers(check, until, timersPerTurn);
    } finally {
      this.leave();
    }
  }

  /** Has an element's timer do what it does, for a handler: from within code that runs, too. */
  private fire(timer: number): void {
    if (this.inside) {
      this.current.fire(timer);
      return;
    }
    this.inside = true;
    try {
      this.current.fire(timer);
    } finally {
      this.leave();
    }
  }

  /** Does what had to wait for the code to return. */
  private leave(): void {
    this.inside = false;
    this.current.words.stopped -= this.yields;
    this.yields = 0;
    if (!this.timing || this.pending.changed) this.swapPending();
  }

  private swapPending(): void {
    const pending = this.pending.take();
    if (pending) this.swap(pending.next, pending.changes);
  }

  /** One turn of a run loop. */
  turn(over: () => boolean): RunResult {
    return this.run(4096, over);
  }
  /** Nanoseconds until the next timer. */
  get wakesIn(): bigint | undefined {
    const next = this.nextTimer;
    if (next === undefined || this.simulation) return undefined;
    const wait = next - this.now();
    return this.options.clock ? wait : this.warp.wait(wait);
  }
  /** Calls back when something outside made work: a handler that was written, a socket, a file. @returns ends it. */
  onWake(listener: () => void): () => void {
    return this.wakers.add(listener);
  }

  /** Whether somebody asked to stop. */
  private get asked(): boolean {
    return this.runCount <= 0 || this.current.words.stopped !== 0;
  }

  /** Whether the router may run: the requests to stop that came leave something, or a driver manager takes them up. */
  private keepsRunning(): boolean {
    const { words, services } = this.current;
    this.runCount -= words.stopped;
    words.stopped = 0;
    for (let i = 0; this.runCount <= 0 && i < managerSteps; i++)
      if (services.some((s) => s?.driverStops?.())) this.runCount = Math.min(this.runCount + 1, maximumRunCount);
      else break;
    return this.runCount > 0;
  }

  /** Ends the turn of the code that runs: it looks after each task whether somebody asked to stop. */
  private endTurn(): void {
    if (!this.inside) return;
    this.yields++;
    this.current.words.stopped++;
  }

  /** Asks the driver to stop, once or several times; a number below zero takes back requests, also those to come. */
  stop(times = 1): void {
    this.runCount = Math.min(Math.max(this.runCount - times, -maximumRunCount), maximumRunCount);
    if (this.runCount <= 0) this.endTurn();
    this.wakers.wake();
  }

  /** When the next timer is due, in the clock's nanoseconds; `undefined` when none is set. */
  get nextTimer(): bigint | undefined {
    const guest = this.current.words.nextTimer;
    const host = this.timers.next;
    if (guest === noTimer) return host;
    return host !== undefined && host < guest ? host : guest;
  }

  // ---- handlers

  list(pattern?: string): string[] {
    return this.tree.list(pattern);
  }
  describe(path: string): HandlerEntry {
    return this.tree.describe(path);
  }
  /** Reads `element.handler`, or one of the router's own. @throws {HandlerError} */
  read(path: string, argument = "", report?: HandlerReport): string {
    if (!this.simulation) this.current.words.now = this.now();
    return this.tree.read(path, argument, report);
  }
  /** @throws {HandlerError} */
  write(path: string, value: string, report?: HandlerReport): void {
    if (!this.simulation) this.current.words.now = this.now();
    this.tree.write(path, value, report);
    this.checkWatches();
    this.wakers.wake();
  }
  /** Values are compared after each run, and after a write. It goes on when the configuration is replaced. */
  watch(path: string, changed: (value: string) => void): Disposable {
    const full = this.tree.describe(path).path;
    return this.watches.add(full, this.read(full), changed);
  }
  private checkWatches(): void {
    if (!this.watches.empty) this.watches.check((path) => this.read(path));
  }
  /** Names of all elements. */
  elements(): string[] {
    return this.current.compiled.memory.elements.map((e) => e.name);
  }
  /** Every reason for which packets were dropped, with its count. */
  drops(): Drop[] {
    return this.tree.drops();
  }
  /** Packet buffers not in use. */
  get freeBuffers(): number {
    return this.current.host.freeBuffers;
  }

  // ---- giving way

  /**
   * Replaces the configuration. Elements of the same name and class keep their state; no packet in a queue is lost.
   *
   * @throws {ConfigurationError} when the text is wrong; the running configuration then goes on.
   */
  hotswap(text: string, file = "config", warn: RouterOptions["warn"] = this.options.warn): void {
    const next = this.instantiate(this.check(text, file, { replaces: true, warn }), new Map(), warn);
    next.initialize();
    this.replace(next);
  }

  /** Gives an argument of an element another value, which its configuration does not show. */
  private override(element: string, argument: string, text: string): void {
    const e = this.latest.configuration.checked.elements.find(({ source }) => source.name === element);
    if (!e) return;
    const before = e.source.arguments.map((a) => a.text);
    const after = withArgument(e.class.config ?? {}, before, argument, text);
    this.reconfigure({ element, text: after.join(", "), hidden: true });
  }

  private reconfigure(change: ElementChange): void {
    const { configuration, services } = this.latest;
    const { element, hidden } = change;
    const next = refusing(
      () => {
        const changed = checkGraph(configuration, change, this.options.elements);
        const reuse = new Map<string, HostService>();
        configuration.checked.elements.forEach((e, i) => {
          const service = services[i];
          if (service && e.source.name !== element) reuse.set(e.source.name, service);
        });
        const instance = this.instantiate(changed, reuse);
        instance.initialize((index) => {
          const service = instance.services[index];
          if (service && !services.includes(service)) this.startChanged(service);
        });
        return instance;
      },
      withoutSections,
      statusOf,
    );
    this.replace(next, { renewed: new Set(hidden ? [] : [element]) });
  }

  /** Starts the host side of an element that was given other arguments; one that refuses is closed. */
  private startChanged(service: HostService): void {
    try {
      service.start?.();
    } catch (problem) {
      service.close?.();
      throw problem;
    }
  }

  /** The configuration that runs, or that will when the code has returned that runs now. */
  private get latest(): Instance {
    return this.pending.changed ?? this.current;
  }

  /** A configuration of another graph takes the place of the present one, or one of the same graph with `changes`. */
  private replace(next: Instance, changes?: Changes): void {
    // The code that runs now must return before its state can be taken; and who asks goes on to its end.
    if (this.inside || (this.timing && !changes)) this.pending.put(next, changes, this.current);
    else this.swap(next, changes);
  }

  private swap(next: Instance, changes: Changes | undefined): void {
    const before = this.current;
    takeOver(before, next, changes);
    this.devices.takeOver(before.devices, next.devices);
    next.words.stopped += before.words.stopped;
    // A new configuration starts anew; one that only was given other arguments goes on.
    if (!changes) this.runCount = 1;
    if (this.simulation) next.words.now = before.words.now + (changes ? 0n : readings(next.configuration));
    this.current = next;
    for (const service of before.services) if (service && !next.services.includes(service)) service.close?.();
    if (!changes)
      for (const service of next.services) if (service && !before.services.includes(service)) service.start?.();
    for (const element of changes?.renewed ?? []) next.handlers.reconfigured(element);
    this.awaited = false;
    this.beginOpening(next, before);
    this.wakers.wake();
  }

  /** Whether elements wait for something outside, such as a pipe: an idle router is not done then. */
  get waiting(): boolean {
    return this.current.services.some((s) => s?.waiting?.());
  }

  /** What may still happen without anything from outside, once `run` said that the router is idle or polls. */
  unfinished(): Unfinished {
    const { host, compiled, configuration } = this.current;
    const { elements } = configuration.checked;
    return unfinished({ data: host.data, plan: compiled.memory, element: (i) => elements[i] }, this.timers.owners);
  }

  /** What went wrong with the files that service elements read. */
  get problems(): string[] {
    return this.current.services.flatMap((s) => s?.problem?.() ?? []);
  }

  /** Has service elements write what they kept back. */
  flush(): void {
    for (const service of this.current.services) service?.flush?.();
  }

  /** Closes the files and sockets of service elements. */
  close(): void {
    for (const service of this.current.services) service?.close?.();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The status of an element that was given arguments that cannot be read. */
const notConfigured = -1;

/** What is wrong with all arguments together, which can be read, has another status than what is wrong with one. */
function statusOf({ diagnostics }: ConfigurationError): number {
  const [problem, ...others] = diagnostics.filter(({ severity }) => severity === "error");
  if (!problem || others.length > 0 || problem.message === "too many arguments") return notConfigured;
  const { subject, place, section } = problem;
  return subject === undefined && place === section?.place ? refused : notConfigured;
}

/** What one element says of its arguments: who wrote them knows which element it is. */
const withoutSections = ({ diagnostics }: ConfigurationError): string =>
  formatDiagnostics(
    diagnostics.map(({ section, place, ...d }) => ({ ...d, place: undefined })),
    { plain: true },
  );

/** How often Click reads its clock to make the elements. */
function readings({ checked }: CheckedConfiguration): bigint {
  return BigInt(checked.elements.reduce((sum, e) => sum + (e.class.readings ?? 0), 0));
}
