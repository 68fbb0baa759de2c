/**
 * Where a function's virtual registers are, and how values come from there and go there. Operands on the stack go through `rax` (or a
 * register that is named): nobody else has it between two instructions.
 */
import type { Allocation, Location } from "./allocate.ts";
import type { Assembler, Memory, RegisterOrMemory, Size } from "./assembler.ts";
import type { Lowered, Operand, Virtual } from "./instructions.ts";
import { parallelMoves } from "./parallel-moves.ts";
import { type Register, rax, rsp } from "./registers.ts";

/** For the code of single instructions, as `rax` is. */
export const scratchVector = 15;

export class Places {
  readonly a: Assembler;
  readonly lowered: Lowered;
  readonly allocation: Allocation;
  /** Bytes of the outgoing arguments, which are below all else. */
  readonly outgoing: number;

  constructor(a: Assembler, lowered: Lowered, allocation: Allocation, outgoing: number) {
    this.a = a;
    this.lowered = lowered;
    this.allocation = allocation;
    this.outgoing = outgoing;
  }

  location(v: Virtual): RegisterOrMemory {
    const location = this.allocation.locations[v] as Location;
    return "register" in location ? location.register : this.slot(location.slot);
  }
  slot(slot: number): Memory {
    return { base: rsp, displacement: this.outgoing + slot };
  }
  /** Whether a virtual register's value is read anywhere: what it is for may still have effects. */
  isNeeded(v: Virtual): boolean {
    return this.allocation.locations[v] !== undefined;
  }
  /** A register that holds an operand: its own, or `scratch`. */
  inRegister(operand: Operand, scratch: Register): Register {
    if (typeof operand !== "number") {
      this.a.constant(scratch, operand.constant);
      return scratch;
    }
    const at = this.location(operand);
    if (typeof at === "number") return at;
    this.a.mov(64, scratch, at);
    return scratch;
  }
  vectorInRegister(v: Virtual, scratch: Register): Register {
    const at = this.location(v);
    if (typeof at === "number") return at;
    this.a.loadVector(scratch, at as Memory);
    return scratch;
  }
  vectorInto(register: Register, v: Virtual): void {
    const from = this.vectorInRegister(v, register);
    if (from !== register) this.a.moveVector(register, from);
  }
  /** Where a result is computed: its register, unless that is one of those that are still read, or `rax`. */
  target(to: Virtual, ...stillRead: (Operand | undefined)[]): Register {
    const at = this.location(to);
    if (typeof at !== "number") return rax;
    return stillRead.some((v) => typeof v === "number" && this.location(v) === at) ? rax : at;
  }
  settle(to: Virtual, from: Register): void {
    const at = this.location(to);
    if (at !== from) this.a.mov(64, at, from);
  }
  settleVector(to: Virtual, from: Register): void {
    const at = this.location(to);
    if (typeof at !== "number") this.a.storeVector(at as Memory, from);
    else if (at !== from) this.a.moveVector(at, from);
  }
  /** Of 32 bits: what is written has zeros above them. */
  move(size: Size, to: RegisterOrMemory, from: RegisterOrMemory): void {
    if (typeof to === "number" || (typeof from === "number" && size === 64)) this.a.mov(size, to, from);
    else {
      this.a.mov(size, rax, from);
      this.a.mov(64, to, rax);
    }
  }
  clear(v: Virtual): void {
    const at = this.location(v);
    const { a } = this;
    if (this.lowered.intervals[v]?.class === "vector") {
      if (typeof at === "number") a.clearVector(at);
      else {
        a.clearVector(scratchVector);
        a.storeVector(at as Memory, scratchVector);
      }
    } else this.constantInto(v, 0n);
  }

  /** Moves as if all at once. */
  parallel(moves: { to: RegisterOrMemory; from: RegisterOrMemory | bigint; size: Size }[]): void {
    parallelMoves(moves, {
      move: ({ to, from, size }) => {
        if (typeof from === "bigint") {
          if (typeof to === "number") this.a.constant(to, from);
          else this.storeWord(to, from);
        } else this.move(size, to, from);
      },
      exchange: (x, y) => this.a.xchg(64, x, y),
    });
  }
  parallelVectors(moves: { to: RegisterOrMemory; from: RegisterOrMemory }[]): void {
    const { a } = this;
    parallelMoves(moves, {
      move: ({ to, from }) => {
        if (typeof to === "number") {
          if (typeof from === "number") a.moveVector(to, from);
          else a.loadVector(to, from);
        } else if (typeof from === "number") a.storeVector(to, from);
        else {
          a.loadVector(scratchVector, from);
          a.storeVector(to, scratchVector);
        }
      },
      exchange: (x, y) => {
        a.moveVector(scratchVector, x);
        a.moveVector(x, y);
        a.moveVector(y, scratchVector);
      },
    });
  }

  place(location: Location): RegisterOrMemory {
    return "register" in location ? location.register : this.slot(location.slot);
  }

  /** Copies an operand to a register of no virtual one: an i32 with zeros above it. */
  into(register: Register, operand: Operand, size: Size = 32): void {
    if (typeof operand === "number") this.a.mov(64, register, this.location(operand));
    else this.a.constant(register, BigInt.asUintN(size, operand.constant));
  }
  constantInto(to: Virtual, constant: bigint): void {
    const at = this.location(to);
    if (typeof at === "number") this.a.constant(at, constant);
    else this.storeWord(at, constant);
  }
  storeWord(to: Memory, constant: bigint): void {
    if (BigInt.asIntN(32, constant) === constant) this.a.storeConstant(64, to, Number(constant));
    else {
      this.a.constant(rax, constant);
      this.a.mov(64, to, rax);
    }
  }
}
