/** What a hypervisor says to a pCPU on a thread of its own, and hears from it. */
import type { EventWords } from "@clickos/xen-evtchn";
import type { Share } from "./credit.ts";
import type { ShutdownReason } from "./hypercalls.ts";
import type { PortableKernel } from "./kernel.ts";

/** A domain's event channels, for another thread to deliver to. */
export interface EndpointMessage {
  readonly op: "endpoint";
  readonly id: number;
  readonly sharedInfo: Int32Array;
  readonly at: EventWords;
  readonly channels: Int32Array;
}

export interface AddMessage {
  readonly op: "add";
  readonly id: number;
  readonly slot: number;
  readonly memory: WebAssembly.Memory;
  readonly console: Int32Array;
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
  | { readonly op: "unpaused"; readonly slot: number }
  | { readonly op: "load"; readonly slot: number; readonly module: WebAssembly.Module; readonly request: number }
  | {
      readonly op: "exchange";
      readonly slot: number;
      readonly index: number;
      readonly module: WebAssembly.Module;
      readonly request: number;
    }
  | { readonly op: "unload"; readonly slot: number; readonly index: number };

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type FromPcpu =
  /** It has begun, and listens. */
  | { readonly op: "ready" }
  | { readonly op: "started"; readonly id: number; readonly failure?: Failure }
  | { readonly op: "crashed"; readonly id: number; readonly failure: Failure }
  | { readonly op: "halted"; readonly id: number; readonly reason: ShutdownReason }
  | { readonly op: "done"; readonly request: number; readonly value: number; readonly failure?: Failure }
  | { readonly op: "call" };

/** A thread that runs a pCPU. */
export interface PcpuThread {
  post(message: ToPcpu): void;
  /** Hands over messages that have come and were not handed over yet: a limited number, or all of a thread that has ended. */
  poll(all?: boolean): void;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** Characters of a message, or of a stack. */
const longest = 8192;

/** Starts threads for pCPUs. */
export interface PcpuThreads {
  readonly count: number;
  spawn(
    index: number,
    machine: SharedArrayBuffer,
    on: { message(message: FromPcpu): void; exit(why: string): void },
  ): PcpuThread;
}

/** Whatever was thrown: strings of a limited length, which every thread can be told. */
export function failureOf(error: unknown): Failure {
  try {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const text = (value: unknown): string => String(value ?? "").slice(0, longest);
    return { name: text(name), message: text(message), stack: error instanceof Error ? text(stack) : "" };
  } catch {
    return { name: "Error", message: "something was thrown that cannot be read", stack: "" };
  }
}
