/**
 * The expression language of IPFilter and IPClassifier.
 *
 * A primitive is a protocol, a direction, a type, an operator and a value, most of them optional:
 * `tcp dst port >= 1024`, `src net 10.0.0.0/8`, `icmp type echo`, `ip[8:1] & 0xf0 == 0x40`. A primitive that is
 * only a value repeats what the one before said: `dst port 80 or 443`. Tests of the transport header hold only in
 * the first fragment of packets of that protocol.
 */
import { parseIpAddress, parseIpPrefix } from "@clickos/click-core/element";
import { always, and, between, type Expression, equals, type Field, masked, never, not, or } from "./expression.ts";
import { icmpTypes, protocols, services } from "./names.ts";
import { PatternError } from "./patterns.ts";

const network = (offset: number, width: 1 | 2 | 4, mask = 2 ** (width * 8) - 1): Field => ({
  base: "network",
  offset,
  width,
  mask,
});
const transport = (offset: number, width: 1 | 2 | 4, mask = 2 ** (width * 8) - 1): Field => ({
  base: "transport",
  offset,
  width,
  mask,
});

/** Fields of the IP header, RFC 791 section 3.1. */
const protocolField = network(9, 1);
const sourceField = network(12, 4);
const destinationField = network(16, 4);
/** Holds in whole packets and first fragments. */
const firstFragment = equals(network(6, 2, 0x1fff), 0);

const tcpFlags: Record<string, number> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 };

type Direction = "src" | "dst" | "src or dst" | "src and dst";
type PrimitiveType = "host" | "net" | "port" | "proto" | "icmp type" | "icmp code" | "tcp opt" | "tcp win" | "ip field";

/** What a primitive said before its value, for the next one that says nothing. */
interface Qualifiers {
  protocol: number | undefined;
  direction: Direction | undefined;
  type: PrimitiveType | undefined;
  field: Field | undefined;
  shift: number;
}

/** Parses a pattern. `-`, `all`, `any` and `true` hold always. @throws {PatternError} */
export function parseIpPattern(text: string): Expression {
  const tokens = text.match(/\w+\s*\[[^[\]]*\]|\|\||&&|[=!<>]=|[()?!<>=&|]|[^\s()?!<>=&|[\]]+/g) ?? [];
  if (tokens.join("").replace(/\s/g, "") !== text.replace(/\s/g, ""))
    throw new PatternError(`cannot read '${text.trim()}'`);
  if (tokens.length === 0) throw new PatternError("empty pattern");
  const parser = new PatternParser(tokens);
  const e = parser.ternary();
  if (parser.peek !== undefined) throw new PatternError(`unexpected '${parser.peek}'`);
  return e;
}

class PatternParser {
  private at = 0;
  private depth = 0;
  private previous: Qualifiers | undefined;
  private readonly tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  get peek(): string | undefined {
    return this.tokens[this.at];
  }
  private accept(...words: readonly string[]): string | undefined {
    const word = this.peek;
    if (word === undefined || !words.includes(word)) return undefined;
    this.at++;
    return word;
  }

  ternary(): Expression {
    if (++this.depth > 200) throw new PatternError("nested too deeply");
    const condition = this.or();
    let result = condition;
    if (this.accept("?")) {
      const yes = this.ternary();
      if (!this.accept(":")) throw new PatternError("'?' without ':'");
      const no = this.ternary();
      result = or(and(condition, yes), and(not(condition), no));
    }
    this.depth--;
    return result;
  }

  private or(): Expression {
    const list = [this.and()];
    while (this.accept("or", "||")) list.push(this.and());
    return or(...list);
  }

  private and(): Expression {
    const list = [this.factor()];
    for (;;) {
      if (this.accept("and", "&&")) list.push(this.factor());
      else if (this.peek !== undefined && !["or", "||", ")", "?", ":"].includes(this.peek)) list.push(this.factor());
      else return and(...list);
    }
  }

  private factor(): Expression {
    let negated = false;
    while (this.accept("not", "!")) negated = !negated;
    return negated ? not(this.operand()) : this.operand();
  }

  private operand(): Expression {
    if (this.accept("(")) {
      const e = this.ternary();
      if (!this.accept(")")) throw new PatternError("'(' is not closed");
      return e;
    }
    if (this.accept("true", "all", "any", "-")) return always;
    if (this.accept("false", "none")) return never;
    return this.primitive();
  }

