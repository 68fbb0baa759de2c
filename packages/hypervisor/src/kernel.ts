/** What can run in a domain. */
import type { EvtchnPort } from "@clickos/xen-evtchn";
import type { ShutdownReason } from "./hypercalls.ts";

/** What a guest answers when its turn ends; `polling` has found nothing to do, and will look again. */
export type RunState = "idle" | "polling" | "more" | "halted";

/** A program that has started in a domain. */
export interface Guest {
  /** Runs a slice: until there is nothing to do, or long enough. A throw is a crash of the domain. */
  run(nowNs: bigint): RunState;
  /** Adds a module to what runs; its number. For kernels made of modules. */
  load?(module: WebAssembly.Module, boot: boolean): number;
  unload?(module: number): void;
  /** Runs another module in place of one, over what is in memory. */
  exchange?(index: number, module: WebAssembly.Module): void;
}

/** A kernel in a form that other threads can take. */
export type PortableKernel =
  | { readonly modules: readonly (WebAssembly.Module | undefined)[] }
  /** A JavaScript module whose default export makes a `Kernel` of `data`. Trusted code. */
  | { readonly url: string; readonly data?: unknown };

/**
 * What can run in a domain: compiled modules or a program in TypeScript. A program in TypeScript is trusted code, on a
 * thread too: it has the rights of the process, reads its files and can stop other threads.
 */
export interface Kernel {
  start(domain: GuestDomain): Guest;
  /** Without it the domain stays on the caller's thread. */
  readonly portable?: PortableKernel;
}

/** What a guest sees of its own domain, and what it may ask for. */
export interface GuestDomain {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  /** Whether the memory holds what a kernel has left there: after a restore, a move, or a lost worker. */
  readonly resumed: boolean;
  /** `EVTCHNOP_send`. False when the port leads nowhere. */
  eventSend(port: EvtchnPort): boolean;
  /** `event_channel_op` with its arguments as numbers: a port, a status, 0, or an error number. */
  eventOp(command: number, a: number, b?: number): number;
  /** `CONSOLEIO_write`: text beside the ring, after what is in the ring. */
  consoleWrite(text: Uint8Array): void;
  /** `HYPERVISOR_set_timer_op`: runs the domain at this time of its own; 0 for never. */
  setTimer(atNs: bigint): void;
  /** `SCHEDOP_shutdown`. */
  shutdown(reason: ShutdownReason): void;
}
