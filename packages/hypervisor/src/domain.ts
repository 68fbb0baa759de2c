/** A domain: memory of its own, event channels, a grant table, a console, and a kernel that runs in it. */

import { frameSize, type GrantingDomain } from "@clickos/grant-table";
import type { EventChannels } from "@clickos/xen-evtchn";
import { consoleRing, domainFrames, startInfo } from "./layout.ts";

/** What a guest answers when its turn ends. */
export type RunState = "idle" | "more" | "halted";

/** A program that has started in a domain. */
export interface Guest {
  /** Runs a slice: until there is nothing to do, or long enough. A throw is a crash of the domain. */
  run(nowNs: bigint): RunState;
}

/** What can run in a domain: a compiled image or a program in TypeScript. */
export interface Kernel {
  start(domain: GuestDomain): Guest;
}

/** The hypercalls, and what a guest sees of its own domain. */
export interface GuestDomain {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  /** `EVTCHNOP_send`. */
  eventSend(port: number): void;
  /** `CONSOLEIO_write`: text beside the ring, after what is in the ring. */
  consoleWrite(text: Uint8Array): void;
  /** `HYPERVISOR_set_timer_op`: runs the domain at this time; 0 for never. */
  setTimer(atNs: bigint): void;
}

export type DomainState = "paused" | "running" | "halted" | "crashed" | "destroyed";

/** Why a domain died. */
export interface CrashRecord {
  readonly domain: number;
  readonly name: string;
  readonly message: string;
  /** Functions on the guest's stack, innermost first. */
  readonly stack: readonly string[];
}

export interface Domain extends GrantingDomain {
  readonly name: string;
  readonly memory: WebAssembly.Memory;
  readonly state: DomainState;
  readonly crash: CrashRecord | undefined;
  unpause(): void;
  pause(): void;
  /** Everything the console has printed, at most the last 64 KiB. */
  readonly console: string;
  /** Bytes of frames that hold anything but zeros. */
  residentBytes(): number;
}

export interface DomainOptions {
  readonly name: string;
  /** 64 KiB pages. */
  readonly pages: number;
  readonly kernel: Kernel;
}

const consoleLimit = 65536;

/** The hypervisor's own view of a domain. */
export class DomainControl implements Domain, GuestDomain {
  readonly id: number;
  readonly name: string;
  readonly memory: WebAssembly.Memory;
  readonly table: { readonly buffer: ArrayBufferLike; readonly offset: number; readonly frames: number };
  state: DomainState = "paused";
  crash: CrashRecord | undefined;
  runnable = true;
  timer = 0n;
  private guest: Guest | undefined;
  private text = "";
  private readonly decoder = new TextDecoder("latin1");
  private readonly events: EventChannels;
  private readonly kernel: Kernel;

  constructor(id: number, options: DomainOptions, events: EventChannels) {
    this.id = id;
    this.name = options.name;
    this.events = events;
    this.kernel = options.kernel;
    this.memory = new WebAssembly.Memory({ initial: options.pages, maximum: options.pages, shared: true });
    const { buffer } = this.memory;
    this.table = { buffer, offset: domainFrames.grantTable * frameSize, frames: domainFrames.grantTableFrames };
    const info = startInfo.view(buffer, domainFrames.startInfo * frameSize);
    info.magic = new TextEncoder().encode("xen-3.0-wasm32");
    info.nrPages = BigInt(buffer.byteLength / frameSize);
    info.sharedInfo = BigInt(domainFrames.sharedInfo * frameSize);
    info.storeMfn = BigInt(domainFrames.store);
    info.consoleMfn = BigInt(domainFrames.console);
    events.attach({
      id,
      sharedInfo: { buffer, offset: domainFrames.sharedInfo * frameSize },
      wake: () => {
        this.runnable = true;
      },
    });
  }

  unpause(): void {
    if (this.state !== "paused") return;
    this.state = "running";
    this.runnable = true;
  }
  pause(): void {
    if (this.state === "running") this.state = "paused";
  }

  /** Loads the kernel; it runs from the first `run` on. */
  start(): void {
    this.contain(() => {
      this.guest = this.kernel.start(this);
    });
  }

  /** One slice. True when the guest did something or has more to do. */
  run(nowNs: bigint): boolean {
    if (this.state !== "running") return false;
    if (this.timer !== 0n && nowNs >= this.timer) this.runnable = true;
    if (!this.runnable) return false;
    this.runnable = false;
    this.contain(() => {
      const state = this.guest?.run(nowNs);
      if (state === "more") this.runnable = true;
      if (state === "halted") this.state = "halted";
    });
    return true;
  }

  private contain(body: () => void): void {
    try {
      body();
    } catch (e) {
      if (!(e instanceof Error)) throw e;
      const stack = [...(e.stack ?? "").matchAll(/^\s+at (.+?) \(wasm:\/\//gm)].map((m) => m[1] as string);
      this.crash = { domain: this.id, name: this.name, message: e.message, stack };
      this.state = "crashed";
      this.runnable = false;
    }
  }

  eventSend(port: number): void {
    this.events.send(this.id, port);
  }
  setTimer(atNs: bigint): void {
    this.timer = atNs;
  }
  consoleWrite(text: Uint8Array): void {
    this.drainConsole();
    this.append(text);
  }

  get console(): string {
    this.drainConsole();
    return this.text;
  }

  /** Moves what the ring holds to the console's text. The indices are the guest's word and bound nothing. */
  private drainConsole(): void {
    const ring = domainFrames.console * frameSize;
    const words = new Uint32Array(this.memory.buffer, ring, frameSize >> 2);
    const { output, outCons, outProd } = consoleRing.offsets;
    const prod = Atomics.load(words, outProd >> 2);
    const cons = words[outCons >> 2] as number;
    const size = 2048;
    const count = Math.min((prod - cons) >>> 0, size);
    const bytes = new Uint8Array(count);
    const from = new Uint8Array(this.memory.buffer, ring + output, size);
    for (let i = 0; i < count; i++) bytes[i] = from[(prod - count + i) & (size - 1)] as number;
    Atomics.store(words, outCons >> 2, prod);
    this.append(bytes);
  }
  private append(bytes: Uint8Array): void {
    if (bytes.length > 0) this.text = (this.text + this.decoder.decode(bytes.slice())).slice(-consoleLimit);
  }

  residentBytes(): number {
    const words = new BigUint64Array(this.memory.buffer);
    const perFrame = frameSize / 8;
    let frames = 0;
    for (let start = 0; start < words.length; start += perFrame) {
      for (let i = start; i < start + perFrame; i++) {
        if (words[i] === 0n) continue;
        frames++;
        break;
      }
    }
    return frames * frameSize;
  }
}
