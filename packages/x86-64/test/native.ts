/**
 * Runs modules as a Linux program of their own, without any other code in it: an ELF file that makes their memories, calls their
 * exports, catches what traps, and writes what came of it to its standard output.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FunctionRef, type ModuleIr, moduleBuilder, type ValueType } from "@clickos/codegen";
import {
  Assembler,
  link,
  type ObjectCode,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  writeElf,
  x8664Backend,
} from "@clickos/x86-64";

/** Why modules cannot be run here; `undefined` when they can. */
export const notHere: string | undefined =
  process.platform === "linux" && process.arch === "x64" ? undefined : "runs on x86-64 Linux only";

export interface Call {
  readonly name: string;
  readonly args: readonly (number | bigint)[];
}
export interface Program {
  readonly ir: ModuleIr;
  readonly calls: readonly Call[];
}
/** What is seen of a program: how its calls ended, what its imported functions saw, and the memories at the end. */
export interface Outcome {
  readonly ends: readonly string[];
  readonly seen: readonly number[];
  readonly digests: readonly number[];
}

export const memorySize = 65536;
/** Far from each other: what is behind a memory is mapped to nothing. */
const memories = [0x100_0000_0000n, 0x200_0000_0000n] as const;
const output = 0x300_0000_0000n;
const outputSize = 1 << 24;
const codeAddress = 0x400000;
/** Bytes of the stack that are filled before a call. */
const dirty = 8192;
const argumentRegisters = [rdi, rsi, rdx, rcx, r8, r9];
/** What comes next in the output. */
const tags = { seen: 1, end: 2, digest: 3 } as const;
const calls = { write: 1, mmap: 9, sigaction: 13, exit: 60 } as const;
const signals = { illegal: 4, bus: 7, arithmetic: 8, segment: 11 } as const;

