/**
 * Reads the primitives of patterns. A primitive is qualifiers (a protocol, a direction, a type, in any order), a mask, an
 * operator and a value, most of them optional: `tcp dst port >= 1024`, `src net 10.0.0.0/8`, `icmp type echo`,
 * `ip[8:1] & 0xf0 == 0x40`. One that is only a value takes its type, direction and protocol from the one before:
 * `dst port 80 or 443`.
 */
import { arg, portNames, readPrefix, type Scope } from "@clickos/click-core/element";
import { closest } from "@clickos/click-language/closest";
import { ipProtocols } from "@clickos/wire/names";
import { and, type Expression } from "./expression.ts";
import { meaningOf, type NamedType, protocolNamed, tcpFlags, tcpOrUdp } from "./names.ts";
import { PatternError } from "./patterns.ts";
import {
  type BitField,
  bitFields,
  type Direction,
  icmpCodeField,
  icmpTypeField,
  largest,
  type Operator,
  type Primitive,
  type PrimitiveType,
  plainTests,
  primitiveTest,
  protocolTest,
} from "./primitive.ts";
import type { Tokens } from "./tokens.ts";

/** What is said before the value. */
interface Qualifiers {
  protocol: number | undefined;
  direction: Direction | undefined;
  type: PrimitiveType | undefined;
  /** Of a type that takes no value, or need not: the test that it is then. */
  plain: Expression | undefined;
}

/** What stands where a value is expected. */
type Value = { readonly text: string } & (
  | { readonly kind: "number" | NamedType; readonly value: number }
  | { readonly kind: "host" | "net"; readonly address: number; readonly mask: number }
);

const { tcp, udp, dccp } = ipProtocols;

const operators: Readonly<Record<string, Operator>> = {
  "=": "=",
  "==": "=",
  "!=": "!=",
  "<": "<",
  ">": ">",
  "<=": "<=",
  ">=": ">=",
};

export class PrimitiveReader {
  private readonly tokens: Tokens;
  private readonly scope: Scope;
  private previous: Primitive | undefined;

  constructor(tokens: Tokens, scope: Scope) {
    this.tokens = tokens;
    this.scope = scope;
  }

  /** The primitive that stands next. `negate` is called for each `not` among its qualifiers. */
  read(negate: () => void): Expression {
    const { tokens } = this;
    const start = tokens.at;
    const q: Qualifiers = { protocol: undefined, direction: undefined, type: undefined, plain: undefined };
    while (this.qualifier(q, negate));
    if (tokens.at > start) this.previous = undefined;
    const mask = this.mask();
    const word = tokens.accept(...Object.keys(operators));
    const operator = word === undefined ? "=" : (operators[word] as Operator);
    const value = this.value(q);
    if (!value && word === undefined && mask === undefined) {
      if (q.plain) return and(...(q.protocol === undefined ? [] : [protocolTest(q.protocol)]), q.plain);
      if (q.protocol !== undefined && (q.type === undefined || q.type === "proto")) {
        this.previous = { ...q, type: "proto", operator, operand: { value: q.protocol, mask } };
        return protocolTest(q.protocol);
      }
    }
    if (!value) throw this.missing(q, tokens.at === start);
    this.previous = this.check(q, operator, value, mask);
    return primitiveTest(this.previous);
  }

  // ---- before the value

