/**
 * Stages a checked graph: every element's code is run at build time and leaves what is specific to its place.
 *
 * An input with one caller is emitted where it is called; one with several becomes a function. To know which,
 * each piece of element code is first run against a module that is thrown away, counting its calls.
 */
import { ConfigurationError } from "@clickos/click-language";
import { type Func, FunctionBuilder, type I32, ModuleBuilder, moduleBuilder, staged } from "@clickos/codegen";
import { alignUp, type Struct } from "@clickos/layout";
import type { ElementClass, ElementContext } from "../element/element.ts";
import { ElementDefinitionError, Ownership } from "../element/ownership.ts";
import { bufferSize, loadParts, type PacketParts, saveParts } from "../element/packet.ts";
import { lineSize } from "../structures/text-line.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import { portTexts, stateLayouts } from "./describe.ts";
import { type ElementPlace, elementContext, elementPacket, type Wiring } from "./element-context.ts";
import { findSignals, type Neighbours, type Signals } from "./flow.ts";
import type { DropCounter, MemoryPlan } from "./memory-plan.ts";
import { noTimer, type Platform, routerControl, type StagedDevice, type StagedPool } from "./platform.ts";
import { anyRunnable, prepareTasks, runTasks, type TaskTable } from "./tasks.ts";

export interface StagedRouter {
  readonly module: ModuleBuilder;
  readonly plan: MemoryPlan;
}

type Entry = { readonly kind: "push" | "pull"; readonly element: number; readonly port: number };
const partParams = { address: "i32", data: "i32", length: "i32", network: "i32", transport: "i32" } as const;
const inlineDepth = 120;

/** Sites by class and by what makes elements of a class alike; they follow from these alone. */
const knownSites = new WeakMap<ElementClass, Map<string, Map<string, number>>>();
const maximumKnown = 1024;

export function stageRouter(graph: CheckedGraph, platform: Platform): StagedRouter {
  return new Stager(graph, platform).build();
}

/** A module that is thrown away: helper functions are declared, but their code, which moves no packets, is not made. */
class ScratchModule extends ModuleBuilder {
  override define(): void {}
  run(body: (c: FunctionBuilder) => void): void {
    body(new FunctionBuilder(this, this.declare("scratch", {}, undefined)));
  }
}

class Stager {
  private readonly graph: CheckedGraph;
  private readonly platform: Platform;
  private readonly module: ModuleBuilder;
  private top: number;
  private readonly control: number;
  private readonly states: { readonly address: number; readonly layout: Struct<any> }[] = [];
  private readonly dues: (number | undefined)[] = [];
  private readonly devices = new Map<number, StagedDevice>();
  private readonly drops = new Map<string, DropCounter>();
  private readonly constants = new Map<string, number>();
  private readonly sites = new Map<string, number>();
  private readonly functions = new Map<string, Func>();
  private readonly pending: (() => void)[] = [];
  private readonly outgoing = new Map<string, { element: number; port: number }>();
  private readonly incoming = new Map<string, { element: number; port: number }[]>();
  private depth = 0;
  /** By element: the number of its task. */
  private readonly tasks = new Map<number, number>();
  private readonly runnable: number;
  private readonly tickets: number;
  private readonly listeners = { empty: new Map<number, number[]>(), full: new Map<number, number[]>() };
  private readonly signals = new Map<string, Signals>();
  private readonly place: ElementPlace;
  private readonly poolCount: number;
  private readonly poolBase: number;
  private readonly freeStack: number;

