/** What is kept of a domain that died. */
import type { Failure } from "./thread.ts";

/**
 * What ended it: a trap in compiled code, an exception in TypeScript, a slice without end, or the end of the thread
 * that ran it: because it took all the memory, or from outside.
 */
export type CrashCause = "trap" | "exception" | "watchdog" | "out-of-memory" | "killed";

/** Why a domain died. */
export interface CrashRecord {
  readonly domain: number;
  readonly name: string;
  readonly cause: CrashCause;
  readonly message: string;
  /** Functions on the guest's stack, innermost first; empty where there is none to be had. */
  readonly stack: readonly string[];
  /** The part of the program, and the place in its source, as far as the kernel's maker knows. */
  readonly element?: string;
  readonly configuration?: string;
}

/** Finds the part of the program that a crash was in, from the functions on the stack and the memory. */
export type Locate = (crash: {
  readonly stack: readonly string[];
  readonly memory: WebAssembly.Memory;
}) => { readonly element: string; readonly configuration: string } | undefined;

/** Names of compiled functions in a stack trace. */
export function wasmFrames(stack: string): string[] {
  return [...stack.matchAll(/^\s+at (.+?) \(wasm:\/\//gm)].map((m) => m[1] as string);
}

export function crashRecord(
  domain: { readonly id: number; readonly name: string; readonly memory: WebAssembly.Memory },
  cause: CrashCause | undefined,
  failure: Failure,
  locate: Locate | undefined,
): CrashRecord {
  const stack = wasmFrames(failure.stack);
  let where: ReturnType<Locate>;
  try {
    where = locate?.({ stack, memory: domain.memory });
  } catch {
    // The memory is a crashed guest's: what it says may make no sense.
  }
  return {
    domain: domain.id,
    name: domain.name,
    cause: cause ?? (failure.name === "RuntimeError" || stack.length > 0 ? "trap" : "exception"),
    message: failure.message,
    stack,
    ...where,
  };
}
