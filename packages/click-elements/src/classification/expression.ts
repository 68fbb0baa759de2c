/** Boolean expressions over fields of a packet, and the plain way to evaluate them. */

/** Where a field is counted from. `value` is a number that the element supplies, not packet bytes. */
export type Base = "network" | "transport" | "data" | "ether" | "value";

/**
 * Some bits of a packet: `width` bytes at `offset`, big-endian, then `mask`. Bytes before the base are not under the mask: they
 * make the last byte that is needed the last one that is read.
 */
export interface Field {
  readonly base: Base;
  readonly offset: number;
  readonly width: 1 | 2 | 4;
  /** Unsigned. */
  readonly mask: number;
}

/** `test` holds when the field can be read and its value is between `low` and `high`, both included. */
export type Expression =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "test"; readonly field: Field; readonly low: number; readonly high: number }
  | { readonly kind: "and" | "or"; readonly list: readonly Expression[] }
  | { readonly kind: "not"; readonly of: Expression };

export const always: Expression = { kind: "constant", value: true };
export const never: Expression = { kind: "constant", value: false };

export function and(...list: readonly Expression[]): Expression {
  return list.length === 1 ? (list[0] as Expression) : { kind: "and", list };
}
export function or(...list: readonly Expression[]): Expression {
  return list.length === 1 ? (list[0] as Expression) : { kind: "or", list };
}
export function not(of: Expression): Expression {
  return { kind: "not", of };
}
export function between(field: Field, low: number, high: number): Expression {
  return low > high ? never : { kind: "test", field, low, high };
}
export function equals(field: Field, value: number): Expression {
  return between(field, value, value);
}
/** The bits of `field` under `mask` equal those of `value`. A prefix mask becomes a range. */
export function masked(field: Field, value: number, mask: number): Expression {
  const full = field.width === 4 ? 0xffffffff : 2 ** (field.width * 8) - 1;
  const under = (mask & full & field.mask) >>> 0;
  const wanted = (value & under) >>> 0;
  const free = (full & ~under) >>> 0;
  if (field.mask === full && (free & (free + 1)) === 0) return between(field, wanted, (wanted | free) >>> 0);
  return equals({ ...field, mask: under }, wanted);
}

/** Reads a field: its value, or `undefined` where the packet is too short. */
export type FieldReader = (field: Field) => number | undefined;

/** Evaluates an expression the obvious way: what compiled code is tested against. */
export function evaluate(e: Expression, read: FieldReader): boolean {
  switch (e.kind) {
    case "constant":
      return e.value;
    case "test": {
      const value = read(e.field);
      return value !== undefined && value >= e.low && value <= e.high;
    }
    case "and":
      return e.list.every((x) => evaluate(x, read));
    case "or":
      return e.list.some((x) => evaluate(x, read));
    case "not":
      return !evaluate(e.of, read);
  }
}

/** A reader over bytes: `bases` says where each base starts; reading ends at `end`. */
export function byteReader(
  bytes: Uint8Array,
  bases: Partial<Record<Base, number>>,
  end: number = bytes.length,
): FieldReader {
  return ({ base, offset, width, mask }) => {
    const at = bases[base];
    if (at === undefined) return undefined;
    if (base === "value") return (at & mask) >>> 0;
    if (at + offset + width > end) return undefined;
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + offset + i] ?? 0);
    return (value & mask) >>> 0;
  };
}