  constructor(graph: CheckedGraph, platform: Platform) {
    this.graph = graph;
    this.platform = platform;
    this.module = moduleBuilder({
      ...(platform.moduleName === undefined ? {} : { name: platform.moduleName }),
      memory: { import: platform.memoryImport, pages: 1, maximumPages: platform.maximumPages, shared: true },
    });
    this.top = platform.base;
    this.control = this.reserve(routerControl.size, 64);
    for (const e of graph.elements) if (hasTask(e)) this.tasks.set(e.index, this.tasks.size);
    this.runnable = this.reserve(Math.ceil(this.tasks.size / 32) * 4, 8);
    this.tickets = this.reserve(this.tasks.size * 8, 8);
    this.place = {
      elements: graph.elements,
      control: this.control,
      line: this.reserve(lineSize, 16),
      states: this.states,
      dues: this.dues,
      devices: this.devices,
      pool: this.pool,
      platform,
      taskBit: (element) => {
        const task = this.tasks.get(element);
        return task === undefined
          ? undefined
          : { address: this.runnable + (task >>> 5) * 4, mask: (1 << (task & 31)) >>> 0 };
      },
      listeners: (element, which) => this.listeners[which].get(element) ?? [],
      signals: (element, port, direction) => this.signalsOf(element, port, direction),
    };
    for (const { from, to } of graph.connections) {
      this.outgoing.set(`${from.element}.${from.port}`, to);
      const key = `${to.element}.${to.port}`;
      const list = this.incoming.get(key);
      if (list) list.push(from);
      else this.incoming.set(key, [from]);
    }
    for (const e of graph.elements) {
      if (!this.tasks.has(e.index)) continue;
      const listen = (signals: Signals, table: Map<number, number[]>): void => {
        for (const notifier of signals.callers) {
          const list = table.get(notifier);
          if (!list) table.set(notifier, [e.index]);
          else if (!list.includes(e.index)) list.push(e.index);
        }
      };
      e.inputs.forEach((p, port) => {
        if (p === "pull") listen(this.signalsOf(e.index, port, "upstream"), this.listeners.empty);
      });
      e.outputs.forEach((p, port) => {
        if (p === "push") listen(this.signalsOf(e.index, port, "downstream"), this.listeners.full);
      });
    }
    let held = 0;
    for (const e of graph.elements) {
      const layout = e.state;
      this.states.push({ address: this.reserve(Math.max(layout.size, 1), Math.max(layout.align, 8)), layout });
      this.dues.push(e.class.timer ? this.reserve(8, 8) : undefined);
      held += e.class.holds?.(e.config) ?? 0;
    }
    for (const number of deviceNumbers(graph))
      this.devices.set(
        number,
        platform.device(
          { module: this.module, pool: this.pool, reserve: (bytes, align) => this.reserve(bytes, align) },
          number,
        ),
      );
    this.poolCount = platform.buffers + this.devices.size * platform.buffersPerDevice + held;
    this.freeStack = this.reserve(this.poolCount * 4, 4096);
    this.poolBase = this.reserve(this.poolCount * bufferSize, 4096);
    // Constants and drop counters follow the pool: they are found while code is made.
    this.top = alignUp(this.top, 4096);
  }

  build(): StagedRouter {
    this.countSites();
    const init = this.module.declare("init", {}, undefined);
    const run = this.module.declare("run", { now: "i64", rounds: "i32" }, "i32");
    const tasks = this.graph.elements
      .filter((e) => this.tasks.has(e.index))
      .map((e) => this.module.func(`${e.source.name} task`, {}, "i32", (c) => this.emitTask(c, e, this.wiring)));
    const timers = this.graph.elements
      .filter((e) => e.class.timer)
      .map((e) => ({
        due: this.dues[e.index] as number,
        func: this.module.func(`${e.source.name} timer`, {}, undefined, (c) => {
          this.note(c, e);
          this.emit(c, e, this.wiring, (context) => e.class.timer?.(c, context));
        }),
      }));
    const initializers = this.graph.elements
      .filter((e) => e.class.init)
      .map((e) =>
        this.module.func(`${e.source.name} init`, {}, undefined, (c) =>
          this.emit(c, e, this.wiring, (context) => e.class.init?.(c, context)),
        ),
      );
    for (let define = this.pending.pop(); define; define = this.pending.pop()) define();

    this.module.define(init, {}, (c) => {
      const control = staged(c, routerControl, this.control);
      c.placeData();
      control.freeStack.set(this.freeStack);
      control.poolBase.set(this.poolBase);
      control.poolCount.set(this.poolCount);
      control.nextTimer.set(noTimer);
      control.random.set(0x9e3779b97f4a7c15n);
      prepareTasks(c, this.taskTable, this.graph);
      for (const { due } of timers) c.store64(due, noTimer);
      c.for(0, this.poolCount, 1, (i) => {
        // The lowest buffers are on top of the stack.
        c.store32(
          i.shl(2),
          c
            .i32(this.poolCount - 1)
            .sub(i)
            .mul(bufferSize)
            .add(this.poolBase),
          this.freeStack,
        );
      });
      control.freeCount.set(this.poolCount);
      for (const f of initializers) c.call(f);
    });
    const fire = timers.length > 0 ? this.defineTimers(timers) : undefined;
    this.module.define(run, { now: "i64", rounds: "i32" }, (c, { now, rounds }) => {
      const control = staged(c, routerControl, this.control);
      control.now.set(now);
      const left = c.var("i32", rounds, "left");
      c.loop(() => {
        const worked = c.var("i32", 0, "worked");
        runTasks(c, this.taskTable, tasks, worked);
        if (fire)
          c.if(control.nextTimer.get().leU(now), () => {
            c.call(fire);
            worked.set(1);
            c.if(control.stopped.get(), () => c.return(2));
          });
        c.if(worked.get().eqz(), () => c.return(anyRunnable(c, this.taskTable, this.graph)));
        left.inc(-1);
        c.if(left.get().eqz(), () => c.return(1));
      });
      c.trap();
    });
    this.platform.finish(this.module, { init, run, control: this.control });
    this.placeInitialState();
    const pages = Math.ceil(this.top / 65536);
    if (pages > this.platform.maximumPages)
      throw new ConfigurationError([
        {
          severity: "error",
          message: `the configuration needs ${pages * 64} KiB of memory, more than the ${this.platform.maximumPages * 64} KiB allowed`,
          place: undefined,
          hint: "make its queues shorter",
        },
      ]);
    // The memory may be larger than what this router needs of it.
    this.module.setPages(pages, this.platform.maximumPages);
    const { layouts, layoutOf } = stateLayouts(this.graph);
    const ports = portTexts(this.graph);
    return {
      module: this.module,
      plan: {
        pages,
        base: this.platform.base,
        end: this.top,
        control: this.control,
        elements: this.graph.elements.map((e, i) => ({
          name: e.source.name,
          className: e.class.name,
          configText: e.source.configText.trim(),
          ports: ports[i] as string,
          state: this.states[i]?.address ?? 0,
          stateSize: e.state.size,
          layout: layoutOf[i] as number,
          ...(this.tasks.has(i) ? { task: this.tasks.get(i) as number } : {}),
          ...(this.dues[i] === undefined ? {} : { due: this.dues[i] as number }),
        })),
        layouts,
        tasks: { runnable: this.runnable, tickets: this.tickets, count: this.tasks.size },
        drops: [...this.drops.values()],
        devices: [...this.devices.keys()],
        pool: { base: this.poolBase, count: this.poolCount },
      },
    };
  }

