/** Parses tokens to a syntax tree. After an error it goes on at the next statement, so that all are found. */
import type {
  Arrow,
  ClassExpression,
  CompoundBody,
  ConfigText,
  Configuration,
  ElementExpression,
  Endpoint,
  Name,
  Parameter,
  Statement,
} from "./ast.ts";
import type { Diagnostics, Place, Source } from "./diagnostics.ts";
import { lex, type Token, type TokenKind } from "./lexer.ts";

/** Compounds inside compounds, at most. */
export const maximumNesting = 64;

/** Parses a configuration. Errors go to `diagnostics`; the tree holds what was understood. */
export function parse(source: Source, diagnostics: Diagnostics): Configuration {
  return { statements: new Parser(source, lex(source, diagnostics), diagnostics, 0).statements(["end"]) };
}

/** Thrown to leave a statement that cannot be understood; said to `diagnostics` before. No error: a stack trace costs. */
const syntaxFailure = Symbol("syntax failure");

/** Tokens that end a statement. */
const terminators: readonly TokenKind[] = [";", "}", "||", "end"];

class Parser {
  private at = 0;
  private depth: number;
  private declarations: Uint8Array | undefined;
  private readonly source: Source;
  private readonly tokens: readonly Token[];
  private readonly diagnostics: Diagnostics;

  constructor(source: Source, tokens: readonly Token[], diagnostics: Diagnostics, depth: number) {
    this.source = source;
    this.tokens = tokens;
    this.diagnostics = diagnostics;
    this.depth = depth;
  }

  statements(until: readonly TokenKind[]): Statement[] {
    const list: Statement[] = [];
    for (;;) {
      while (this.accept(";"));
      if (until.includes(this.peek.kind) || this.peek.kind === "end") return list;
      const start = this.at;
      try {
        const statement = this.statement();
        list.push(statement);
        // These end by themselves: a class with its brace, the others with their parenthesis.
        if (statement.kind !== "chain" && !(statement.kind === "elementclass" && statement.class.kind !== "compound"))
          continue;
        if (![...until, "end"].includes(this.peek.kind)) this.expect(";", "';' or '->'");
      } catch (e) {
        if (e !== syntaxFailure) throw e;
        if (this.diagnostics.crowded) this.at = this.tokens.length - 1;
        this.recover();
        // A token that begins nothing, such as a '}' too many, is passed over.
        if (this.at === start && this.tokens[this.at]?.kind !== "end") this.at++;
      }
    }
  }

  private statement(): Statement {
    const first = this.peek;
    const place = this.place(first);
    if (first.kind === "name" && first.text === "elementclass") {
      this.at++;
      const name = this.expect("name", "the name of the class");
      return { kind: "elementclass", name: name.text, class: this.classExpression(), place };
    }
    if (first.kind === "name" && (first.text === "require" || first.text === "provide" || first.text === "define")) {
      const config = this.tokens[this.at + 1];
      if (config?.kind === "config") {
        this.at += 2;
        return { kind: first.text, config: { text: config.text, place: this.place(config) }, place };
      }
    }
    const groups = [this.endpoints(true)];
    const arrows: Arrow[] = [];
    while (this.peek.kind === "->" || this.peek.kind === "=>") {
      arrows.push(this.next().kind as Arrow);
      groups.push(this.endpoints(false));
    }
    return { kind: "chain", groups, arrows, place };
  }

  /** `e1, e2, ...`: what stands at one side of an arrow. */
  private endpoints(first: boolean): Endpoint[] {
    const list: Endpoint[] = [];
    do {
      const before = this.ports();
      const { kind } = this.peek;
      const place = this.place(this.peek);
      // Nothing stands for the ports of the compound around: before the first arrow, or after the last.
      if (first && list.length === 0 && (kind === "->" || kind === "=>")) {
        list.push({ inputPorts: undefined, outputPorts: before, element: { kind: "implicit", place } });
      } else if (!first && (terminators.includes(kind) || (kind === "," && before))) {
        list.push({ inputPorts: before, outputPorts: undefined, element: { kind: "implicit", place } });
      } else {
        const element = this.element();
        list.push({ inputPorts: before, outputPorts: this.ports(), element });
      }
    } while (this.accept(","));
    return list;
  }

  private ports(): number[] | undefined {
    if (!this.accept("[")) return undefined;
    const list: number[] = [];
    do {
      const number = this.expect("number", "a port number");
      const port = Number(number.text);
      if (port > 65535) this.fail(number, `port ${number.text} is out of range`, "ports are at most 65535");
      if (list.length >= 4096) this.fail(number, "more than 4096 ports in one list");
      list.push(port);
    } while (this.accept(","));
    this.expect("]", "',' or ']'");
    return list;
  }

