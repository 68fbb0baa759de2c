/** Runs random programs by the interpreter, and says how they end: what native code has to do, too. */
import { interpreterBackend, StepLimitError, Trap } from "@clickos/codegen/interpreter";
import { digestOf, HostTrap, hostIn, memorySize, type Outcome, type Program } from "./native.ts";

/** Statements that a call may run. */
const steps = 20_000;

/** `undefined` for programs that take long. */
export function interpreted({ ir, calls }: Program): Outcome | undefined {
  const buffers = [0, 1].map((i) => {
    const bytes = new Uint8Array(new SharedArrayBuffer(memorySize));
    for (let at = 0; at < 512; at++) bytes[at + i] = at * 37 + 11;
    return bytes;
  });
  const seen: number[] = [];
  const used = buffers.slice(0, ir.memories.length);
  const env = Object.fromEntries([
    ...ir.memories.map(({ name }, i) => [name, { buffer: (buffers[i] as Uint8Array).buffer }]),
    ...ir.imports.map((f) => [f.imported?.name, hostIn(used, f, seen)]),
  ]);
  const { exports } = interpreterBackend.encode(ir).instantiate({ env }, { steps });
  const ends: string[] = [];
  for (const { name, args } of calls) {
    try {
      ends.push(`gives ${exports[name]?.(...args)}`);
    } catch (e) {
      if (e instanceof StepLimitError) return undefined;
      if (!(e instanceof Trap || e instanceof HostTrap)) throw e;
      ends.push("traps");
    }
  }
  return { ends, seen, digests: buffers.map(digestOf) };
}