  // ---- who calls whom to wake

  private get taskTable(): TaskTable {
    return { numbers: this.tasks, runnable: this.runnable, tickets: this.tickets, control: this.control };
  }

  private readonly neighbours: Neighbours = {
    sources: (element, input) => this.incoming.get(`${element}.${input}`) ?? [],
    targets: (element, output) => {
      const to = this.outgoing.get(`${element}.${output}`);
      return to ? [to] : [];
    },
  };

  private signalsOf(element: number, port: number, direction: "upstream" | "downstream"): Signals {
    const key = `${direction} ${element}.${port}`;
    let found = this.signals.get(key);
    if (!found) {
      found = findSignals(this.graph, this.neighbours, { element, port }, direction);
      this.signals.set(key, found);
    }
    return found;
  }

  // ---- memory

  private reserve(bytes: number, align: number): number {
    const address = alignUp(this.top, align);
    this.top = address + bytes;
    return address;
  }

  private constant(bytes: Uint8Array, align: number): number {
    const key = `${align}:${bytes.join()}`;
    let address = this.constants.get(key);
    if (address === undefined) {
      address = this.reserve(bytes.length, align);
      this.module.data(address, bytes);
      this.constants.set(key, address);
    }
    return address;
  }

  private dropCounter(element: number, reason: string): number {
    const name = this.graph.elements[element]?.source.name ?? "";
    const key = `${name}\0${reason}`;
    let counter = this.drops.get(key);
    if (!counter) {
      counter = { element: name, reason, address: this.reserve(8, 8) };
      this.drops.set(key, counter);
    }
    return counter.address;
  }

  private placeInitialState(): void {
    for (const e of this.graph.elements) {
      const values = e.class.initial?.({ config: e.config, plan: e.plan });
      const state = this.states[e.index];
      if (!values || !state) continue;
      const bytes = new Uint8Array(state.layout.size);
      state.layout.write(new DataView(bytes.buffer), 0, values);
      this.module.data(state.address, bytes);
    }
  }

  private readonly pool: StagedPool = {
    available: (c) => c.load32(this.control, routerControl.offsets.freeCount),
    base: (c) => c.load32(this.control, routerControl.offsets.poolBase),
    count: (c) => c.load32(this.control, routerControl.offsets.poolCount),
    allocate: (c) => {
      const count = c.load32(this.control, routerControl.offsets.freeCount);
      const result = c.var("i32", 0, "buffer");
      c.if(
        count,
        () => {
          const left = count.sub(1);
          c.store32(this.control, left, routerControl.offsets.freeCount);
          result.set(c.load32(left.shl(2), this.freeStack));
        },
        () => staged(c, routerControl, this.control).poolEmpty.inc(),
      );
      return result.get();
    },
    free: (c, address) => {
      const count = c.load32(this.control, routerControl.offsets.freeCount);
      c.store32(count.shl(2), address, this.freeStack);
      c.store32(this.control, count.add(1), routerControl.offsets.freeCount);
    },
  };

