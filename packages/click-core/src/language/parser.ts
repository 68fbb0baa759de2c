/** Parses tokens to a syntax tree. After an error it goes on at the next statement, so that all are found. */
import type {
  ClassExpression,
  CompoundBody,
  ConfigText,
  Configuration,
  Endpoint,
  Name,
  Parameter,
  Statement,
} from "./ast.ts";
import type { Diagnostics, Place, Source } from "./diagnostics.ts";
import { lex, type Token, type TokenKind } from "./lexer.ts";

/** Parses a configuration. Errors go to `diagnostics`; the tree holds what was understood. */
export function parse(source: Source, diagnostics: Diagnostics): Configuration {
  return new Parser(source, lex(source, diagnostics), diagnostics).configuration();
}

class SyntaxFailure extends Error {}

class Parser {
  private at = 0;
  private depth = 0;
  private readonly source: Source;
  private readonly tokens: readonly Token[];
  private readonly diagnostics: Diagnostics;

  constructor(source: Source, tokens: readonly Token[], diagnostics: Diagnostics) {
    this.source = source;
    this.tokens = tokens;
    this.diagnostics = diagnostics;
  }

  configuration(): Configuration {
    return { statements: this.statements("end") };
  }

  private statements(until: TokenKind): Statement[] {
    const list: Statement[] = [];
    for (;;) {
      while (this.accept(";"));
      if (this.peek.kind === until || this.peek.kind === "end") return list;
      const start = this.at;
      try {
        const statement = this.statement();
        list.push(statement);
        // A class ends with its brace.
        if (statement.kind === "elementclass" && statement.class.kind === "compound") continue;
        if (![until, "end"].includes(this.peek.kind)) this.expect(";", "';' or '->'");
      } catch (e) {
        if (!(e instanceof SyntaxFailure)) throw e;
        this.recover();
        // A token that begins nothing, such as a '}' too many, is passed over.
        if (this.at === start) this.at++;
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
    if (
      first.kind === "name" &&
      (first.text === "require" || first.text === "provide") &&
      this.tokens[this.at + 1]?.kind === "config"
    ) {
      this.at += 2;
      return { kind: "require", place };
    }
    const endpoints: Endpoint[] = [];
    do endpoints.push(this.endpoint());
    while (this.accept("->"));
    if (this.peek.kind === "=>")
      this.fail(this.peek, "'=>' connections are not supported", "write one '->' for each pair of ports");
    return { kind: "chain", endpoints, place };
  }

  private endpoint(): Endpoint {
    const inputPort = this.port();
    const element = this.element();
    const outputPort = this.port();
    return { inputPort, outputPort, element };
  }

  private port(): number | undefined {
    if (!this.accept("[")) return undefined;
    const number = this.expect("number", "a port number");
    this.expect("]", "']'");
    const port = Number(number.text);
    if (port > 65535) this.fail(number, `port ${number.text} is out of range`, "ports are at most 65535");
    return port;
  }

  private element(): Endpoint["element"] {
    const first = this.peek;
    const place = this.place(first);
    if (first.kind === "{") {
      const body = this.classExpression();
      return { kind: "declaration", names: [], class: body, config: this.config(), place };
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

  /** Whether `, name, name ::` lies ahead. */
  private declarationFollows(): boolean {
    let i = this.at;
    while (this.tokens[i]?.kind === "," && this.tokens[i + 1]?.kind === "name") i += 2;
    return this.tokens[i]?.kind === "::";
  }

  private classExpression(): ClassExpression {
    const token = this.peek;
    const place = this.place(token);
    if (token.kind === "{") {
      this.at++;
      if (++this.depth > 64) this.fail(token, "compound elements are nested too deeply", "at most 64 levels");
      const body: CompoundBody = { parameters: this.parameters(), statements: this.statements("}") };
      this.depth--;
      this.expect("}", "'}'");
      return { kind: "compound", body, place };
    }
    const name = this.expect("name", "an element class");
    return { kind: "named", name: name.text, place };
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
    if (this.peek.kind !== kind) this.fail(this.peek, `expected ${what}, found '${this.peek.text}'`);
    return this.next();
  }
  private fail(token: Token, message: string, hint?: string): never {
    this.diagnostics.error(this.place(token), message, hint);
    throw new SyntaxFailure();
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
