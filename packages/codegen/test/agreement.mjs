/**
 * Runs a program in four ways that must agree: as written and optimised, interpreted and as WebAssembly. Compared are
 * results, traps, calls of imported functions with what is in memory then, and the memory at the end.
 */
import { hasSeveralMemories, moduleText, optimize, validate, wasmBackend } from "@clickos/codegen";
import { interpreterBackend, StepLimitError, Trap } from "@clickos/codegen/interpreter";
import { programOf } from "./random-program.mjs";

/** Statements that a call may run. */
const steps = 20_000;
const size = 65536;
const page = (shared) => new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
const available = [0, 1].map(() => ({ true: page(true), false: page(false) }));
const fresh = Uint8Array.from({ length: 512 }, (_, i) => i * 37 + 11);

/** What an imported function throws. */
class HostError extends Error {}

/**
 * @param bytes what the program is made from
 * @returns how its calls ended: a word each, or `long` where it takes too many steps
 * @throws where two of its runs differ
 */
export function agree(bytes) {
  const { ir, calls } = programOf(bytes);
  validate(ir);
  const optimized = optimize(ir);
  const ways = {
    "as written, interpreted": (imports) => interpreterBackend.encode(ir).instantiate(imports, { steps }),
    "optimised, interpreted": (imports) => interpreterBackend.encode(optimized).instantiate(imports, { steps }),
  };
  if (ir.memories.length === 1 || hasSeveralMemories()) {
    ways["as written, as WebAssembly"] = (imports) => instance(ir, imports);
    ways["optimised, as WebAssembly"] = (imports) => instance(optimized, imports);
  }
  let first;
  for (const [way, instantiate] of Object.entries(ways)) {
    const outcome = run(ir, calls, instantiate);
    if (outcome === undefined) {
      if (first) throw new Error(`${way}: takes more steps than as written\n${moduleText(ir)}`);
      return "long";
    }
    first ??= outcome;
    const difference = differenceOf(first, outcome);
    if (difference) {
      const code = `${moduleText(ir)}\noptimised:\n${moduleText(optimized)}`;
      throw new Error(`as written, interpreted, and ${way} differ: ${difference}\n${code}`);
    }
  }
  return first.ends.map((end) => end.split(" ")[0]).join(", ");
}

function instance(ir, imports) {
  return new WebAssembly.Instance(new WebAssembly.Module(wasmBackend.encode(ir)), imports);
}

function run(ir, calls, instantiate) {
  const memories = ir.memories.map(({ shared }, i) => available[i][shared]);
  const views = memories.map((memory) => new Uint8Array(memory.buffer));
  for (const [i, view] of views.entries()) {
    view.fill(0);
    view.set(fresh, i);
  }
  const bytes = views[0];
  const log = [];
  const env = Object.fromEntries(ir.memories.map(({ name }, i) => [name, memories[i]]));
  for (const { imported, result } of ir.imports)
    env[imported.name] = (...args) => {
      const seen = hash(views, args);
      log.push(`${imported.name}(${args.join(", ")}) ${seen}`);
      // The host writes, too, and may fail.
      bytes[seen & 0xff] ^= seen >>> 8;
      if (seen % 13 === 0) throw new HostError();
      return result === "i64" ? BigInt.asIntN(64, BigInt(seen) * 0x100000001n) : seen | 0;
    };
  const { exports } = instantiate({ env });
  const ends = [];
  for (const { name, args } of calls) {
    try {
      ends.push(`gives ${exports[name](...args)}`);
    } catch (e) {
      if (e instanceof StepLimitError) return undefined;
      if (e instanceof Trap || e instanceof WebAssembly.RuntimeError) ends.push("traps");
      else if (e instanceof HostError) ends.push("throws");
      else throw e;
    }
  }
  return { ends, log, memories: views.map((view) => view.slice(0, size)) };
}

/** Of where programs write, and the arguments. */
function hash(memories, args) {
  let h = 0x811c9dc5;
  const add = (byte) => {
    h = Math.imul(h ^ byte, 0x01000193);
  };
  for (const bytes of memories) {
    for (let i = 0; i < 640; i++) add(bytes[i]);
    for (let i = size - 32; i < size; i++) add(bytes[i]);
  }
  for (const text of args.map(String)) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
  return h >>> 0;
}

function differenceOf(a, b) {
  for (const what of ["ends", "log"])
    for (let i = 0; i < Math.max(a[what].length, b[what].length); i++)
      if (a[what][i] !== b[what][i]) return `${a[what][i]}, and ${b[what][i]}`;
  for (const [m, memory] of a.memories.entries())
    for (let i = 0; i < size; i++)
      if (memory[i] !== b.memories[m][i]) return `${memory[i]} at ${i} of memory ${m}, and ${b.memories[m][i]}`;
  return undefined;
}
