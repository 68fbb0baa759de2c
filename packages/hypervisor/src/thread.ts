/** What a hypervisor says to a pCPU on a thread of its own, and hears from it. */
import type { Share } from "./credit.ts";
import type { ShutdownReason } from "./hypercalls.ts";
import type { PortableKernel } from "./kernel.ts";

/** A domain's event channels, for another thread to deliver to. */
export interface EndpointMessage {
  readonly op: "endpoint";
  readonly id: number;
  readonly sharedInfo: Int32Array;
  readonly channels: Int32Array;
}

export interface AddMessage {
  readonly op: "add";
  readonly id: number;
  readonly slot: number;
  readonly memory: WebAssembly.Memory;
  readonly console: SharedArrayBuffer;
  readonly kernel: PortableKernel;
  readonly resumed: boolean;
  readonly share: Share;
  readonly timeOffset: bigint;
}

export type ToPcpu =
  | EndpointMessage
  | { readonly op: "forget"; readonly id: number }
  | AddMessage
  | { readonly op: "remove"; readonly slot: number; readonly request: number }
  | { readonly op: "share"; readonly slot: number; readonly share: Share }
  | { readonly op: "unpaused" }
  | { readonly op: "load"; readonly slot: number; readonly module: WebAssembly.Module; readonly request: number }
  | { readonly op: "unload"; readonly slot: number; readonly index: number };

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type FromPcpu =
  | { readonly op: "started"; readonly id: number; readonly failure?: Failure }
  | { readonly op: "crashed"; readonly id: number; readonly failure: Failure }
  | { readonly op: "halted"; readonly id: number; readonly reason: ShutdownReason }
  | { readonly op: "done"; readonly request: number; readonly value: number; readonly failure?: Failure }
  | { readonly op: "call" };

/** A thread that runs a pCPU. */
export interface PcpuThread {
  post(message: ToPcpu): void;
  /** Hands over messages that have come and were not handed over yet. */
  poll(): void;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** Starts threads for pCPUs. */
export interface PcpuThreads {
  readonly count: number;
  spawn(
    index: number,
    machine: SharedArrayBuffer,
    on: { message(message: FromPcpu): void; exit(why: string): void },
  ): PcpuThread;
}

export function failureOf(error: unknown): Failure {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack ?? "" }
    : { name: "Error", message: String(error), stack: "" };
}