  private primitive(): Expression {
    const start = this.at;
    const q: Qualifiers = { protocol: undefined, direction: undefined, type: undefined, field: undefined, shift: 0 };
    const bytes = this.byteField();
    if (bytes) return this.comparison({ ...q, type: "ip field", ...bytes });
    // Qualifiers in any order, until a word that is none.
    for (;;) {
      const word = this.peek;
      if (word === undefined) break;
      if (word === "src" || word === "dst") {
        this.at++;
        q.direction = word;
        const joiner = this.peek;
        if ((joiner === "or" || joiner === "and") && this.tokens[this.at + 1] === (word === "src" ? "dst" : "src")) {
          this.at += 2;
          q.direction = `src ${joiner} dst`;
        }
      } else if (word === "host" || word === "net" || word === "port" || word === "proto") {
        this.at++;
        q.type = word;
      } else if (word === "ip" && q.type === undefined) {
        this.at++;
        const special = this.ipField();
        if (special && "expression" in special) return special.expression;
        if (special) Object.assign(q, special, { type: "ip field" });
      } else if (q.protocol === undefined && q.type !== "proto" && Object.hasOwn(protocols, word)) {
        this.at++;
        q.protocol = protocols[word];
        if (word === "icmp" && this.accept("type")) q.type = "icmp type";
        else if (word === "icmp" && this.accept("code")) q.type = "icmp code";
        else if (word === "tcp" && this.accept("opt")) q.type = "tcp opt";
        else if (word === "tcp" && this.accept("win")) q.type = "tcp win";
      } else break;
    }
    if (this.at === start && this.previous) {
      const { previous } = this;
      return this.comparison({ ...previous });
    }
    if (q.type === undefined && q.direction === undefined && q.protocol !== undefined && !this.valueFollows()) {
      this.previous = { ...q, type: "proto" };
      return equals(protocolField, q.protocol);
    }
    return this.comparison(q);
  }

  private valueFollows(): boolean {
    const word = this.peek;
    return word !== undefined && (/^\d/.test(word) || ["=", "==", "!=", "<", ">", "<=", ">="].includes(word));
  }

  /** `ip[8]`, `ip[8:2]`, `transp[0:2]`, `tcp[13]`, with an optional `& mask`. */
  private byteField(): { field: Field; protocol: number | undefined } | undefined {
    const match = /^(ip|transp|tcp|udp|icmp)\s*\[\s*(\d+)\s*(?::\s*(\d+)\s*)?\]$/.exec(this.peek ?? "");
    if (!match) return undefined;
    this.at++;
    const [, base, offsetText, widthText] = match as unknown as [string, string, string, string | undefined];
    const width = Number(widthText ?? 1);
    const offset = Number(offsetText);
    if (width !== 1 && width !== 2 && width !== 4)
      throw new PatternError(`${match[0]}: a length of ${width} bytes; it is 1, 2 or 4`);
    if (offset > 1500) throw new PatternError(`${match[0]}: offset ${offset} is beyond any packet`);
    const full = 2 ** (width * 8) - 1;
    const mask = this.accept("&") ? this.number("a mask", 0, full) : full;
    const protocol = base === "ip" || base === "transp" ? undefined : protocols[base];
    return { field: { base: base === "ip" ? "network" : "transport", offset, width, mask: mask >>> 0 }, protocol };
  }

  private ipField(): { field: Field; shift?: number } | { expression: Expression } | undefined {
    const word = this.peek ?? "";
    const fields: Record<string, { field: Field; shift?: number }> = {
      vers: { field: network(0, 1, 0xf0), shift: 4 },
      hl: { field: network(0, 1, 0x0f) },
      tos: { field: network(1, 1) },
      dscp: { field: network(1, 1, 0xfc), shift: 2 },
      len: { field: network(2, 2) },
      id: { field: network(4, 2) },
      ttl: { field: network(8, 1) },
    };
    const tests: Record<string, Expression> = {
      frag: not(equals(network(6, 2, 0x3fff), 0)),
      unfrag: equals(network(6, 2, 0x3fff), 0),
      ect: or(equals(network(1, 1, 3), 1), equals(network(1, 1, 3), 2)),
      ce: equals(network(1, 1, 3), 3),
    };
    if (Object.hasOwn(fields, word)) {
      this.at++;
      return fields[word];
    }
    if (Object.hasOwn(tests, word)) {
      this.at++;
      return { expression: tests[word] as Expression };
    }
    return undefined;
  }

