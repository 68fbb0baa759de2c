/**
 * Addresses of the intermediate representation as operands of instructions: the memory's base, a virtual register, and a
 * displacement. The base of the first memory is in `r15`; those of others are in words that the linker names.
 */
import { type Assembler, condition, type Label, type Memory, type RegisterOrMemory } from "./assembler.ts";
import type { Address, Virtual } from "./instructions.ts";
import { type Register, r15, rax, rcx } from "./registers.ts";

/** The symbols of a word with the address of a memory's first byte, and of one with its size in bytes. */
export const memoryBase = (memory: number): string => `memory.${memory}.base`;
export const memorySize = (memory: number): string => `memory.${memory}.size`;

const largestDisplacement = 0x7fffffff;

export class AddressWriter {
  private readonly a: Assembler;
  private readonly trap: Label;
  private readonly location: (v: Virtual) => RegisterOrMemory;

  constructor(a: Assembler, trap: Label, location: (v: Virtual) => RegisterOrMemory) {
    this.a = a;
    this.trap = trap;
    this.location = location;
  }

  /** An operand for the next instruction; `rax` and `rcx` may be part of it. */
  of({ memory, base, displacement }: Address): Memory {
    const { a } = this;
    const from = this.base(memory);
    if (displacement <= largestDisplacement) {
      if (base === undefined) return { base: from, displacement };
      const at = this.location(base);
      if (typeof at !== "number") a.mov(64, rax, at);
      return { base: from, index: typeof at === "number" ? at : rax, displacement };
    }
    // A displacement has a sign.
    a.constant(rax, BigInt(displacement));
    if (base !== undefined) a.arithmetic("add", 64, rax, this.location(base));
    return { base: from, index: rax };
  }

  /** As an operand that is in `rcx`, or constant, of an access that has to be at a multiple of four: others trap. */
  aligned(at: Address): Memory {
    const { a } = this;
    if (at.base === undefined && at.displacement % 4 !== 0) a.ud2();
    const operand = this.of(at);
    a.lea(64, rcx, operand);
    if (at.base !== undefined) {
      // Memories begin at pages.
      a.testConstant(32, rcx, 3);
      a.jumpIf(condition.notEqual, this.trap);
    }
    return { base: rcx };
  }

  private base(memory: number): Register {
    if (memory === 0) return r15;
    this.a.mov(64, rcx, { symbol: memoryBase(memory) });
    return rcx;
  }
}
