/** How functions are called: where arguments are, and what imported ones are named. */
import type { FunctionRef } from "@clickos/codegen";
import { type Register, r8, r9, rcx, rdi, rdx, rsi } from "./registers.ts";

/** Registers of arguments (System V ABI for AMD64, section 3.2.3); what they do not hold is on the stack, in order. */
export const argumentRegisters: readonly Register[] = [rdi, rsi, rdx, rcx, r8, r9];
export const vectorArguments = 8;
/** Where arguments are: in registers, or that many bytes from the first that is on the stack. */
export interface ArgumentPlaces {
  readonly places: readonly ({ readonly register: Register } | { readonly offset: number })[];
  readonly bytes: number;
}
export function argumentPlaces(params: FunctionRef["params"]): ArgumentPlaces {
  let integers = 0;
  let vectors = 0;
  let bytes = 0;
  const places = params.map((type) => {
    if (type === "v128") {
      if (vectors < vectorArguments) return { register: vectors++ };
      bytes = (bytes + 15) & ~15;
      bytes += 16;
      return { offset: bytes - 16 };
    }
    if (integers < argumentRegisters.length) return { register: argumentRegisters[integers++] as Register };
    bytes += 8;
    return { offset: bytes - 8 };
  });
  return { places, bytes };
}

/** The symbol of an imported function. */
export function importSymbol(f: FunctionRef): string {
  return `${f.imported?.module}.${f.imported?.name}`;
}
