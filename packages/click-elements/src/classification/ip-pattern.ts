/**
 * The expression language of IPFilter and IPClassifier: primitives (ip-primitive.ts) joined by `and`, `or`, `not`, `A ? B : C`,
 * parentheses, or by standing side by side, which is `and`. It is read as Click reads it, and what is wrong is said in Click's
 * words; after a mistake it goes on, so that all of them are told of.
 */
import { arg, emptyScope, Mistake, portNames, readPrefix, type Scope } from "@clickos/click-core/element";
import { closest } from "@clickos/click-language/closest";
import { always, type Expression } from "./expression.ts";
import { type GivenMask, type Operator, Primitive, swapBytes } from "./ip-primitive.ts";
import { dataTypes, directions, fieldBits, headerField, syntaxWords, unknown } from "./ip-types.ts";
import { ipWords } from "./ip-words.ts";
import { expressionOf, headerWords } from "./match-expression.ts";
import { everything, type MatchTree, MatchTreeBuilder } from "./match-tree.ts";
import { meaningOf, typeNamed } from "./names.ts";
import { type Report, readPattern } from "./patterns.ts";

/** Parses a pattern as one of IPClassifier's is. `-`, `all`, `any` and no words hold always. @throws {PatternError} */
export function parseIpPattern(text: string, scope: Scope = emptyScope): Expression {
  const tree = readPattern((report) => readIpPattern(ipWords(text), scope, report));
  return tree ? expressionOf(tree, headerWords) : always;
}

/** The tests that words say; `undefined` where they say none. */
export function readIpPattern(words: readonly string[], scope: Scope, report: Report): MatchTree | undefined {
  const [only] = words;
  if (only === undefined || (words.length === 1 && ["-", "any", "all"].includes(only))) return everything;
  const parser = new PatternParser(words, scope, report);
  parser.pattern();
  const left = words[parser.at];
  if (left !== undefined) report.error(`garbage after expression at '${left}'`);
  return parser.tree.tree();
}

type Step =
  | "expression"
  | "yes"
  | "no"
  | "alternatives"
  | "alternative"
  | "term"
  | "and"
  | "beside"
  | "factor"
  | "negated factor";

/** What is read at present, and where it began: patterns nest as deep as they like. */
interface State {
  step: Step | "not" | "parenthesis";
  from: number;
  negated?: boolean;
  /** Of an expression: how many `:` it has. */
  parts?: number;
}

/** Parentheses in parentheses, and alternatives after alternatives. */
const deepest = 1000;

class PatternParser {
  at = 0;
  readonly tree: MatchTreeBuilder = new MatchTreeBuilder();
  private readonly words: readonly string[];
  private readonly scope: Scope;
  private readonly report: Report;
  private previous = new Primitive();
  private depth = 0;

  constructor(words: readonly string[], scope: Scope, report: Report) {
    this.words = words;
    this.scope = scope;
    this.report = report;
  }

  private accept(...words: readonly string[]): boolean {
    const word = this.words[this.at];
    if (word === undefined || !words.includes(word)) return false;
    this.at++;
    return true;
  }

  pattern(): void {
    const states: State[] = [{ step: "expression", from: 0 }];
    for (let state = states.at(-1); state; state = states.at(-1)) {
      const next = this.step(state);
      if (this.depth > deepest) {
        this.report.error("nested too deeply");
        this.at = this.words.length;
        return;
      }
      if (next) {
        state.from = this.at;
        states.push({ from: 0, ...next });
      } else states.pop();
    }
  }

  /** Goes on with what is being read: what is to be read in it next, or nothing where it is done. */
  private step(state: State): Omit<State, "from"> | undefined {
    const { tree, report } = this;
    const go = (step: State["step"], next: Step, negated = false): Omit<State, "from"> => {
      state.step = step;
      return { step: next, negated };
    };
    switch (state.step) {
      case "expression":
        tree.start();
        return go("yes", "alternatives");
      case "yes":
        if (this.accept("?")) return go("no", "expression");
        tree.finish("ternary");
        this.depth -= state.parts ?? 0;
        return undefined;
      case "no":
        if (this.at !== state.from && this.accept(":")) {
          state.parts = (state.parts ?? 0) + 1;
          this.depth++;
          return go("yes", "alternatives");
        }
        report.error("missing ':' in ternary expression");
        tree.finish("ternary");
        return undefined;
      case "alternatives":
        tree.start();
        return go("alternative", "term");
      case "alternative":
        if (this.accept("or", "||")) return go("alternative", "term");
        tree.finish("or");
        return undefined;
      case "term":
        tree.start();
        return go("and", "factor");
      case "and":
      case "beside":
        if (this.at === state.from) {
          if (state.step === "and") report.error("missing expression");
          tree.finish("and");
          return undefined;
        }
        return go(this.accept("and", "&&") ? "and" : "beside", "factor");
      case "factor":
      case "negated factor": {
        const negated = state.step === "negated factor";
        state.negated = negated;
        if (this.accept("not", "!")) return go("not", negated ? "factor" : "negated factor");
        if (this.accept("(")) {
          this.depth++;
          return go("parenthesis", "expression");
        }
        this.test(negated);
        return undefined;
      }
      case "not":
        if (this.at === state.from) report.error(`missing expression after '${this.words[this.at - 1]}'`);
        return undefined;
      default:
        if (this.at === state.from) report.error("missing expression after '('");
        if (!this.accept(")") && this.at !== state.from) report.error("missing ')'");
        if (state.negated) tree.negate();
        this.depth--;
        return undefined;
    }
  }

