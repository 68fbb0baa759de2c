/**
 * Stages a checked graph: every element's code is run at build time and leaves what is specific to its place.
 */
import { ConfigurationError } from "@clickos/click-language";
import { type ModuleBuilder, moduleBuilder, staged } from "@clickos/codegen";
import { alignUp, type Struct } from "@clickos/layout";
import { bufferSize } from "../element/packet.ts";
import { lineSize } from "../structures/text-line.ts";
import { bufferPool } from "./buffer-pool.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import { portTexts, stateLayouts } from "./describe.ts";
import { ElementCode } from "./element-code.ts";
import type { ElementPlace } from "./element-place.ts";
import { findSignals, type Neighbours, neighboursOf, type Signals } from "./flow.ts";
import { provideHeap } from "./heap.ts";
import type { DropCounter, MemoryPlan } from "./memory-plan.ts";
import { Placement } from "./placement.ts";
import { noTimer, type Platform, routerControl, type StagedDevice, type StagedPool } from "./platform.ts";
import { prefill } from "./prefill.ts";
import { provideSeed } from "./seed.ts";
import { defineTasks, hasTask, initialTasks, type TaskTable, taskTableSize } from "./tasks.ts";
import { clearTimers, defineFire, defineTimers, type TimerTree, timerTreeSize } from "./timers.ts";

export interface StagedRouter {
  readonly module: ModuleBuilder;
  readonly plan: MemoryPlan;
  /** Whether what it does depends on its seed. */
  readonly seeded: boolean;
}

/** Bytes at the start of a buffer that most packets use. */
const shortFrames = 1024;

export function stageRouter(graph: CheckedGraph, platform: Platform): StagedRouter {
  return new Stager(graph, platform).build();
}

class Stager {
  private readonly graph: CheckedGraph;
  private readonly platform: Platform;
  private readonly module: ModuleBuilder;
  private top: number;
  private readonly control: number;
  private seeded = false;
  private readonly states: { readonly address: number; readonly layout: Struct<any> }[] = [];
  /** By element: the number of its first timer. */
  private readonly firstTimers: (number | undefined)[] = [];
  private readonly timers: TimerTree;
  private heapUsed = false;
  private readonly devices = new Map<number, StagedDevice>();
  private readonly drops = new Map<string, DropCounter>();
  private readonly constants = new Map<string, { readonly bytes: Uint8Array; readonly address: number }[]>();
  private readonly neighbours: Neighbours;
  /** By element: the number of its task. */
  private readonly tasks = new Map<number, number>();
  private readonly taskTable: TaskTable;
  /** Elements in the order in which they are initialized. */
  private readonly order: readonly number[];
  /** By element and kind: addresses of the words that say whether a notifier is awake. */
  private readonly notes = new Map<string, number>();
  private firstNote = 0;
  private readonly listeners = { empty: new Map<number, number[]>(), full: new Map<number, number[]>() };
  private readonly signals = new Map<string, Signals>();
  private readonly code: ElementCode;
  private readonly pool: StagedPool;
  private readonly poolCount: number;
  private readonly poolBase: number;
  private readonly freeStack: number;

  constructor(graph: CheckedGraph, platform: Platform) {
    this.graph = graph;
    this.platform = platform;
    this.neighbours = neighboursOf(graph.connections);
    this.module = moduleBuilder({
      ...(platform.moduleName === undefined ? {} : { name: platform.moduleName }),
      memory: { import: platform.memoryImport, pages: 1, maximumPages: platform.maximumPages, shared: true },
    });
    this.top = platform.base;
    this.control = this.reserve(routerControl.size, 64);
    provideHeap(this.module, this.control, () => {
      this.heapUsed = true;
    });
    provideSeed(this.module, this.control, () => {
      this.seeded = true;
    });
    this.pool = bufferPool(() => ({
      control: this.control,
      freeStack: this.freeStack,
      base: this.poolBase,
      count: this.poolCount,
    }));
    this.order = graph.order;
    for (const e of graph.elements) if (hasTask(e)) this.tasks.set(e.index, this.tasks.size);
    const count = this.tasks.size;
    this.taskTable = { table: this.reserve(taskTableSize(count), 32), count };
    this.placeNotes();
    let timers = 0;
    for (const e of graph.elements) {
      const count = timerCount(e);
      this.firstTimers.push(count === 0 ? undefined : timers);
      timers += count;
    }
    const { leaves, bytes } = timerTreeSize(timers);
    this.timers = { tree: this.reserve(bytes, 8), leaves };
    const place: ElementPlace = {
      elements: graph.elements,
      control: this.control,
      line: this.reserve(lineSize, 16),
      states: this.states,
      firstTimers: this.firstTimers,
      timers: this.timers,
      devices: this.devices,
      pool: this.pool,
      platform,
      tasks: this.taskTable,
      taskOf: (element) => this.tasks.get(element),
      note: (element, kind) => this.notes.get(`${kind} ${element}`),
      listeners: (element, kind) => this.listeners[kind].get(element) ?? [],
      signals: (element, port, direction) => this.signalsOf(element, port, direction),
    };
    this.code = new ElementCode(place);
    for (const index of this.order) {
      const e = graph.elements[index] as ElementInstance;
      if (!this.tasks.has(index) && !e.class.notifier?.through) continue;
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
      held += e.class.holds?.(e.config, e.inputs.length) ?? 0;
    }
    for (const number of deviceNumbers(graph))
      this.devices.set(
        number,
        platform.device(
          {
            module: this.module,
            pool: this.pool,
            reserve: (bytes, align) => this.reserve(bytes, align),
            dropCounter: (reason) => this.dropCounter(`device ${number}`, reason),
          },
          number,
        ),
      );
    const wanted = platform.buffers + this.devices.size * platform.buffersPerDevice + held;
    const room = platform.maximumPages * 65536 - this.top - platform.heapBytes;
    this.poolCount = platform.fewerBuffers ? Math.min(wanted, Math.floor(room / (bufferSize + 4)) - 6) : wanted;
    // Addresses that are equal in their last twelve bits hold one another up in many processors: the words and constants that
    // are used beside a packet have others than the start of a buffer, and than short frames.
    this.freeStack = this.reserve(shortFrames + this.poolCount * 4, 4096) + shortFrames;
    this.poolBase = this.reserve(this.poolCount * bufferSize, 4096);
    // Constants and drop counters follow the pool: they are found while code is made.
    this.top = alignUp(this.top, 4096) + shortFrames;
    platform.recorder?.begin({
      reserve: (bytes, align) => this.reserve(bytes, align),
      data: (bytes, align) => this.constant(bytes, align),
      control: this.control,
      peer: (kind, element, port) => this.neighbours[kind === "push" ? "targets" : "sources"](element, port)[0],
    });
  }