  private qualifier(q: Qualifiers, negate: () => void): boolean {
    const { tokens, scope } = this;
    const word = tokens.peek;
    if (word === undefined) return false;
    const bytes = byteField(word);
    if (bytes) {
      this.setType(q, bytes);
      if (bytes.protocol !== undefined) this.setProtocol(q, bytes.protocol);
    } else if (word === "src" || word === "dst" || word === "dest") {
      if (q.direction) throw new PatternError("a direction is given twice");
      q.direction = word === "src" ? "src" : "dst";
      const joiner = { or: "or", "||": "or", and: "and", "&&": "and" }[tokens.ahead(1) ?? ""];
      const other = tokens.ahead(2);
      if (joiner && (word === "src" ? other === "dst" || other === "dest" : other === "src")) {
        tokens.skip(2);
        q.direction = `src ${joiner as "or" | "and"} dst`;
      }
    } else if (word === "not" || word === "!") negate();
    else if (word === "host" || word === "net" || word === "port" || word === "proto") this.setType(q, word);
    else if (word === "opt") this.setType(q, "tcp opt");
    else if (word === "code" && q.protocol === ipProtocols.icmp) this.setType(q, icmpCodeField);
    else if (Object.hasOwn(bitFields, word)) {
      const bits = bitFields[word] as BitField;
      this.setType(q, bits);
      if (bits.protocol !== undefined) this.setProtocol(q, bits.protocol);
    } else if (Object.hasOwn(plainTests, word)) {
      this.setType(q, word === "ect" ? "ect" : "test");
      q.plain = plainTests[word];
    } else if (protocolNamed(word) !== undefined && meaningOf(word, undefined, undefined, scope)?.type === "proto")
      this.setProtocol(q, protocolNamed(word) as number);
    else if (word !== "ip") return false;
    tokens.skip(1);
    return true;
  }

  private setType(q: Qualifiers, type: PrimitiveType): void {
    if (q.type !== undefined) throw new PatternError("a type is given twice");
    q.type = type;
  }
  private setProtocol(q: Qualifiers, protocol: number): void {
    if (q.protocol !== undefined && q.protocol !== protocol) throw new PatternError("two protocols at once");
    q.protocol = protocol;
  }

  /** `& MASK`: a number, or an address. */
  private mask(): number | undefined {
    const { tokens, scope } = this;
    const next = tokens.ahead(1);
    if (tokens.peek !== "&" || next === undefined) return undefined;
    const number = arg.u32.parse(next, scope);
    const mask = typeof number === "number" ? number : arg.ipAddress.parse(next, scope);
    if (typeof mask !== "number") throw new PatternError(`'${next}' is not a mask`);
    if (mask === 0) throw new PatternError("a mask of no bits");
    tokens.skip(2);
    return mask;
  }

  // ---- the value

  private value(q: Qualifiers): Value | undefined {
    const { tokens, scope } = this;
    const text = tokens.peek;
    if (text === undefined) return undefined;
    const take = (value: Value): Value => {
      tokens.skip(1);
      return value;
    };
    // Hosts may be called as services are.
    const isAddress = q.type === "host" || q.type === "net";
    const named = isAddress || /^\d/.test(text) ? undefined : meaningOf(text, typeName(q.type), q.protocol, scope);
    if (named) return take({ text, kind: named.type, value: named.value });
    const number = arg.u32.parse(text, scope);
    if (typeof number === "number") return take({ text, kind: "number", value: number });
    const prefix = readPrefix(text, scope);
    const address = arg.ipAddress.parse(text, scope);
    if (typeof address !== "number") return prefix && take({ text, kind: "net", ...prefix });
    if (tokens.ahead(1) !== "mask")
      return take(
        q.type === "net" && prefix
          ? { text, kind: "net", ...prefix }
          : { text, kind: "host", address, mask: 0xffffffff },
      );
    const word = tokens.ahead(2);
    const mask = word === undefined ? undefined : arg.ipAddress.parse(word, scope);
    if (typeof mask !== "number") throw new PatternError(`'${word ?? ""}' is not a mask`);
    tokens.skip(2);
    return take({ text, kind: "net", address, mask });
  }

  /** What is said where a value is missing. */
  private missing({ type }: Qualifiers, nothing: boolean): PatternError {
    const word = this.tokens.peek;
    const what = type === undefined ? undefined : describe(type);
    if (word === undefined) return new PatternError(`the pattern ends where ${what ?? "a value"} is expected`);
    const message = what === undefined || nothing ? `'${word}' is not understood` : `'${word}' is not ${what}`;
    return new PatternError(message, () => {
      const ports =
        type === "host" || type === "net" ? [] : [...portNames("tcp", this.scope), ...portNames("udp", this.scope)];
      const near = closest(word, [...this.scope.names("ip"), ...this.scope.names("prefix"), ...ports]);
      return near === undefined ? undefined : `did you mean '${near}'?`;
    });
  }

  // ---- together

