/** A router in process: a compiled configuration over a memory of its own. */
import { checkConfiguration, compile } from "../compile/compile.ts";
import { type Platform, routerControl } from "../compile/platform.ts";
import type { ElementSet, HostService } from "../element/element.ts";
import { type DeviceRings, hostDevice, type RouterDevice, ringSlots, stageDeviceRings } from "./device-ring.ts";
import { type ControlPlane, controlPlane, type Drop } from "./handlers.ts";

export interface RouterOptions {
  readonly elements: ElementSet;
  /** Name of the configuration in messages. */
  readonly file?: string;
  /** Nanoseconds; monotonic time by default. */
  readonly clock?: () => bigint;
  /** Receives the text that elements print. */
  readonly chatter?: (text: string) => void;
  /** Packet buffers beyond those that queues are known to hold. */
  readonly buffers?: number;
  /** Allows elements that use the host's files; the default. */
  readonly services?: boolean;
}

/** How a run ended: nothing left to do, out of turns with more to do, or an element asked to stop. */
export type RunResult = "idle" | "more" | "stopped";

const results: readonly RunResult[] = ["idle", "more", "stopped"];

export class Router implements Disposable {
  /** The code, for reading. */
  readonly text: () => string;
  readonly memory: WebAssembly.Memory;
  readonly wasm: Uint8Array;
  private readonly control: ControlPlane;
  private readonly runFunction: (now: bigint, rounds: number) => number;
  private readonly devices = new Map<number, RouterDevice>();
  private readonly services: (HostService | undefined)[];
  private readonly clock: () => bigint;
  private readonly controlWords: ReturnType<typeof routerControl.view>;

  /**
   * Compiles a configuration and prepares it to run.
   *
   * @throws {ConfigurationError} with everything that is wrong with the configuration.
   */
  static async compile(text: string, options: RouterOptions): Promise<Router> {
    const { checked } = checkConfiguration({ file: options.file ?? "config", text }, options.elements);
    const rings = new Map<number, DeviceRings>();
    const compiled = compile(checked, processPlatform(rings, options));
    const memory = new WebAssembly.Memory({
      initial: compiled.layout.pages,
      maximum: compiled.layout.pages,
      shared: true,
    });
    const chatter = options.chatter ?? (() => {});
    const decoder = new TextDecoder("latin1");
    const services: (HostService | undefined)[] = checked.elements.map((e) =>
      e.class.service?.({ config: e.config, plan: e.plan, name: e.source.name }),
    );
    const imports = {
      click: {
        memory,
        chatter: (address: number, length: number) =>
          chatter(decoder.decode(new Uint8Array(memory.buffer).slice(address, address + length))),
      },
      service: serviceImports(memory, services),
    };
    const module = await WebAssembly.compile(compiled.wasm);
    const instance = await WebAssembly.instantiate(module, imports);
    return new Router(
      memory,
      instance,
      compiled.wasm,
      compiled.text,
      controlPlane(memory, checked, compiled.layout),
      compiled.layout.control,
      rings,
      services,
      options.clock,
    );
  }

  private constructor(
    memory: WebAssembly.Memory,
    instance: WebAssembly.Instance,
    wasm: Uint8Array,
    text: () => string,
    control: ControlPlane,
    controlAddress: number,
    rings: ReadonlyMap<number, DeviceRings>,
    services: (HostService | undefined)[],
    clock: (() => bigint) | undefined,
  ) {
    this.memory = memory;
    this.wasm = wasm;
    this.text = text;
    this.control = control;
    this.services = services;
    this.clock = clock ?? (() => BigInt(Math.round(performance.now() * 1e6)));
    this.controlWords = routerControl.view(memory.buffer, controlAddress);
    const { init, run } = instance.exports as { init: () => void; run: (now: bigint, rounds: number) => number };
    this.runFunction = run;
    for (const [number, places] of rings) this.devices.set(number, hostDevice(memory, controlAddress, places));
    this.controlWords.now = this.clock();
    init();
  }

  /** A device that the configuration names. @throws {RangeError} when it names no such device. */
  device(number: number): RouterDevice {
    const device = this.devices.get(number);
    if (!device)
      throw new RangeError(
        `the configuration uses no device ${number}; it uses ${[...this.devices.keys()].join(", ") || "none"}`,
      );
    return device;
  }

  /** Numbers of the devices that the configuration uses. */
  get deviceNumbers(): number[] {
    return [...this.devices.keys()];
  }

  /** Runs until there is nothing to do, an element asks to stop, or `rounds` rounds of all tasks are done. */
  run(rounds = 0x7fffffff): RunResult {
    const turn = 64;
    for (let left = rounds; left > 0; left -= turn) {
      const result = this.runFunction(this.clock(), Math.min(left, turn));
      if (result !== 1) return results[result] as RunResult;
    }
    return "more";
  }

  /** When the next timer is due, in the clock's nanoseconds; `undefined` when none is set. */
  get nextTimer(): bigint | undefined {
    const next = this.controlWords.nextTimer;
    return next === 0x7fffffffffffffffn ? undefined : next;
  }

  read(path: string): string {
    return this.control.read(path);
  }
  write(path: string, value: string): void {
    this.control.write(path, value);
  }
  handlers(element: string): string[] {
    return this.control.handlers(element);
  }
  /** Every reason for which packets were dropped, with its count. */
  drops(): Drop[] {
    return this.control.drops();
  }
  /** Packet buffers not in use. */
  get freeBuffers(): number {
    return this.controlWords.freeCount;
  }

  /** What went wrong with the files that service elements read. */
  get problems(): string[] {
    return this.services.flatMap((s) => s?.problem?.() ?? []);
  }

  /** Closes the files of service elements. */
  close(): void {
    for (const service of this.services.splice(0)) service?.close?.();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function processPlatform(rings: Map<number, DeviceRings>, options: RouterOptions): Platform {
  return {
    memoryImport: ["click", "memory"],
    base: 64,
    buffers: options.buffers ?? 2 * ringSlots + 1024,
    buffersPerDevice: 0,
    maximumPages: 16384,
    services: options.services ?? true,
    device: (context, number) => stageDeviceRings(context, number, rings),
    chatter(c, address, length) {
      c.call(c.module.import("click", "chatter", { address: "i32", length: "i32" }, undefined), address, length);
    },
    finish(module, functions) {
      module.export("init", functions.init);
      module.export("run", functions.run);
    },
  };
}

function serviceImports(
  memory: WebAssembly.Memory,
  services: readonly (HostService | undefined)[],
): Record<string, (...args: any[]) => unknown> {
  const bytes = new Uint8Array(memory.buffer);
  const data = new DataView(memory.buffer);
  return {
    packet: (element: number, address: number, length: number, timestamp: bigint) =>
      services[element]?.packet?.(bytes.subarray(address, address + length), timestamp),
    next: (element: number, address: number, limit: number, timestampAddress: number) => {
      const next = services[element]?.next?.() ?? null;
      if (!next) return -1;
      // A frame too long for a packet is reported by its length and not copied.
      if (next.frame.length <= limit) bytes.set(next.frame, address);
      data.setBigUint64(timestampAddress, next.timestampNs, true);
      return next.frame.length;
    },
  };
}