  // ---- who calls whom

  private countSites(): void {
    const scratch = new ScratchModule({ import: ["", ""], pages: 1 });
    for (const e of this.graph.elements) {
      const key = `${e.source.configText}\0${e.inputs.join()}\0${e.outputs.join()}`;
      let known = knownSites.get(e.class);
      if (!known) {
        known = new Map();
        knownSites.set(e.class, known);
      }
      let counts = known.get(key);
      if (!counts) {
        counts = this.countElementSites(scratch, e);
        if (known.size < maximumKnown) known.set(key, counts);
      }
      for (const [port, count] of counts) {
        const [side, number] = port.split(" ") as [string, string];
        this.sites.set(`${side} ${e.index}.${number}`, count);
      }
    }
  }

  /** How often an element's code pushes to each output and pulls from each input, in all. */
  private countElementSites(scratch: ScratchModule, e: ElementInstance): Map<string, number> {
    const counts = new Map<string, number>();
    const count = (key: string): void => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    };
    const counting: Wiring = {
      push: (_c, _element, port) => count(`out ${port}`),
      pull: (c, _element, port, sink) => {
        count(`in ${port}`);
        sink(loadParts(c, c.i32(0)));
      },
      data: () => 0,
      drop: () => 0,
    };
    scratch.run((c) => {
      e.inputs.forEach((processing, port) => {
        if (processing === "push") this.emitPush(c, e, port, loadParts(c, c.i32(0)), counting);
      });
      e.outputs.forEach((processing, port) => {
        if (processing === "pull") this.emitPull(c, e, port, () => {}, counting);
      });
      if (e.class.timer) this.emit(c, e, counting, (context) => e.class.timer?.(c, context));
      if (e.class.init) this.emit(c, e, counting, (context) => e.class.init?.(c, context));
      if (hasTask(e)) this.emitTask(c, e, counting);
    });
    return counts;
  }

  private readonly wiring: Wiring = {
    push: (c, element, port, parts) => {
      const to = this.outgoing.get(`${element}.${port}`);
      if (!to) throw new ElementDefinitionError(`push to output ${port}, which is not connected`);
      const target = this.graph.elements[to.element] as ElementInstance;
      const once =
        this.incoming.get(`${to.element}.${to.port}`)?.length === 1 && this.sites.get(`out ${element}.${port}`) === 1;
      if (once && this.depth < inlineDepth) {
        this.depth++;
        this.emitPush(c, target, to.port, parts, this.wiring);
        this.depth--;
      } else {
        c.call(
          this.entry({ kind: "push", ...to }),
          parts.address,
          parts.data.get(),
          parts.length.get(),
          parts.network.get(),
          parts.transport.get(),
        );
      }
    },
    pull: (c, element, port, sink) => {
      const from = this.incoming.get(`${element}.${port}`)?.[0];
      if (!from) throw new ElementDefinitionError(`pull from input ${port}, which is not connected`);
      const source = this.graph.elements[from.element] as ElementInstance;
      if (this.sites.get(`in ${element}.${port}`) === 1 && this.depth < inlineDepth) {
        this.depth++;
        this.emitPull(c, source, from.port, sink, this.wiring);
        this.depth--;
      } else {
        const address = c.call(this.entry({ kind: "pull", ...from }) as Func<"i32">);
        c.if(address, () => sink(loadParts(c, address)));
      }
    },
    data: (bytes, align) => this.constant(bytes, align),
    drop: (element, reason) => this.dropCounter(element, reason),
  };

  private entry(entry: Entry): Func {
    const key = `${entry.kind} ${entry.element}.${entry.port}`;
    const known = this.functions.get(key);
    if (known) return known;
    const e = this.graph.elements[entry.element] as ElementInstance;
    const name = `${e.source.name}${entry.kind === "push" ? ` [${entry.port}] push` : ` pull [${entry.port}]`}`;
    const func: Func =
      entry.kind === "push" ? this.module.declare(name, partParams, undefined) : this.module.declare(name, {}, "i32");
    this.functions.set(key, func);
    this.pending.push(() => {
      const depth = this.depth;
      this.depth = 0;
      if (entry.kind === "push")
        this.module.define(func, partParams, (c, p) => {
          const parts = {
            address: p.address,
            data: c.var("i32", p.data),
            length: c.var("i32", p.length),
            network: c.var("i32", p.network),
            transport: c.var("i32", p.transport),
          };
          this.emitPush(c, e, entry.port, parts, this.wiring);
        });
      else
        this.module.define(func, {}, (c) => {
          const result = c.var("i32", 0, "result");
          this.emitPull(c, e, entry.port, (parts) => result.set(saveParts(c, parts)), this.wiring);
          return result.get();
        });
      this.depth = depth;
    });
    return func;
  }

  // ---- element code

  private emitPush(c: FunctionBuilder, e: ElementInstance, port: number, parts: PacketParts, wiring: Wiring): void {
    this.emit(c, e, wiring, (context, ownership) => {
      const packet = elementPacket(this.place, c, e, parts, ownership, wiring);
      ownership.add(packet);
      if (e.class.push) e.class.push(c, port, packet, context);
      else if (e.class.action) {
        e.class.action(c, packet, context);
        if (c.reachable && ownership.isLive(packet)) context.output(0).push(packet);
      } else throw new ElementDefinitionError(`${e.class.name}: has a push input but neither action nor push`);
    });
  }

  private emitPull(
    c: FunctionBuilder,
    e: ElementInstance,
    port: number,
    sink: (parts: PacketParts) => void,
    wiring: Wiring,
  ): void {
    this.emit(
      c,
      e,
      wiring,
      (context, ownership) => {
        if (e.class.pull) e.class.pull(c, port, context);
        else if (e.class.action)
          context.input(0).pull((packet) => {
            e.class.action?.(c, packet, context);
            if (c.reachable && ownership.isLive(packet)) context.output(port).push(packet);
          });
        else throw new ElementDefinitionError(`${e.class.name}: has a pull output but neither action nor pull`);
      },
      sink,
    );
  }

  /** Leaves word of whose task or timer runs: all there is to know of one that never ends. */
  private note(c: FunctionBuilder, e: ElementInstance): void {
    staged(c, routerControl, this.control).running.set(e.index + 1);
  }

  private emitTask(c: FunctionBuilder, e: ElementInstance, wiring: Wiring): I32 {
    const worked = c.var("i32", 0, "worked");
    this.note(c, e);
    this.emit(c, e, wiring, (context) => {
      const result = e.class.task?.(c, context);
      if (result) worked.set(result);
      const inputs = e.inputs.flatMap((p, port) => (p === "pull" ? [port] : []));
      // Nothing found upstream, and those who know say that there is nothing: sleep until they call.
      if (inputs.length > 0 && !e.class.polls)
        c.if(worked.get().eqz(), () => {
          let any = c.i32(0);
          for (const port of inputs) any = any.or(context.mayPull(port));
          c.if(any.eqz(), () => context.task.unschedule());
        });
    });
    return worked.get();
  }

  /** Runs element code inside a block of its own, whose end a finished path goes to. */
  private emit(
    c: FunctionBuilder,
    e: ElementInstance,
    wiring: Wiring,
    body: (context: ElementContext<any, any, any>, ownership: Ownership) => void,
    sink?: (parts: PacketParts) => void,
  ): void {
    const outer = c.observer;
    c.block(
      (end) => {
        const ownership = new Ownership(c, `${e.class.name} ('${e.source.name}')`, () => c.br(end));
        c.observer = ownership;
        try {
          body(elementContext(this.place, c, e, ownership, wiring, sink), ownership);
          ownership.finish();
        } finally {
          c.observer = outer;
        }
      },
      e.source.name.replace(/\W/g, "_"),
      e.source.name,
    );
  }

  private defineTimers(timers: readonly { due: number; func: Func<undefined> }[]): Func<undefined> {
    return this.module.func("timers", {}, undefined, (c) => {
      const control = staged(c, routerControl, this.control);
      const now = control.now.get();
      for (const { due, func } of timers) {
        const when = c.load64(due);
        c.if(when.leU(now), () => {
          c.store64(due, noTimer);
          c.call(func);
        });
      }
      const next = c.var("i64", noTimer, "next");
      for (const { due } of timers) {
        const when = c.load64(due);
        c.if(when.ltU(next.get()), () => next.set(when));
      }
      control.nextTimer.set(next.get());
    });
  }
}

export function hasTask(e: ElementInstance): boolean {
  return (
    e.class.task !== undefined &&
    (e.class.hasTask?.({
      config: e.config as never,
      inputIsPush: e.inputs[0] === "push",
      outputIsPush: e.outputs[0] === "push",
    }) ??
      true)
  );
}

/** The device numbers that a graph's elements work with. */
function deviceNumbers(graph: CheckedGraph): number[] {
  const numbers = graph.elements.flatMap(({ device }) => device ?? []);
  return [...new Set(numbers)].sort((a, b) => a - b);
}
