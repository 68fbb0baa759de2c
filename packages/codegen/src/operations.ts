/**
 * What operations do besides giving a value: which can trap, which read memory, which have effects. The optimiser asks here;
 * SEMANTICS.md says what it may do with the answers.
 */
import type { BinaryOp, Expression, MemoryImport, Statement } from "./ir.ts";
import { operands } from "./traverse.ts";

/** What evaluating a node itself does; its operands are asked separately. */
export interface Behaviour {
  /** It can stop the program. */
  readonly traps: boolean;
  /** What it does depends on the memory. */
  readonly readsMemory: boolean;
  /** Something outside of the function sees it: a write, an atomic access, a call. */
  readonly effect: boolean;
}

const nothing: Behaviour = { traps: false, readsMemory: false, effect: false };
const partial: Behaviour = { traps: true, readsMemory: false, effect: false };
const read: Behaviour = { traps: true, readsMemory: true, effect: false };
const write: Behaviour = { traps: true, readsMemory: false, effect: true };
const readWrite: Behaviour = { traps: true, readsMemory: true, effect: true };

/** Of expressions; of binary ones, those that are total: see `partialOps`. */
export const expressionBehaviour: Readonly<Record<Expression["kind"], Behaviour>> = {
  const: nothing,
  local: nothing,
  unary: nothing,
  binary: nothing,
  select: nothing,
  load: read,
  atomicLoad: readWrite,
  atomicRmw: readWrite,
  call: readWrite,
};

/** Binary operations that have no result for some operands, and trap there. */
export const partialOps: ReadonlySet<BinaryOp> = new Set(["divU", "divS", "remU", "remS"]);

/** Of statements, without what is nested in them. */
export const statementBehaviour: Readonly<Record<Statement["kind"], Behaviour>> = {
  let: nothing,
  set: nothing,
  if: nothing,
  block: nothing,
  loop: nothing,
  br: nothing,
  switch: nothing,
  return: nothing,
  trap: partial,
  store: write,
  atomicStore: write,
  zero16: write,
  fill: write,
  placeData: write,
  copy16: readWrite,
  copy: readWrite,
  do: readWrite,
};

/** What a node itself does, as far as its operands do not say that it does less. */
export function behaviourOf(e: Expression, memories: readonly MemoryImport[]): Behaviour {
  if (e.kind === "binary" && partialOps.has(e.op)) return isTotal(e) ? nothing : partial;
  if (e.kind === "load" && isInBounds(e, memories)) return { ...read, traps: false };
  return expressionBehaviour[e.kind];
}

/** Whether neither an expression nor one of its operands can trap or has an effect: it may be computed anywhere, or not at all. */
export function isHarmless(e: Expression, memories: readonly MemoryImport[]): boolean {
  const { traps, effect } = behaviourOf(e, memories);
  return !traps && !effect && operands(e).every((operand) => isHarmless(operand, memories));
}

/** Whether an expression or one of its operands has an effect. */
export function hasEffect(e: Expression): boolean {
  switch (e.kind) {
    case "const":
    case "local":
      return false;
    case "unary":
      return hasEffect(e.a);
    case "binary":
      return hasEffect(e.a) || hasEffect(e.b);
    case "load":
      return hasEffect(e.address);
    default:
      return expressionBehaviour[e.kind].effect || operands(e).some(hasEffect);
  }
}

/** A division by a constant that is not 0, and not -1 where that can overflow. */
function isTotal({ op, a, b }: Expression & { kind: "binary" }): boolean {
  if (b.kind !== "const") return false;
  const divisor = BigInt.asIntN(a.type === "i32" ? 32 : 64, BigInt(b.value));
  return divisor !== 0n && (op !== "divS" || divisor !== -1n);
}

/** A load of a constant address within the memory's initial size: memory never shrinks. */
function isInBounds(
  { memory, address, offset, width }: Expression & { kind: "load" },
  memories: readonly MemoryImport[],
): boolean {
  const size = memories[memory]?.initialPages;
  if (address.kind !== "const" || size === undefined) return false;
  return (Number(address.value) >>> 0) + offset + width / 8 <= size * 65536;
}
