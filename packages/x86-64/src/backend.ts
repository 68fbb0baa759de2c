/** The back end for x86-64: functions of the intermediate representation as code that the machine runs, and what is to be linked. */
import type { Backend, FunctionRef, ModuleIr } from "@clickos/codegen";
import { Assembler, type Label, type Relocation } from "./assembler.ts";
import { emitFunction, type ModuleCode } from "./emit.ts";
import { placeDataSymbol, Routines } from "./routines.ts";

/** Code that can be put at any address, and what it needs to know of others. */
export interface ObjectCode {
  /** Instructions and constants: neither is written to. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** Offsets in the code of exported functions; and of `data.place`, which has to be called before them, where data is placed at the start. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Where it refers to symbols of others: imported functions, `module.name`; and of each memory `memory.N.base` and `memory.N.size`. */
  readonly relocations: readonly Relocation[];
  /** Offsets in the code of all functions with their names, in order: for who reads a crash. */
  readonly functions: readonly { readonly name: string; readonly offset: number }[];
}

/**
 * Makes code for any 64-bit x86 processor (nothing beyond SSE2), of functions as the System V ABI has them, with two rules more:
 * the first memory begins at the address in `r15`, a multiple of 4096, and an imported function leaves `r15` as it is.
 *
 * Trust: none is needed for accesses: with 8 GiB and 32 bytes from each memory's beginning on that are its own or mapped to nothing, no code reads or writes outside.
 * Traps are exceptions of the processor: #PF, #DE, and #UD by `ud2`.
 */
export const x8664Backend: Backend<ObjectCode> = { name: "x86-64", encode };

function encode(ir: ModuleIr): ObjectCode {
  const assembler = new Assembler();
  const labels = new Map<FunctionRef, Label>(ir.functions.map(({ ref }) => [ref, assembler.label()]));
  const exported = new Map<FunctionRef, string[]>();
  for (const [name, ref] of ir.exports) exported.set(ref, [...(exported.get(ref) ?? []), name]);
  const routines = new Routines(assembler, ir.data);
  const data: (() => void)[] = [];
  const module: ModuleCode = {
    assembler,
    routines,
    label: (callee) => labels.get(callee),
    isExported: (ref) => exported.has(ref),
    later: (write) => data.push(write),
  };
  if (ir.dataPlaced === "atStart" && ir.data.length > 0) routines.placeData();
  const functions: { name: string; offset: number }[] = [];
  for (const f of ir.functions) {
    assembler.align(16, 0xcc);
    functions.push({ name: f.ref.name, offset: assembler.code.length });
    assembler.bind(labels.get(f.ref) as Label);
    for (const name of exported.get(f.ref) ?? []) assembler.define(name);
    emitFunction(f, module);
  }
  functions.push(...routines.write());
  const place = functions.find(({ name }) => name === placeDataSymbol);
  if (place && ir.dataPlaced === "atStart") assembler.symbols.set(placeDataSymbol, place.offset);
  for (const write of data) write();
  return { code: assembler.code.bytes(), symbols: assembler.symbols, relocations: assembler.relocations, functions };
}