  /** Type, direction and protocol where they are not said, and whether all of it goes together. */
  private check(q: Qualifiers, operator: Operator, value: Value, mask: number | undefined): Primitive {
    const { previous } = this;
    const direction = q.direction ?? previous?.direction;
    const type = q.type ?? this.typeOf(value, q);
    // `port 80 or 443`, `tcp port 80 or http`: the protocol stays, too.
    const protocol = q.protocol ?? (q.type === undefined && type === previous?.type ? previous.protocol : undefined);
    const refuse = (what: string): never => {
      throw new PatternError(what);
    };
    if (type === "test") refuse(`'${value.text}': no value is expected here`);
    const isAddress = "address" in value;
    if (isAddress !== (type === "host" || type === "net") || (q.type === "host" && value.kind === "net"))
      refuse(`'${value.text}' is not ${describe(type)}`);
    const equality = operator === "=" || operator === "!=";
    if (!equality && (isAddress || type === "tcp opt")) refuse(`'${operator}' does not apply to ${describe(type)}`);
    if (isAddress) {
      const operand = { address: value.address, mask: mask ?? value.mask };
      return { protocol, direction, type, operator, operand };
    }
    if (type === "tcp opt" && mask !== undefined) refuse("a mask does not apply to a TCP flag");
    if (type === "tcp opt" && protocol !== undefined && protocol !== ipProtocols.tcp)
      refuse("only TCP has these flags");
    if (type === "port" && ![undefined, tcp, udp, dccp, tcpOrUdp].includes(protocol))
      refuse("only TCP, UDP and DCCP have ports");
    const most = largest(type);
    if (value.value > most && equality && !(type === "proto" && value.value === tcpOrUdp))
      refuse(`'${value.text}' is not ${describe(type)} between 0 and ${most}`);
    return { protocol, direction, type, operator, operand: { value: value.value, mask } };
  }

  /** What a value without a type is: what it says itself, or what the value before was. */
  private typeOf(value: Value, { protocol }: Qualifiers): PrimitiveType {
    if (value.kind === "icmp type") return icmpTypeField;
    if (value.kind !== "number") return value.kind;
    const before = this.previous?.type;
    if (before === "port" || before === "proto" || typeof before === "object") return before;
    if (protocol === undefined)
      throw new PatternError(`'${value.text}' alone is not understood: say which field, or 'port'`);
    return "port";
  }
}

const expected: Readonly<Record<Exclude<PrimitiveType, BitField>, string>> = {
  host: "an IP address",
  net: "an IP prefix",
  port: "a port",
  proto: "a protocol",
  "tcp opt": `a TCP flag (${Object.keys(tcpFlags).join(", ")})`,
  ect: "a number",
  test: "a test",
};

function describe(type: PrimitiveType): string {
  return typeof type === "string" ? expected[type] : "a number";
}

function typeName(type: PrimitiveType | undefined): string | undefined {
  if (type === icmpTypeField) return "icmp type";
  return typeof type === "object" ? "number" : type;
}

/** `ip[8]`, `ip[8:2]`, `ip[8,9]`, `transp[0:2]`, `tcp[13]`. */
function byteField(word: string): BitField | undefined {
  const match = /^(ip|transp|tcp|udp|icmp)\s*\[\s*(\d+)\s*(?:([:,])\s*(\d+)\s*)?\]$/.exec(word);
  if (!match) return undefined;
  const [, base, first, separator, second] = match as unknown as [string, string, string, string?, string?];
  const offset = Number(first);
  const width = second === undefined ? 1 : separator === ":" ? Number(second) : Number(second) - offset + 1;
  if (width !== 1 && width !== 2 && width !== 4)
    throw new PatternError(`${word}: a length of ${width} bytes; it is 1, 2 or 4`);
  if (offset > 1500) throw new PatternError(`${word}: offset ${offset} is beyond any packet`);
  const protocol = base === "ip" || base === "transp" ? undefined : protocolNamed(base);
  return {
    field: { base: base === "ip" ? "network" : "transport", offset, width, mask: 2 ** (width * 8) - 1 },
    shift: 0,
    ...(protocol === undefined ? {} : { protocol }),
  };
}
