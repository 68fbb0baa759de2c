/** Primitives of patterns: what is tested, how, and against what; and the expression that it comes to. */
import type { Field as HeaderField } from "@clickos/wire";
import { icmp } from "@clickos/wire/icmp";
import { ecnCodes, ipv4 } from "@clickos/wire/ipv4";
import { ipFilterFields, ipProtocols } from "@clickos/wire/names";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
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

/** A field of a header, its bits where they stand. */
const bits = (base: "network" | "transport", { offset, size, mask, shift }: HeaderField): Field => ({
  base,
  offset,
  width: size as Field["width"],
  mask: (mask << shift) >>> 0,
});
const bitField = (base: "network" | "transport", field: HeaderField, protocol?: number): BitField => ({
  field: bits(base, field),
  shift: field.shift,
  ...(protocol === undefined ? {} : { protocol }),
});

const protocolField = bits("network", ipv4.fields.protocol);
const sourceField = bits("network", ipv4.fields.source);
const destinationField = bits("network", ipv4.fields.destination);
/** Holds in whole packets and first fragments. */
const firstFragment = equals(bits("network", ipv4.fields.fragmentOffset), 0);
/** Holds in whole packets. */
const unfragmented = equals(bits("network", ipv4.fields.fragment), 0);
const congestion = bits("network", ipv4.fields.ecn);
/** TCP and UDP have their ports in one place. */
const sourcePort = bitField("transport", udp.fields.sourcePort);
const destinationPort = bitField("transport", udp.fields.destinationPort);

export const icmpTypeField: BitField = bitField("transport", icmp.fields.type, ipProtocols.icmp);
export const icmpCodeField: BitField = bitField("transport", icmp.fields.code, ipProtocols.icmp);
const flags = bits("transport", tcp.fields.flags);
const tcpWindowField: BitField = bitField("transport", tcp.fields.window, ipProtocols.tcp);

/** Fields by their words. */
export const bitFields: Readonly<Record<string, BitField>> = {
  ...Object.fromEntries(Object.entries(ipFilterFields).map(([word, field]) => [word, bitField("network", field)])),
  type: icmpTypeField,
  win: tcpWindowField,
};

/** Tests without a value. */
export const plainTests: Readonly<Record<string, Expression>> = {
  frag: not(unfragmented),
  unfrag: unfragmented,
  ce: equals(congestion, ecnCodes.ce),
  ect: not(equals(congestion, ecnCodes.notEct)),
};

export function protocolTest(protocol: number): Expression {
  return protocol === tcpOrUdp
    ? or(equals(protocolField, ipProtocols.tcp), equals(protocolField, ipProtocols.udp))
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
    return and(protocolTest(ipProtocols.tcp), firstFragment, test(equals({ ...flags, mask: value }, value)));
  if (type === "port") {
    const ports = directed(direction, (s) => compare(s ? sourcePort : destinationPort, operator, value, mask));
    return and(protocolTest(protocol ?? tcpOrUdp), firstFragment, test(ports));
  }
  const tested = type as BitField;
  const its = protocol ?? tested.protocol;
  return and(
    ...(its === undefined ? [] : [protocolTest(its)]),
    ...(tested.field.base === "transport" ? [firstFragment] : []),
    compared(tested),
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