  build(): StagedRouter {
    const placement = new Placement(
      this.graph,
      this.neighbours,
      this.module,
      this.code,
      {
        data: (bytes, align) => this.constant(bytes, align),
        drop: (element, reason) => this.dropCounter(this.graph.elements[element]?.source.name ?? "", reason),
      },
      this.platform.recorder,
    );
    const { wiring } = placement;
    const init = this.module.declare("init", {}, undefined);
    const run = this.module.declare("run", { now: "i64", rounds: "i32" }, "i32");
    const tasks = [...this.tasks.keys()]
      .map((index) => this.graph.elements[index] as ElementInstance)
      .map((e) =>
        this.module.func(`${e.source.name} task`, {}, "i32", (c) =>
          placement.root(e, () => this.code.task(c, e, wiring)),
        ),
      );
    const timers = this.graph.elements
      .filter((e) => this.firstTimers[e.index] !== undefined)
      .map((e) => ({
        first: this.firstTimers[e.index] as number,
        count: timerCount(e),
        func: this.module.func(`${e.source.name} timer`, { number: "i32" }, undefined, (c, { number }) =>
          placement.root(e, () => this.code.timer(c, e, number, wiring)),
        ),
      }));
    const initializers = this.order.flatMap((index) => {
      const e = this.graph.elements[index] as ElementInstance;
      if (!e.class.init) return [];
      const func = this.module.func(`${e.source.name} init`, {}, undefined, (c) =>
        placement.root(e, () => this.code.init(c, e, wiring)),
      );
      return [{ index, func }];
    });
    placement.finish();

    this.module.data(this.taskTable.table, initialTasks(this.taskTable, this.tasks, this.graph, this.order));
    const prepare = this.module.func("prepare", {}, undefined, (c) => {
      const control = staged(c, routerControl, this.control);
      c.placeData();
      control.freeStack.set(this.freeStack);
      control.poolBase.set(this.poolBase);
      control.poolCount.set(this.poolCount);
      control.nextTimer.set(noTimer);
      // The seed is there before; the state of xorshift is never zero.
      control.random.set(control.seed.get().xor(0x9e3779b97f4a7c15n).or(1n));
      clearTimers(c, this.timers);
    });
    this.module.define(init, {}, (c) => {
      c.call(prepare);
      for (const { func } of initializers) c.call(func);
    });
    const initElement = this.module.func("init element", { element: "i32" }, undefined, (c, { element }) => {
      for (const { index, func } of initializers) c.if(element.eq(index), () => c.call(func));
    });
    const runTasks = defineTasks(this.module, this.control, this.taskTable, tasks, this.platform.exactTasks ?? false);
    const runTimers = defineTimers(this.module, this.control, this.timers, timers);
    this.module.define(run, { now: "i64", rounds: "i32" }, (c, { now, rounds }) => {
      const control = staged(c, routerControl, this.control);
      control.now.set(now);
      const fire = (): void =>
        c.if(control.nextTimer.get().leU(now), () => {
          c.call(runTimers, now, noTimer, timers.length + 64);
          c.if(control.stopped.get(), () => c.return(2));
        });
      if (timers.length > 0) fire();
      const result = c.call(runTasks, rounds.mul(Math.max(1, this.tasks.size)));
      // Those that tasks set to be called at once, and those that are left.
      if (timers.length > 0)
        c.if(result.ne(2).and(control.nextTimer.get().leU(now)), () => {
          fire();
          c.return(1);
        });
      return result;
    });
    const { module } = this;
    const parts = {
      prepare,
      initElement,
      tasks: runTasks,
      timers: runTimers,
      // Made for who asks for it.
      get fire() {
        return defineFire(module, timers);
      },
    };
    this.platform.finish(this.module, { init, run, parts, control: this.control });
    this.placeInitialState();
    // The heap is last, and has what room there is.
    const heap = alignUp(this.top, 4096);
    const limit = this.platform.maximumPages * 65536;
    const heapNext = prefill({
      module: this.module,
      elements: this.graph.elements,
      states: this.states,
      control: this.control,
      heap,
      limit,
    });
    const inHeap = this.graph.elements.some((e) => Object.values(e.state.fields).some((type) => "inHeap" in type));
    const hasHeap = heapNext > heap || this.heapUsed || inHeap || this.platform.heapAlways === true;
    if (hasHeap) this.top = Math.max(this.top, Math.min(heapNext + this.platform.heapBytes, limit));
    this.placeWord(routerControl.offsets.heapNext, heapNext);
    this.placeWord(routerControl.offsets.heapEnd, Math.max(this.top, heapNext));
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
    this.module.setPages(pages, this.platform.memoryPages ?? this.platform.maximumPages);
    const { layouts, layoutOf } = stateLayouts(this.graph);
    let ports: readonly string[] | undefined;
    const portsOf = (element: number): string => {
      ports ??= portTexts(this.graph);
      return ports[element] as string;
    };
    return {
      seeded: this.seeded,
      module: this.module,
      plan: {
        pages,
        base: this.platform.base,
        end: this.top,
        ...(hasHeap ? { heap } : {}),
        control: this.control,
        elements: this.graph.elements.map((e, i) => ({
          name: e.source.name,
          className: e.class.name,
          configText: e.source.configText,
          // Made for who asks for it.
          get ports() {
            return portsOf(i);
          },
          state: this.states[i]?.address ?? 0,
          stateSize: e.state.size,
          layout: layoutOf[i] as number,
          ...(this.tasks.has(i) ? { task: this.tasks.get(i) as number } : {}),
          ...(this.platform.services && e.class.service && this.wakesOf(i) ? { wakes: this.wakesOf(i) } : {}),
          ...(this.firstTimers[i] === undefined
            ? {}
            : { timers: { first: this.firstTimers[i] as number, count: timerCount(e) } }),
        })),
        layouts,
        tasks: this.taskTable,
        notes: { start: this.firstNote, count: this.notes.size },
        drops: [...this.drops.values()],
        devices: [...this.devices.keys()],
        timers: this.timers,
        pool: { base: this.poolBase, count: this.poolCount },
      },
    };
  }