export function runNative(programs: readonly Program[]): Outcome[] {
  const folder = mkdtempSync(join(tmpdir(), "clickos-x86-64-"));
  try {
    const file = join(folder, "program");
    writeFileSync(file, executable(programs));
    chmodSync(file, 0o755);
    return outcomes(programs, execFileSync(file, { maxBuffer: 2 * outputSize, timeout: 60_000 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The text section of the file, and where functions are in it: for a disassembler. */
function executable(programs: readonly Program[]): Uint8Array {
  const pieces = programs.flatMap(({ ir }, i) => {
    const named = (name: string): string => `${i}.${name}`;
    const code = x8664Backend.encode(ir);
    const host = x8664Backend.encode(hostOf(ir));
    return [renamed(code, named, (name) => (name.startsWith("env.") ? named(name) : name)), renamed(host, named)];
  });
  const data = new Map([
    ["memory.0.base", 0],
    ["memory.0.size", 8],
    ["memory.1.base", 16],
    ["memory.1.size", 24],
    ["memory.2.base", 32],
    ["memory.2.size", 40],
    ["stack", 48],
    ["recover", 56],
    ["action", 64],
  ]);
  const driver = driverOf(programs);
  const all = [{ ...renamed(x8664Backend.encode(runtime()), (n) => n) }, ...pieces, driver];
  const dataAddress = codeAddress - 4096;
  const symbols = new Map([...data].map(([name, offset]) => [name, dataAddress + offset]));
  const linked = link(all, codeAddress, symbols);
  const words = new BigUint64Array(16);
  const size = BigInt(memorySize);
  words.set([memories[0], size, memories[1], size, output, BigInt(outputSize)]);
  const handler = linked.symbols.get("handler") as number;
  // struct sigaction of the kernel: handler, flags (SA_NODEFER, SA_RESTORER), restorer, mask.
  words.set([BigInt(handler), 0x44000000n, BigInt(handler), 0n], 8);
  return writeElf({
    entry: linked.symbols.get("_start") as number,
    segments: [
      { address: dataAddress, bytes: new Uint8Array(words.buffer), access: "rw" },
      { address: codeAddress, bytes: linked.bytes, access: "rx" },
    ],
  });
}

function renamed(
  { code, symbols, relocations }: ObjectCode,
  own: (name: string) => string,
  others: (name: string) => string = (name) => name,
): Pick<ObjectCode, "code" | "symbols" | "relocations"> {
  return {
    code,
    symbols: new Map([...symbols].map(([name, at]) => [own(name), at])),
    relocations: relocations.map((r) => ({ ...r, symbol: others(r.symbol) })),
  };
}

const page = { pages: 1, import: ["env", "memory0"] as const };

/** What resets memories, and writes down what happened: in the same language, over a memory for what comes out. */
function runtime(): ModuleIr {
  const m = moduleBuilder({ memory: page });
  const second = m.importMemory({ pages: 1, import: ["env", "memory1"] });
  const out = m.importMemory({ pages: 1, import: ["env", "out"] });
  const put = m.func("put", { word: "i32" }, undefined, (c, { word }) => {
    const at = c.in(out).load32(0);
    c.in(out).store32(at.add(4), word);
    c.in(out).store32(0, at.add(4));
  });
  m.export("put", put);
  m.export(
    "reset",
    m.func("reset", {}, undefined, (c) => {
      for (const [i, memory] of [0, second].entries()) {
        c.in(memory).fill(0, 0, memorySize);
        c.for(0, 512, 1, (at) => c.in(memory).store8(at.add(i), at.mul(37).add(11)));
      }
    }),
  );
  m.export(
    "record",
    m.func("record", { trapped: "i32", value: "i64" }, undefined, (c, { trapped, value }) => {
      c.call(put, tags.end);
      c.call(put, trapped);
      c.call(put, value.toI32());
      c.call(put, value.shrU(32n).toI32());
    }),
  );
  m.export(
    "digest",
    m.func("digest", {}, undefined, (c) => {
      c.call(put, tags.digest);
      for (const memory of [0, second]) {
        const h = c.var("i32", 0);
        c.for(0, memorySize, 4, (at) => h.set(h.get().xor(c.in(memory).load32(at)).mul(0x01000193)));
        c.call(put, h.get());
      }
    }),
  );
  return m.toIr();
}

/** What a program imports: each hashes the memories' beginnings and its arguments, writes into the first memory, and may trap. */
function hostOf(ir: ModuleIr): ModuleIr {
  const m = moduleBuilder({ memory: page });
  const second = m.importMemory({ pages: 1, import: ["env", "memory1"] });
  const put = m.import("runtime", "put", { word: "i32" }, undefined);
  const used = ir.memories.length > 1 ? [0, second] : [0];
  for (const f of ir.imports) {
    const params = Object.fromEntries(f.params.map((type, i) => [`p${i}`, type]));
    const body = m.func(f.name, params, f.result, (c, values) => {
      const h = c.var("i32", 0x811c9dc5 | 0);
      for (const memory of used) c.for(0, 640, 4, (at) => h.set(h.get().xor(c.in(memory).load32(at)).mul(0x01000193)));
      for (const [i, type] of f.params.entries()) {
        const value = values[`p${i}`] as any;
        const words = type === "i64" ? [value.toI32(), value.shrU(32n).toI32()] : [value];
        for (const word of words) h.set(h.get().xor(word).mul(0x01000193));
      }
      c.call(put, tags.seen);
      c.call(put, h.get());
      const at = h.get().and(0xff);
      c.store8(at, c.load8(at).xor(h.get().shrU(8)));
      c.if(h.get().remU(13).eqz(), () => c.trap());
      if (f.result === "i64") c.return(h.get().toI64().mul(0x100000001n));
      else if (f.result === "i32") c.return(h.get());
    });
    m.export(`${f.imported?.module}.${f.imported?.name}`, body);
  }
  return m.toIr();
}

/** The same, as the interpreter calls it. */
export function hostIn(
  bytes: readonly Uint8Array[],
  f: FunctionRef,
  seen: number[],
): (...args: (number | bigint)[]) => number | bigint | undefined {
  return (...args) => {
    let h = 0x811c9dc5 | 0;
    const add = (word: number): void => {
      h = Math.imul(h ^ word, 0x01000193);
    };
    for (const memory of bytes) {
      const words = new Int32Array(memory.buffer, 0, 160);
      for (const word of words) add(word);
    }
    for (const arg of args) {
      if (typeof arg === "number") add(arg);
      else {
        add(Number(BigInt.asIntN(32, arg)));
        add(Number(BigInt.asIntN(32, arg >> 32n)));
      }
    }
    seen.push(h);
    const first = bytes[0] as Uint8Array;
    first[h & 0xff] = (first[h & 0xff] as number) ^ (h >>> 8);
    if ((h >>> 0) % 13 === 0) throw new HostTrap();
    return f.result === "i64" ? BigInt.asIntN(64, BigInt(h >>> 0) * 0x100000001n) : h;
  };
}
export class HostTrap extends Error {}

export function digestOf(bytes: Uint8Array): number {
  let h = 0;
  for (const word of new Int32Array(bytes.buffer, 0, memorySize / 4)) h = Math.imul(h ^ word, 0x01000193);
  return h;
}

/** `_start`: memories, signals, all calls of all programs, output. */
function driverOf(programs: readonly Program[]): Assembler {
  const a = new Assembler();
  const symbol = (name: string): { symbol: string } => ({ symbol: name });
  const system = (number: number, ...args: (number | bigint)[]): void => {
    for (const [i, arg] of args.entries()) a.constant([rdi, rsi, rdx, r10, r8, r9][i] as number, arg);
    a.constant(rax, number);
    a.syscall();
  };
  a.define("handler");
  a.mov(64, rsp, symbol("stack"));
  a.cld();
  a.mov(64, rax, symbol("recover"));
  a.jumpTo(rax);
  a.define("_start");
  // Shared and private to nobody: MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE.
  for (const address of memories) {
    system(calls.mmap, address, 0x2_0002_0000n, 0, 0x4032, -1, 0);
    system(calls.mmap, address, memorySize, 3, 0x4032, -1, 0);
  }
  system(calls.mmap, output, outputSize, 3, 0x4032, -1, 0);
  for (const signal of Object.values(signals)) {
    a.constant(rdi, signal);
    a.lea(64, rsi, symbol("action"));
    a.constant(rdx, 0);
    a.constant(r10, 8);
    a.constant(rax, calls.sigaction);
    a.syscall();
  }
  const own = (name: string): void => {
    a.constant(r15, memories[0]);
    a.callSymbol(name);
  };
  programs.forEach(({ ir, calls }, i) => {
    own("reset");
    if (ir.dataPlaced === "atStart" && ir.data.length > 0) own(`${i}.data.place`);
    for (const { name, args } of calls) {
      const f = ir.exports.get(name) as FunctionRef;
      const [recover, done] = [a.label(), a.label()];
      a.mov(64, symbol("stack"), rsp);
      a.lea(64, rax, { label: recover });
      a.mov(64, symbol("recover"), rax);
      // Nothing is 0 because it happens to be.
      a.lea(64, rdi, { base: rsp, displacement: -dirty });
      a.constant(rax, 0xa5);
      a.constant(rcx, dirty - 8);
      a.repStosb();
      for (const register of [rbx, rbp, r8, r9, r10, r11, r12, r13, r14]) a.constant(register, 0xa5a5a5a5a5a5a5a5n);
      for (let vector = 0; vector < 16; vector++) a.loadVector(vector, { base: rsp, displacement: -32 });
      // The upper halves of i32 are whatever they may be.
      args.forEach((arg, n) => {
        a.constant(
          argumentRegisters[n] as number,
          typeof arg === "number" ? BigInt(arg >>> 0) | (0x5a5a5a5an << 32n) : arg,
        );
      });
      own(`${i}.${name}`);
      if (f.result === "i32") a.mov(32, rsi, rax);
      else if (f.result === "i64") a.mov(64, rsi, rax);
      else a.constant(rsi, 0);
      a.constant(rdi, 0);
      a.jump(done);
      a.bind(recover);
      a.constant(rdi, 1);
      a.constant(rsi, 0);
      a.bind(done);
      own("record");
    }
    own("digest");
  });
  a.constant(rdx, output);
  a.mov(32, rdx, { base: rdx });
  a.arithmeticConstant("add", 64, rdx, 4);
  a.constant(rsi, output);
  a.constant(rdi, 1);
  a.constant(rax, calls.write);
  a.syscall();
  system(calls.exit, 0);
  a.define("runtime.put");
  // The same function by the name of the import.
  const jump = a.label();
  a.bind(jump);
  a.callSymbol("put");
  a.ret();
  return a;
}

function outcomes(programs: readonly Program[], bytes: Buffer): Outcome[] {
  const words = new Int32Array(new Uint8Array(bytes).buffer);
  if (words[0] !== bytes.length - 4) throw new Error(`${bytes.length} bytes came out; ${words[0]} were written`);
  let at = 1;
  const next = (): number => words[at++] as number;
  return programs.map(({ calls, ir }) => {
    const outcome = { ends: [] as string[], seen: [] as number[], digests: [] as number[] };
    for (let tag = next(); tag !== tags.digest; tag = next()) {
      if (tag === tags.seen) outcome.seen.push(next());
      else {
        const result = ir.exports.get((calls[outcome.ends.length] as Call).name)?.result;
        const [trapped, low, high] = [next(), next(), next()];
        outcome.ends.push(trapped ? "traps" : `gives ${resultOf(result, low, high)}`);
      }
    }
    outcome.digests.push(next(), next());
    return outcome;
  });
}

function resultOf(type: ValueType | undefined, low: number, high: number): number | bigint | undefined {
  return type === "i32" ? low : type === "i64" ? (BigInt(high) << 32n) | BigInt(low >>> 0) : undefined;
}
