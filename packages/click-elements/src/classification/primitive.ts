/** Primitives of patterns: what is tested, how, and against what; and the expression that it comes to. */
import { and, between, type Expression, equals, type Field, masked, not, or } from "./expression.ts";
import { tcpOrUdp } from "./names.ts";
import { PatternError } from "./patterns.ts";

export type Direction = "src" | "dst" | "src or dst" | "src and dst";
export type Operator = "=" | "!=" | "<" | ">" | "<=" | ">=";

/** Some bits of the packet; a value counts in steps of `2 ** shift` of them. */
export interface BitField {
  readonly field: Field;
  readonly shift: number;
  readonly protocol?: number;
}

/** What a primitive tests; a `test` is one that takes no value. */
export type PrimitiveType = "host" | "net" | "port" | "proto" | "tcp opt" | "ect" | "test" | BitField;

/** What it is compared with: an address under a mask, or a number. */
export type Operand =
  | { readonly address: number; readonly mask: number }
  | { readonly value: number; readonly mask: number | undefined };

export interface Primitive {
  readonly protocol: number | undefined;
  readonly direction: Direction | undefined;
  readonly type: PrimitiveType;
  readonly operator: Operator;
  readonly operand: Operand;
}

const field = (
  base: "network" | "transport",
  offset: number,
  width: 1 | 2 | 4,
  mask = 2 ** (width * 8) - 1,
): Field => ({
  base,
  offset,
  width,
  mask,
});

/** Fields of the IP header, RFC 791 section 3.1. */
const protocolField = field("network", 9, 1);
const sourceField = field("network", 12, 4);
const destinationField = field("network", 16, 4);
/** Holds in whole packets and first fragments. */
const firstFragment = equals(field("network", 6, 2, 0x1fff), 0);
const congestion = field("network", 1, 1, 3);

export const icmpTypeField: BitField = { field: field("transport", 0, 1), shift: 0, protocol: 1 };
export const icmpCodeField: BitField = { field: field("transport", 1, 1), shift: 0, protocol: 1 };
const tcpWindowField: BitField = { field: field("transport", 14, 2), shift: 0, protocol: 6 };

/** Fields by their words. */
export const bitFields: Readonly<Record<string, BitField>> = {
  vers: { field: field("network", 0, 1, 0xf0), shift: 4 },
  hl: { field: field("network", 0, 1, 0x0f), shift: 0 },
  tos: { field: field("network", 1, 1), shift: 0 },
  dscp: { field: field("network", 1, 1, 0xfc), shift: 2 },
  len: { field: field("network", 2, 2), shift: 0 },
  id: { field: field("network", 4, 2), shift: 0 },
  ttl: { field: field("network", 8, 1), shift: 0 },
  type: icmpTypeField,
  win: tcpWindowField,
};

/** Tests without a value. */
export const plainTests: Readonly<Record<string, Expression>> = {
  frag: not(equals(field("network", 6, 2, 0x3fff), 0)),
  unfrag: equals(field("network", 6, 2, 0x3fff), 0),
  ce: equals(congestion, 3),
  ect: not(equals(congestion, 0)),
};

export function protocolTest(protocol: number): Expression {
  return protocol === tcpOrUdp
    ? or(equals(protocolField, 6), equals(protocolField, 17))
    : equals(protocolField, protocol);
}

/** The largest value that a type's operand may have. */
export function largest(type: PrimitiveType): number {
  if (type === "port") return 0xffff;
  if (typeof type === "string") return type === "ect" ? 3 : 255;
  return type.field.mask >>> type.shift;
}

/** Whether a packet matches a primitive. Transport headers are there only in first fragments of packets of that protocol. */
export function primitiveTest({ protocol, direction, type, operator, operand }: Primitive): Expression {
  const test = (e: Expression): Expression => (operator === "!=" ? not(e) : e);
  if ("address" in operand)
    return and(
      ...(protocol === undefined ? [] : [protocolTest(protocol)]),
      test(directed(direction, (s) => masked(s ? sourceField : destinationField, operand.address, operand.mask))),
    );
  const { value, mask } = operand;
  const compared = (bits: BitField): Expression => test(compare(bits, operator, value, mask));
  if (type === "proto")
    return value === tcpOrUdp ? test(protocolTest(value)) : compared({ field: protocolField, shift: 0 });
  if (type === "ect") return compared({ field: congestion, shift: 0 });
  if (type === "tcp opt")
    return and(protocolTest(6), firstFragment, test(equals({ ...field("transport", 13, 1), mask: value }, value)));
  if (type === "port") {
    const ports = directed(direction, (s) =>
      compare({ field: field("transport", s ? 0 : 2, 2), shift: 0 }, operator, value, mask),
    );
    return and(protocolTest(protocol ?? tcpOrUdp), firstFragment, test(ports));
  }
  const bits = type as BitField;
  const its = protocol ?? bits.protocol;
  return and(
    ...(its === undefined ? [] : [protocolTest(its)]),
    ...(bits.field.base === "transport" ? [firstFragment] : []),
    compared(bits),
  );
}

/** Both directions where none is given: either may match. */
function directed(direction: Direction | undefined, test: (source: boolean) => Expression): Expression {
  if (direction === "src") return test(true);
  if (direction === "dst") return test(false);
  return direction === "src and dst" ? and(test(true), test(false)) : or(test(true), test(false));
}

/** How the bits under a mask compare with a value; `!=` as `=`. */
function compare({ field, shift }: BitField, operator: Operator, value: number, mask?: number): Expression {
  if (mask !== undefined && ((mask << shift) & ~field.mask) !== 0)
    throw new PatternError(`the mask 0x${mask.toString(16)} has bits that the field has not`);
  const read = mask === undefined ? field : { ...field, mask: (field.mask & (mask << shift)) >>> 0 };
  const high = 2 ** (field.width * 8) - 1;
  const low = value * 2 ** shift;
  const last = low + 2 ** shift - 1;
  switch (operator) {
    case "<":
      return between(read, 0, low - 1);
    case "<=":
      return between(read, 0, last);
    case ">":
      return between(read, last + 1, high);
    case ">=":
      return between(read, low, high);
    default:
      return shift === 0 ? equals(read, low) : between(read, low, last);
  }
}