  private element(): ElementExpression {
    const first = this.peek;
    const place = this.place(first);
    if (first.kind === "{" || first.kind === "variable")
      return { kind: "declaration", names: [], class: this.classExpression(), config: this.config(), place };
    if (first.kind === "config") {
      this.at++;
      return { kind: "group", statements: this.group(first), place };
    }
    if (first.kind !== "name") this.fail(first, `expected an element, found '${first.text}'`);
    this.at++;
    const names: Name[] = [{ text: first.text, place }];
    while (this.peek.kind === "," && this.tokens[this.at + 1]?.kind === "name" && this.declarationFollows()) {
      this.at++;
      const name = this.expect("name", "an element name");
      names.push({ text: name.text, place: this.place(name) });
    }
    if (this.accept("::")) {
      const expression = this.classExpression();
      return { kind: "declaration", names, class: expression, config: this.config(), place };
    }
    if (this.peek.kind === "config")
      return {
        kind: "declaration",
        names: [],
        class: { kind: "named", name: first.text, place },
        config: this.config(),
        place,
      };
    return { kind: "name", name: first.text, place };
  }

  /** Whether `, name, name ::` lies ahead; known for all commas at once, since a list may be long. */
  private declarationFollows(): boolean {
    if (!this.declarations) {
      const { tokens } = this;
      this.declarations = new Uint8Array(tokens.length);
      for (let i = tokens.length - 3; i >= 0; i--)
        if (tokens[i]?.kind === "," && tokens[i + 1]?.kind === "name") {
          const { kind } = tokens[i + 2] as Token;
          this.declarations[i] = kind === "::" ? 1 : kind === "," ? (this.declarations[i + 2] as number) : 0;
        }
    }
    return this.declarations[this.at] === 1;
  }

  private classExpression(): ClassExpression {
    const token = this.peek;
    const place = this.place(token);
    if (token.kind === "variable") {
      this.at++;
      return { kind: "variable", name: token.text, place };
    }
    if (token.kind === "config") {
      this.at++;
      return {
        kind: "compound",
        bodies: [{ parameters: [], statements: this.group(token) }],
        extends: false,
        place,
      };
    }
    if (token.kind !== "{") {
      const name = this.expect("name", "an element class");
      return { kind: "named", name: name.text, place };
    }
    this.at++;
    this.enter(token);
    const bodies: CompoundBody[] = [];
    let more = false;
    do {
      if (this.accept("...")) {
        more = true;
        break;
      }
      bodies.push({ parameters: this.parameters(), statements: this.statements(["}", "||"]) });
    } while (this.accept("||"));
    this.depth--;
    this.expect("}", more ? "'}' after '...'" : "'}'");
    return { kind: "compound", bodies, extends: more, place };
  }

  private group(token: Token): Statement[] {
    this.enter(token);
    const tokens = lex(this.source, this.diagnostics, token.offset, token.offset + token.text.length);
    const statements = new Parser(this.source, tokens, this.diagnostics, this.depth).statements(["end"]);
    this.depth--;
    return statements;
  }

  private enter(token: Token): void {
    if (this.depth >= maximumNesting)
      this.fail(token, "compound elements are nested too deeply", `at most ${maximumNesting} levels`);
    this.depth++;
  }

  private parameters(): Parameter[] {
    const start = this.at;
    const list: Parameter[] = [];
    for (;;) {
      const keyword =
        this.peek.kind === "name" && this.tokens[this.at + 1]?.kind === "variable" ? this.next().text : undefined;
      if (this.peek.kind !== "variable") break;
      list.push({ keyword, variable: this.next().text });
      if (!this.accept(",")) break;
    }
    if (this.accept("|")) return list;
    this.at = start;
    return [];
  }

  private config(): ConfigText | undefined {
    const token = this.peek;
    if (token.kind !== "config") return undefined;
    this.at++;
    return { text: token.text, place: this.place(token) };
  }

  private get peek(): Token {
    return this.tokens[this.at] as Token;
  }
  private next(): Token {
    return this.tokens[this.at++] as Token;
  }
  private accept(kind: TokenKind): boolean {
    if (this.peek.kind !== kind) return false;
    this.at++;
    return true;
  }
  private expect(kind: TokenKind, what: string): Token {
    if (this.peek.kind !== kind) this.fail(this.peek, `expected ${what}, found '${this.peek.text.slice(0, 40)}'`);
    return this.next();
  }
  private fail(token: Token, message: string, hint?: string): never {
    this.diagnostics.error(this.place(token), message, hint);
    throw syntaxFailure;
  }
  private place(token: Token): Place {
    return { source: this.source, offset: token.offset };
  }
  private recover(): void {
    let depth = 0;
    while (this.peek.kind !== "end") {
      if (this.peek.kind === "{") depth++;
      if (this.peek.kind === "}" && depth-- === 0) return;
      if (this.peek.kind === ";" && depth === 0) return;
      this.at++;
    }
  }
}
