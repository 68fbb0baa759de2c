/**
 * What the arithmetic of the intermediate representation means, on integers without bounds: constant folding and the interpreter
 * compute with it, and the tests compare it with WebAssembly's.
 */
import type { BinaryOp, UnaryOp, ValueType } from "./ir.ts";

export function bitsOf(type: ValueType): 32 | 64 | 128 {
  return type === "i32" ? 32 : type === "i64" ? 64 : 128;
}

/** The representative of a value that is between -2^(bits-1) and 2^(bits-1)-1. */
export function signed(type: ValueType, value: number | bigint): bigint {
  return BigInt.asIntN(bitsOf(type), BigInt(value));
}

/** The representative of a value that is between 0 and 2^bits-1. */
export function unsigned(type: ValueType, value: number | bigint): bigint {
  return BigInt.asUintN(bitsOf(type), BigInt(value));
}

/** Why an operation has no result. */
export type ArithmeticTrap = "DIVISION_BY_ZERO" | "OVERFLOW";

/**
 * The result of `op` on two operands of a type, modulo 2^bits: of any representative, and any is given. Comparisons give
 * 1 or 0. Instead of a result: why there is none.
 */
export function binaryValue(
  op: BinaryOp,
  type: ValueType,
  a: number | bigint,
  b: number | bigint,
): bigint | ArithmeticTrap {
  const bits = BigInt(bitsOf(type));
  const ua = unsigned(type, a);
  const ub = unsigned(type, b);
  const sa = signed(type, a);
  const sb = signed(type, b);
  const count = ub % bits;
  switch (op) {
    case "add":
      return ua + ub;
    case "sub":
      return ua - ub;
    case "mul":
      return ua * ub;
    case "divU":
      return ub === 0n ? "DIVISION_BY_ZERO" : ua / ub;
    case "remU":
      return ub === 0n ? "DIVISION_BY_ZERO" : ua % ub;
    case "divS":
      if (sb === 0n) return "DIVISION_BY_ZERO";
      return sb === -1n && sa === -(1n << (bits - 1n)) ? "OVERFLOW" : sa / sb;
    case "remS":
      return sb === 0n ? "DIVISION_BY_ZERO" : sa % sb;
    case "and":
      return ua & ub;
    case "or":
      return ua | ub;
    case "xor":
      return ua ^ ub;
    case "shl":
      return ua << count;
    case "shrU":
      return ua >> count;
    case "shrS":
      return sa >> count;
    case "rotl":
      return (ua << count) | (ua >> (bits - count));
    case "rotr":
      return (ua >> count) | (ua << (bits - count));
    case "eq":
      return BigInt(ua === ub);
    case "ne":
      return BigInt(ua !== ub);
    case "ltU":
      return BigInt(ua < ub);
    case "ltS":
      return BigInt(sa < sb);
    case "gtU":
      return BigInt(ua > ub);
    case "gtS":
      return BigInt(sa > sb);
    case "leU":
      return BigInt(ua <= ub);
    case "leS":
      return BigInt(sa <= sb);
    case "geU":
      return BigInt(ua >= ub);
    case "geS":
      return BigInt(sa >= sb);
  }
}

/** The result of `op` on an operand of a type. Counts of zeros are the width where there is no one. */
export function unaryValue(op: UnaryOp, type: ValueType, a: number | bigint): bigint {
  const ua = unsigned(type, a);
  const digits = ua === 0n ? "" : ua.toString(2);
  switch (op) {
    case "eqz":
      return BigInt(ua === 0n);
    case "clz":
      return BigInt(bitsOf(type) - digits.length);
    case "ctz":
      return BigInt(ua === 0n ? bitsOf(type) : digits.length - 1 - digits.lastIndexOf("1"));
    case "popcnt":
      return BigInt(digits.replaceAll("0", "").length);
    case "wrap":
    case "extendU":
      return BigInt.asUintN(32, ua);
    case "extendS":
      return BigInt.asIntN(32, ua);
  }
}
