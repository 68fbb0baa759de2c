/** What the intermediate representation's operations are to the machine: conditions, names of instructions, sizes, constants. */
import type { BinaryOp, CompareOp, Expression, ValueType } from "@clickos/codegen";
import { type Condition, condition, type Shift, type Size } from "./assembler.ts";
import type { Test } from "./instructions.ts";

export const compares: Readonly<Record<CompareOp, Condition>> = {
  eq: condition.equal,
  ne: condition.notEqual,
  ltU: condition.below,
  ltS: condition.less,
  gtU: condition.above,
  gtS: condition.greater,
  leU: condition.belowOrEqual,
  leS: condition.lessOrEqual,
  geU: condition.aboveOrEqual,
  geS: condition.greaterOrEqual,
};
/** The condition on exchanged operands. */
export const exchanged: ReadonlyMap<Condition, Condition> = new Map([
  [condition.equal, condition.equal],
  [condition.notEqual, condition.notEqual],
  [condition.below, condition.above],
  [condition.above, condition.below],
  [condition.belowOrEqual, condition.aboveOrEqual],
  [condition.aboveOrEqual, condition.belowOrEqual],
  [condition.less, condition.greater],
  [condition.greater, condition.less],
  [condition.lessOrEqual, condition.greaterOrEqual],
  [condition.greaterOrEqual, condition.lessOrEqual],
]);
export const arithmeticNames: Readonly<
  Record<"add" | "sub" | "mul" | "and" | "or" | "xor", "add" | "sub" | "multiply" | "and" | "or" | "xor">
> = { add: "add", sub: "sub", mul: "multiply", and: "and", or: "or", xor: "xor" };
export const shiftNames: Readonly<Record<"shl" | "shrU" | "shrS" | "rotl" | "rotr", Shift>> = {
  shl: "shl",
  shrU: "shr",
  shrS: "sar",
  rotl: "rol",
  rotr: "ror",
};
export const commutative: ReadonlySet<BinaryOp> = new Set(["add", "mul", "and", "or", "xor"]);

export function opposite(test: Test): Test {
  return { ...test, when: test.when ^ 1 };
}

export function sizeOf(type: ValueType): Size {
  return type === "i64" ? 64 : 32;
}
export function signedOf(size: Size, value: bigint): bigint {
  return BigInt.asIntN(size, value);
}
export function constantOf(e: Expression & { kind: "const" }): bigint {
  return signedOf(sizeOf(e.type), BigInt(e.value));
}
/** Whether a constant is one of 32 bits with sign. */
export function fits(constant: bigint): boolean {
  return BigInt.asIntN(32, constant) === constant;
}