  // ---- one test

  private test(negated: boolean): void {
    const { words, report, tree } = this;
    const first = this.at;
    const word = words[first];
    if (word === undefined || [")", "||", "or", "?", ":"].includes(word)) return;
    if (word === "true" || word === "false") {
      tree.add(everything);
      if (negated === (word === "true")) tree.negate();
      this.at++;
      return;
    }
    const primitive = new Primitive();
    const said = this.qualifiers(primitive);
    if (said.negated) negated = !negated;
    // What was said before counts where nothing is said.
    if (this.at !== first) this.previous = new Primitive();
    let { header } = said;
    if (this.previous.data === dataTypes.ether) header = "ether";
    if (this.ahead === "[" && this.at > first && primitive.type === 0) this.brackets(primitive);
    const mask = this.mask(header);
    this.operator(primitive);
    this.value(primitive, header);
    if (this.at === first) {
      report.error(`empty term near '${words[this.at] ?? ""}'`, () => this.meant(words[this.at] ?? ""));
      return;
    }
    if (!primitive.check(this.previous, header, mask, report)) return;
    tree.add(primitive.tree());
    if (negated) tree.negate();
    this.previous = primitive;
  }

  /** The name of an address or a port that may have been meant. */
  private meant(word: string): string | undefined {
    const { scope } = this;
    const ports = (["tcp", "udp"] as const).flatMap((protocol) => portNames(protocol, scope));
    const near = closest(word, [...scope.names("ip"), ...scope.names("prefix"), ...scope.names("ether"), ...ports]);
    return near === undefined ? undefined : `did you mean '${near}'?`;
  }

  /** The next word, where another follows it. */
  private get ahead(): string {
    return this.at >= this.words.length - 1 ? "" : (this.words[this.at] as string);
  }

  private qualifiers(primitive: Primitive): { header: "ip" | "ether" | undefined; negated: boolean } {
    const { words, scope, report } = this;
    let header: "ip" | "ether" | undefined;
    let negated = false;
    for (; this.at < words.length; this.at++) {
      const word = words[this.at] as string;
      const type = typeNamed(word);
      if (type !== undefined) {
        primitive.setType(type, report);
        const protocol = fieldBits(type)?.protocol ?? 0;
        if (protocol > 0) primitive.setProtocol(protocol, report);
        continue;
      }
      const meaning = syntaxWords.has(word) ? undefined : meaningOf(word, 0, unknown, scope);
      if (meaning === "refused" || (meaning && meaning.type !== dataTypes.proto)) break;
      if (meaning) primitive.setProtocol(meaning.value, report);
      else if (word === "src") primitive.setDirection(this.source(), report);
      else if (word === "dst" || word === "dest") primitive.setDirection(directions.dst, report);
      else if (word === "ip" || word === "ether") {
        if (header) break;
        header = word;
      } else if (word === "not" || word === "!") negated = !negated;
      else break;
    }
    return { header, negated };
  }

  /** `src`, or `src and dst`, `src or dst`, at the last word of which it stops. */
  private source(): number {
    const [, join, other] = this.words.slice(this.at, this.at + 3);
    if (other !== "dst" && other !== "dest") return directions.src;
    const direction =
      join === "and" || join === "&&"
        ? directions.both
        : join === "or" || join === "||"
          ? directions.either
          : undefined;
    if (direction === undefined) return directions.src;
    this.at += 2;
    return direction;
  }

  /** `[POS]`, `[POS:LEN]` or `[FIRST,LAST]`: bytes of the header that was said. */
  private brackets(primitive: Primitive): void {
    const { words, report } = this;
    const begin = this.at + 1;
    const end = words.indexOf("]", begin);
    if (end < 0) {
      report.error("missing ']'");
      this.at = begin;
      return;
    }
    this.at = end + 1;
    const text = words.slice(begin, end).join("");
    const colon = text.indexOf(":");
    const comma = text.indexOf(",");
    const inside = (at: number): boolean => at >= 0 && at < text.length - 1;
    const [separator, isLength] = inside(colon) ? [colon, true] : inside(comma) ? [comma, false] : [text.length, true];
    const first = signed(text.slice(0, separator), this.scope);
    const second = separator === text.length ? 1 : signed(text.slice(separator + 1), this.scope);
    if (first === undefined || second === undefined) {
      report.error("syntax error after '[', expected '[POS]' or '[POS:LEN]'");
      return;
    }
    const at = Math.imul(first, 8);
    const bits = Math.imul(isLength ? second : second - first + 1, 8);
    if (bits < 1 || bits > 32) report.error("LEN in '[POS:LEN]' out of range, should be between 1 and 4");
    else if ((at & ~31) !== ((at + bits - 1) & ~31))
      report.error(`field [${Math.trunc(at / 8)}:${bits / 8}] does not fit in a single word`);
    else primitive.setType(headerField(primitive.protocol === unknown ? 0 : primitive.protocol, at, bits), report);
  }

