/** A comparison of big-endian bytes with a constant needs no swap: the constant is swapped instead, and 0 is 0 either way. */
import type { Expression, Statement } from "./ir.ts";

/** A store of big-endian bytes that were loaded as such moves them as they stand. */
export function moveWithoutSwap(s: Statement): Statement {
  if (s.kind !== "store" || s.order !== "be" || s.value.kind !== "load") return s;
  const { order, width } = s.value;
  return order === "be" && width === s.width ? { ...s, order: "le", value: { ...s.value, order: "le" } } : s;
}

/** The same comparison without the swap, where it is one with a constant; everything else as it is. */
export function withoutSwap(e: Expression): Expression {
  if (e.kind === "unary" && e.op === "eqz" && e.a.type === "i32") {
    const width = swappedWidth(e.a);
    return width === undefined ? e : { ...e, a: unswapped(e.a, width) };
  }
  if (e.kind !== "binary" || (e.op !== "eq" && e.op !== "ne") || e.b.kind !== "const" || e.b.type !== "i32") return e;
  const width = swappedWidth(e.a);
  if (width === undefined) return e;
  const value = Number(e.b.value);
  if (width === 16 && value >>> 16 !== 0) return e;
  return { ...e, a: unswapped(e.a, width), b: { ...e.b, value: swapConstant(value, width) } };
}

function swappedWidth(e: Expression): 16 | 32 | undefined {
  if (e.kind === "load" && e.order === "be" && (e.width === 16 || e.width === 32) && !e.signed) return e.width;
  if (e.kind === "binary" && e.op === "and" && e.b.kind === "const") {
    const width = swappedWidth(e.a);
    return width === 16 && Number(e.b.value) >>> 16 !== 0 ? undefined : width;
  }
  return undefined;
}

function unswapped(e: Expression, width: 16 | 32): Expression {
  if (e.kind === "load") return { ...e, order: "le" };
  if (e.kind === "binary" && e.b.kind === "const")
    return { ...e, a: unswapped(e.a, width), b: { ...e.b, value: swapConstant(Number(e.b.value), width) } };
  return e;
}

function swapConstant(value: number, width: 16 | 32): number {
  const swapped = ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  return width === 32 ? swapped | 0 : swapped >>> 16;
}