  /** The operator and value, and the whole primitive made of them. */
  private comparison(q: Qualifiers): Expression {
    const operator = this.accept("==", "=", "!=", "<=", ">=", "<", ">") ?? "=";
    if (q.type === undefined) q.type = this.guessType(q);
    this.previous = { ...q };
    const negated = operator === "!=";
    const positive = negated ? "=" : operator;
    const test = (e: Expression): Expression => (negated ? not(e) : e);
    const only = (what: string): void => {
      if (positive !== "=" && positive !== "==") throw new PatternError(`'${operator}' does not apply to ${what}`);
    };
    switch (q.type) {
      case "host": {
        only("an address");
        const word = this.word("an IP address");
        const address = parseIpAddress(word);
        if (address === undefined) throw new PatternError(`'${word}' is not an IP address`);
        return test(directed(q.direction, (source) => equals(source ? sourceField : destinationField, address)));
      }
      case "net": {
        only("a network");
        const word = this.word("an IP prefix");
        const withMask = this.accept("mask") ? `${word}/${this.word("a mask")}` : word;
        const prefix = parseIpPrefix(withMask);
        if (!prefix) throw new PatternError(`'${withMask}' is not an IP prefix`);
        return test(
          directed(q.direction, (source) =>
            masked(source ? sourceField : destinationField, prefix.address, prefix.mask),
          ),
        );
      }
      case "port": {
        const port = this.named("a port", services, 0xffff);
        const protocol =
          q.protocol === undefined
            ? or(equals(protocolField, 6), equals(protocolField, 17))
            : equals(protocolField, q.protocol);
        const ports = directed(q.direction, (source) => compare(transport(source ? 0 : 2, 2), positive, port));
        return and(protocol, firstFragment, test(ports));
      }
      case "proto":
        return test(compare(protocolField, positive, this.named("a protocol", protocols, 255)));
      case "icmp type":
        return and(
          equals(protocolField, 1),
          firstFragment,
          test(compare(transport(0, 1), positive, this.named("an ICMP type", icmpTypes, 255))),
        );
      case "icmp code":
        return and(
          equals(protocolField, 1),
          firstFragment,
          test(compare(transport(1, 1), positive, this.number("an ICMP code", 0, 255))),
        );
      case "tcp win":
        return and(
          equals(protocolField, 6),
          firstFragment,
          test(compare(transport(14, 2), positive, this.number("a window", 0, 0xffff))),
        );
      case "tcp opt": {
        only("a TCP flag");
        const word = this.word("a TCP flag");
        const flag = Object.hasOwn(tcpFlags, word) ? tcpFlags[word] : undefined;
        if (flag === undefined)
          throw new PatternError(`'${word}' is not a TCP flag (${Object.keys(tcpFlags).join(", ")})`);
        return and(equals(protocolField, 6), firstFragment, test(equals(transport(13, 1, flag), flag)));
      }
      case "ip field": {
        const field = q.field as Field;
        const value = this.number(
          "a number",
          0,
          (field.width === 4 ? 0xffffffff : 2 ** (field.width * 8) - 1) >>> q.shift,
        );
        const e = test(compare(field, positive, value, q.shift));
        if (field.base === "network") return e;
        return and(...(q.protocol === undefined ? [] : [equals(protocolField, q.protocol)]), firstFragment, e);
      }
    }
  }

  private guessType(q: Qualifiers): PrimitiveType {
    const word = this.peek ?? "";
    if (parseIpAddress(word) !== undefined) return this.tokens[this.at + 1] === "mask" ? "net" : "host";
    if (word.includes("/") && parseIpPrefix(word)) return "net";
    if (q.protocol !== undefined && (/^\d+$/.test(word) || Object.hasOwn(services, word))) return "port";
    if (q.direction !== undefined && Object.hasOwn(services, word)) return "port";
    throw new PatternError(word ? `'${word}' is not understood` : "the pattern ends where a value is expected");
  }

  private word(what: string): string {
    const word = this.tokens[this.at++];
    if (word === undefined) throw new PatternError(`the pattern ends where ${what} is expected`);
    return word;
  }

  private number(what: string, low: number, high: number): number {
    const word = this.word(what);
    const value = /^(?:0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : Number.NaN;
    if (!(value >= low && value <= high)) throw new PatternError(`'${word}' is not ${what} between ${low} and ${high}`);
    return value;
  }

  private named(what: string, names: Readonly<Record<string, number>>, high: number): number {
    const word = this.peek;
    if (word !== undefined && Object.hasOwn(names, word)) {
      this.at++;
      return names[word] as number;
    }
    return this.number(what, 0, high);
  }
}

/** Both directions where none is given: either may match. */
function directed(direction: Direction | undefined, test: (source: boolean) => Expression): Expression {
  if (direction === "src") return test(true);
  if (direction === "dst") return test(false);
  return direction === "src and dst" ? and(test(true), test(false)) : or(test(true), test(false));
}

function compare(field: Field, operator: string, value: number, shift = 0): Expression {
  const high = 2 ** (field.width * 8) - 1;
  const low = value * 2 ** shift;
  const last = shift === 0 ? low : low + 2 ** shift - 1;
  switch (operator) {
    case "<":
      return between(field, 0, low - 1);
    case "<=":
      return between(field, 0, last);
    case ">":
      return between(field, last + 1, high);
    case ">=":
      return between(field, low, high);
    default:
      return shift === 0 ? equals(field, low) : between(field, low, last);
  }
}
