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
  /**
   * The part of the program, and the place in its source, as far as the kernel's maker knows. Looked for when first read,
   * which may take as long as compiling the program.
   */
  readonly element?: string | undefined;
  readonly configuration?: string | undefined;
}

/** A part of the program, and the place in its source. */
export interface CrashPlace {
  readonly element: string;
  readonly configuration: string;
}

/** A compiled function on a stack: its name, its module's if that has one, and the byte of the module it was at. */
export interface WasmFrame {
  readonly function: string;
  readonly module: string;
  readonly offset: number;
}

/**
 * Finds the part of the program that a crash was in. It is called when the domain has died, to take down what it needs of
 * the memory; what it returns looks for the place, and is called only by who asks. So a guest that dies time and again
 * costs domain 0 no more than that.
 */
export type Locate = (crash: {
  /** Innermost first; empty for a vCPU that was ended. */
  readonly frames: readonly WasmFrame[];
  readonly memory: WebAssembly.Memory;
}) => () => CrashPlace | undefined;

/** Characters of a guest's own words, as the names of its functions, that are kept. */
const longestName = 200;
const longestMessage = 1000;
const longestStack = 16384;

/** What a guest says of itself, fit to be shown: bounded, and on one line. */
function shown(text: string, limit: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not reach a terminal
  return text.slice(0, limit).replace(/[\x00-\x1f\x7f-\x9f]/g, "�");
}

/** Compiled functions in a stack trace, as V8 writes it. A guest chooses the names: each line is looked at once. */
export function wasmFrames(stack: string): WasmFrame[] {
  const frames: WasmFrame[] = [];
  for (const line of stack.split("\n")) {
    const where = line.lastIndexOf(source);
    if (!line.startsWith(call) || where < 0) continue;
    const match = /^(?:(.*)-)?[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)\)/.exec(line.slice(where + source.length));
    if (!match) continue;
    const module = match[1] ?? "";
    // The name of a module that has one stands before the function's.
    const name = line.slice(call.length, where);
    frames.push({
      function: module ? name.slice(module.length + 1) : name,
      module,
      offset: Number.parseInt(match[2] as string, 16),
    });
  }
  return frames;
}

const call = "    at ";
const source = " (wasm://wasm/";

export function crashRecord(
  domain: { readonly id: number; readonly name: string; readonly memory: WebAssembly.Memory },
  cause: CrashCause | undefined,
  failure: Failure,
  locate: Locate | undefined,
): CrashRecord {
  const frames = wasmFrames(failure.stack.slice(0, longestStack));
  // The memory is a crashed guest's: what it says may make no sense.
  const attempt = <T>(body: () => T): T | undefined => {
    try {
      return body();
    } catch {
      return undefined;
    }
  };
  let look = locate && attempt(() => locate({ frames, memory: domain.memory }));
  let found: CrashPlace | undefined;
  const place = (): CrashPlace | undefined => {
    if (look) found = attempt(look);
    look = undefined;
    return found;
  };
  return {
    domain: domain.id,
    name: domain.name,
    cause: cause ?? (failure.name === "RuntimeError" || frames.length > 0 ? "trap" : "exception"),
    message: shown(failure.message, longestMessage),
    stack: frames.map((f) => shown(f.function, longestName)),
    get element() {
      return place()?.element;
    },
    get configuration() {
      return place()?.configuration;
    },
  };
}
