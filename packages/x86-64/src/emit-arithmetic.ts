/** Code of operations that the machine has in another form: division, and counting of bits. It uses `rax`, `rcx` and `rdx`. */
import { type Assembler, condition, type RegisterOrMemory, type Size } from "./assembler.ts";
import type { Counting, Division } from "./instructions.ts";
import { rax, rcx, rdx } from "./registers.ts";

/** Leaves the quotient in `rax` and the remainder in `rdx`. What has no quotient raises a divide error, which is the trap. */
export function emitDivision(
  a: Assembler,
  name: Division,
  size: Size,
  dividend: RegisterOrMemory,
  divisor: RegisterOrMemory,
): void {
  a.mov(size, rax, dividend);
  if (name === "divU" || name === "remU") {
    a.constant(rdx, 0n);
    a.unary("div", size, divisor);
    return;
  }
  if (name === "divS") {
    a.signIntoRdx(size);
    a.unary("idiv", size, divisor);
    return;
  }
  // A remainder by -1 is 0, also where the machine finds no quotient.
  const divide = a.label();
  const end = a.label();
  a.arithmeticConstant("cmp", size, divisor, -1);
  a.jumpIf(condition.notEqual, divide);
  a.constant(rdx, 0n);
  a.jump(end);
  a.bind(divide);
  a.signIntoRdx(size);
  a.unary("idiv", size, divisor);
  a.bind(end);
}

/** Leaves the count in `rax`. Only instructions that every processor of the architecture has: no `lzcnt`, `tzcnt` and `popcnt`. */
export function emitCount(a: Assembler, name: Counting, size: Size, operand: RegisterOrMemory): void {
  if (name === "popcnt") {
    emitPopulation(a, size, operand);
    return;
  }
  if (name === "ctz") {
    a.bsf(size, rax, operand);
    a.constantKeepingFlags(rcx, size);
    a.cmov(32, condition.equal, rax, rcx);
    return;
  }
  // The number of the highest one from above; where there is none, as if it were that of the bit below the lowest.
  a.bsr(size, rax, operand);
  a.constantKeepingFlags(rcx, 2 * size - 1);
  a.cmov(32, condition.equal, rax, rcx);
  a.arithmeticConstant("xor", 32, rax, size - 1);
}

/** Sums of ever wider fields. Warren, Hacker's Delight, section 5-1. */
function emitPopulation(a: Assembler, size: Size, operand: RegisterOrMemory): void {
  const repeated = (byte: bigint): bigint => byte * (size === 64 ? 0x0101010101010101n : 0x01010101n);
  a.mov(size, rax, operand);
  a.mov(size, rcx, rax);
  a.shiftConstant("shr", size, rcx, 1);
  a.constant(rdx, repeated(0x55n));
  a.arithmetic("and", size, rcx, rdx);
  a.arithmetic("sub", size, rax, rcx);
  a.constant(rdx, repeated(0x33n));
  a.mov(size, rcx, rax);
  a.shiftConstant("shr", size, rcx, 2);
  a.arithmetic("and", size, rax, rdx);
  a.arithmetic("and", size, rcx, rdx);
  a.arithmetic("add", size, rax, rcx);
  a.mov(size, rcx, rax);
  a.shiftConstant("shr", size, rcx, 4);
  a.arithmetic("add", size, rax, rcx);
  a.constant(rdx, repeated(0x0fn));
  a.arithmetic("and", size, rax, rdx);
  a.constant(rdx, repeated(0x01n));
  a.multiply(size, rax, rdx);
  a.shiftConstant("shr", size, rax, size - 8);
}