  /** `& MASK`: a number, an IP address or an Ethernet address. */
  private mask(header: "ip" | "ether" | undefined): GivenMask | undefined {
    const { words, scope, report } = this;
    if (this.ahead !== "&") return undefined;
    const text = words[this.at + 1] as string;
    const none = new Uint8Array(6);
    let mask: GivenMask | undefined;
    const number = arg.u32.parse(text, scope);
    const address = header !== "ether" ? arg.ipAddress.parse(text, scope) : undefined;
    const ether = header !== "ip" ? arg.etherAddress.parse(text, scope) : undefined;
    if (typeof number === "number") mask = { type: dataTypes.integer, value: number, ether: none };
    else if (typeof address === "number") mask = { type: dataTypes.host, value: swapBytes(address), ether: none };
    else if (ether instanceof Uint8Array) {
      const value = new DataView(ether.buffer, ether.byteOffset).getUint32(0, true);
      mask = { type: dataTypes.ether, value, ether };
    }
    if (!mask) return undefined;
    this.at += 2;
    if (mask.type === dataTypes.ether || mask.value !== 0) return mask;
    report.error("zero mask ignored");
    return undefined;
  }

  private operator(primitive: Primitive): void {
    const word = this.ahead;
    const found = operators.get(word);
    if (!found) return;
    this.at++;
    [primitive.operator, primitive.negated] = found;
  }

  private value(primitive: Primitive, header: "ip" | "ether" | undefined): void {
    const { words, scope, report } = this;
    const word = words[this.at];
    if (word === undefined) return;
    const { type } = primitive;
    const isType = (type === 0 && typeNamed(word) !== undefined) || (type === 0 && syntaxWords.has(word));
    const meaning = isType ? undefined : meaningOf(word, type, primitive.protocol, scope, report);
    this.at++;
    if (meaning === "refused") {
      primitive.type = -2;
      return;
    }
    if (meaning) {
      primitive.data = meaning.type;
      primitive.value = meaning.value >>> 0;
      return;
    }
    const number = signed(word, scope);
    if (number !== undefined) {
      primitive.data = dataTypes.integer;
      primitive.value = number >>> 0;
      return;
    }
    if (header !== "ether" && this.address(primitive, word)) return;
    const ether = header === "ip" ? undefined : arg.etherAddress.parse(word, scope);
    if (ether instanceof Uint8Array) {
      primitive.data = dataTypes.ether;
      primitive.ether = ether;
      return;
    }
    if (primitive.operator !== "=" || primitive.negated) report.error(`dangling operator near '${word}'`);
    this.at--;
  }

  /** An IP address, one with a mask after it, or a prefix. */
  private address(primitive: Primitive, word: string): boolean {
    const { words, scope } = this;
    const address = arg.ipAddress.parse(word, scope);
    const host = address instanceof Mistake ? undefined : address;
    const next = words[this.at + 1];
    const mask =
      host !== undefined && next !== undefined && words[this.at] === "mask"
        ? arg.ipAddress.parse(next, scope)
        : undefined;
    const prefix = host === undefined || primitive.type === dataTypes.net ? readPrefix(word, scope) : undefined;
    if (typeof mask === "number") {
      this.at += 2;
      Object.assign(primitive, { data: dataTypes.net, value: host, mask });
    } else if (prefix) Object.assign(primitive, { data: dataTypes.net, value: prefix.address, mask: prefix.mask });
    else if (host !== undefined) Object.assign(primitive, { data: dataTypes.host, value: host });
    else return false;
    return true;
  }
}

/** Operators, and whether they are negated: what is at least a value is not less than it. */
const operators: ReadonlyMap<string, readonly [operator: Operator, negated: boolean]> = new Map([
  ["=", ["=", false]],
  ["==", ["=", false]],
  ["!=", ["=", true]],
  [">", [">", false]],
  ["<", ["<", false]],
  [">=", ["<", true]],
  ["<=", [">", true]],
]);

/** An integer of 32 bits with a sign. */
function signed(text: string, scope: Scope): number | undefined {
  const value = arg.i32.parse(text, scope);
  return typeof value === "number" ? value : undefined;
}
