/**
 * Kernels in WebAssembly. A module imports `xen.memory` and hypercalls from `xen`, and exports `boot()`, called once,
 * and `vcpu(now, rounds)`, called for each slice: 0 idle, 1 more to do, 2 halted. Several modules may share a domain,
 * each in its own part of the memory.
 */
import { checkModule } from "@clickos/codegen";
import { GuestContext } from "./guest-context.ts";
import { guestRules } from "./guest-rules.ts";
import { implementations } from "./hypercalls.ts";
import type { Guest, Kernel, RunState } from "./kernel.ts";

/** Rounds of all tasks in a slice. */
const sliceRounds = 8;
const never = 0n;

/** The module cannot be a guest. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly code = "BAD_KERNEL";
}

interface Loaded {
  readonly vcpu: (now: bigint, rounds: number) => number;
  timer: bigint;
  halted: boolean;
}

/** A kernel of compiled modules. `onPhase` is told of the steps of starting it, when that happens on this thread. */
export function wasmKernel(
  modules: WebAssembly.Module | readonly (WebAssembly.Module | undefined)[],
  onPhase: (phase: string) => void = () => {},
): Kernel {
  const list = modules instanceof WebAssembly.Module ? [modules] : modules;
  return {
    portable: { modules: list },
    start(domain) {
      if (!(domain instanceof GuestContext)) throw new TypeError("a kernel is started by a hypervisor");
      const guest = new WasmGuest(domain, onPhase);
      for (const module of list) {
        if (module) guest.load(module, !domain.resumed);
        else guest.skip();
      }
      return guest;
    },
  };
}

class WasmGuest implements Guest {
  private readonly loaded: (Loaded | undefined)[] = [];

  private readonly domain: GuestContext;
  private readonly onPhase: (phase: string) => void;

  constructor(domain: GuestContext, onPhase: (phase: string) => void) {
    this.domain = domain;
    this.onPhase = onPhase;
  }

  load(module: WebAssembly.Module, boot: boolean): number {
    this.loaded.push(this.instantiate(module, boot));
    return this.loaded.length - 1;
  }
  exchange(index: number, module: WebAssembly.Module): void {
    this.loaded[index] = this.instantiate(module, false);
  }
  private instantiate(module: WebAssembly.Module, boot: boolean): Loaded {
    const { domain } = this;
    const xen: Record<string, WebAssembly.ImportValue> = { memory: domain.memory };
    for (const call of implementations) xen[call.name] = (...args: unknown[]) => call.run(domain, ...(args as never[]));
    const instance = new WebAssembly.Instance(module, { xen });
    this.onPhase("instantiate");
    const { boot: start, vcpu } = instance.exports;
    if (typeof start !== "function" || typeof vcpu !== "function")
      throw new KernelError("the module does not export boot and vcpu");
    if (boot) start();
    this.onPhase("guest");
    return { vcpu: vcpu as Loaded["vcpu"], timer: never, halted: false };
  }
  /** A number that is no module's any more. */
  skip(): void {
    this.loaded.push(undefined);
  }
  unload(index: number): void {
    this.loaded[index] = undefined;
  }

  run(now: bigint): RunState {
    let more = false;
    let polls = false;
    let alive = false;
    let next = never;
    for (const m of this.loaded) {
      if (!m || m.halted) continue;
      this.domain.timer = never;
      const state = m.vcpu(now, sliceRounds);
      m.timer = this.domain.timer;
      m.halted = state === 2;
      if (m.halted) continue;
      alive = true;
      if (state === 1) more = true;
      if (state === 3) polls = true;
      if (m.timer !== never && (next === never || m.timer < next)) next = m.timer;
    }
    this.domain.timer = next;
    if (more) return "more";
    if (polls) return "polling";
    return alive || this.loaded.length === 0 || this.loaded.every((m) => !m) ? "idle" : "halted";
  }
}

/**
 * Checks that a module is one that our compiler could have made for a domain, with nothing else in it: see `guestRules`. No
 * engine has seen it then.
 *
 * @throws {KernelError} that says what is not allowed and at which byte.
 */
export function checkKernel(bytes: Uint8Array): void {
  const fault = checkModule(bytes, guestRules);
  if (fault) throw new KernelError(`not code that a guest may have: ${fault.reason}, at byte ${fault.at}`);
}

/**
 * Checks a module that is to be a guest and compiles it, off this thread.
 *
 * Trust: the bytes may be anything. A module that was compiled in another way is run by `wasmKernel` too: whoever hands it
 * over vouches for it.
 *
 * @throws {KernelError}
 */
export async function compileKernel(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  checkKernel(bytes);
  try {
    return await WebAssembly.compile(bytes);
  } catch (e) {
    throw new KernelError(`not valid code: ${(e as Error).message}`);
  }
}