  // ---- who calls whom to wake

  /** A word for each notifier; all are awake at first. */
  private placeNotes(): void {
    const kinds = ["empty", "full"] as const;
    const keys = this.graph.elements.flatMap((e) =>
      kinds.filter((kind) => e.class.notifier?.[kind]).map((kind) => `${kind} ${e.index}`),
    );
    const start = this.reserve(keys.length * 4, 4);
    this.firstNote = start;
    keys.forEach((key, i) => {
      this.notes.set(key, start + i * 4);
    });
    if (keys.length > 0) this.module.data(start, new Uint8Array(new Uint32Array(keys.length).fill(1).buffer));
  }

  /** What wakes those that sleep while a pull from an element finds nothing. */
  private wakesOf(element: number): MemoryPlan["elements"][number]["wakes"] {
    const note = this.notes.get(`empty ${element}`);
    if (note === undefined) return undefined;
    const tasks = (this.listeners.empty.get(element) ?? []).flatMap((e) => this.tasks.get(e) ?? []);
    return { note, tasks };
  }

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
    const key = `${align} ${bytes.length} ${hashOf(bytes)}`;
    const alike = this.constants.get(key) ?? [];
    const same = alike.find((k) => k.bytes.every((byte, i) => byte === bytes[i]));
    if (same) return same.address;
    const address = this.reserve(bytes.length, align);
    this.module.data(address, bytes);
    this.constants.set(key, [...alike, { bytes, address }]);
    return address;
  }

  /** The count of what is dropped in a place, an element or a device, for a reason. */
  private dropCounter(name: string, reason: string): number {
    const key = `${name}\0${reason}`;
    let counter = this.drops.get(key);
    if (!counter) {
      counter = { element: name, reason, address: this.reserve(8, 8) };
      this.drops.set(key, counter);
    }
    return counter.address;
  }

  /** Gives a word of the router's own a value from the start. */
  private placeWord(offset: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.module.data(this.control + offset, bytes);
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
}

/** How many timers an element has. */
function timerCount(e: ElementInstance): number {
  return e.class.timer ? (e.class.timers?.({ config: e.config as never, plan: e.plan }) ?? 1) : 0;
}

/** The device numbers that a graph's elements work with. */
function deviceNumbers(graph: CheckedGraph): number[] {
  const numbers = graph.elements.flatMap(({ device }) => device ?? []);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
