/**
 * Parses a configuration to a syntax tree. After a syntax error it goes on with the next token, as Click does, so that it
 * finds what Click finds, in the same order and at the same lines.
 *
 * Statements need no semicolons between them: one ends where the next token cannot go on with it.
 */
import type {
  Arrow,
  ClassExpression,
  CompoundBody,
  CompoundClass,
  ConfigText,
  Configuration,
  Endpoint,
  EndpointList,
  Group,
  Head,
  Parameter,
  Point,
  PortList,
  Statement,
} from "./ast.ts";
import type { Diagnostic, Diagnostics, Source } from "./diagnostics.ts";
import { Lexer, type Token } from "./lexer.ts";
import { readPortList } from "./port-list.ts";

/** Compounds and groups inside each other, at most. */
export const maximumNesting = 50;

/**
 * Parses a configuration. What is wrong with its syntax goes to `diagnostics`; without them the tree keeps it, and `flatten`
 * reports it together with what it finds itself, in the order of the text.
 */
export function parse(source: Source, diagnostics?: Diagnostics): Configuration {
  const { configuration, problems } = new Parser(source).run();
  if (!diagnostics) return { ...configuration, problems };
  for (const { severity, place, message } of problems) diagnostics[severity](place, message);
  return configuration;
}

/** What the parser saw, for tools that keep more of the text than the tree does. */
export interface Trace {
  readonly tokens: Token[];
  /** Where statements start. */
  readonly starts: Set<number>;
  /** Where parentheses open that are a group's. */
  readonly groups: Set<number>;
  /** Where bars stand that end parameters. */
  readonly bars: Set<number>;
}

/** The tokens of a configuration, and their parts in it. */
export function trace(source: Source): Trace {
  const seen: Trace = { tokens: [], starts: new Set(), groups: new Set(), bars: new Set() };
  new Parser(source, seen).run();
  return seen;
}

/** The tokens of a configuration. What is wrong goes to `diagnostics`. */
export function lex(source: Source, diagnostics?: Diagnostics): Token[] {
  if (diagnostics) parse(source, diagnostics);
  return trace(source).tokens;
}

type Region = "file" | "compound" | "group";

class Parser {
  readonly problems: Diagnostic[] = [];
  private readonly source: Source;
  private readonly lexer: Lexer;
  private readonly seen: Trace | undefined;
  /** Regions around, the file included. */
  private depth = 0;
  /** Whether a compound or a group is around: there, ports of it may be left out. */
  private get nested(): boolean {
    return this.depth > 0;
  }
  /** Whether the last chain of the region ends at its output, or there is none. */
  private endsAtOutput = true;

  constructor(source: Source, seen?: Trace) {
    this.source = source;
    this.seen = seen;
    this.lexer = new Lexer(source, (message) => this.error(message), seen?.tokens);
  }

  run(): { configuration: Configuration; problems: Diagnostic[] } {
    const { source, problems } = this;
    const { statements } = this.region("file");
    return { configuration: { source, statements, problems: [], end: this.here() }, problems };
  }

  /** Statements up to what closes their region. */
  private region(kind: Region): { statements: Statement[]; closing: Token } {
    const outer = this.endsAtOutput;
    this.endsAtOutput = true;
    const statements: Statement[] = [];
    const done = (closing: Token) => {
      this.endsAtOutput = outer;
      return { statements, closing };
    };
    for (;;) {
      const token = this.lexer.next();
      switch (token.kind) {
        case "name":
        case "[":
        case "{":
        case "(":
        case "->":
        case "=>":
          this.lexer.unread(token);
          this.seen?.starts.add(token.offset);
          statements.push(this.chain(token));
          break;
        case "elementclass":
          this.seen?.starts.add(token.offset);
          statements.push(this.elementclass());
          break;
        case "require":
        case "define": {
          this.seen?.starts.add(token.offset);
          const statement = this.withConfig(token.kind);
          if (statement) statements.push(statement);
          break;
        }
        case ";":
          break;
        case "}":
        case "||":
          if (kind === "compound") return done(token);
          this.syntaxError(token);
          if (kind === "group") {
            this.lexer.unread(token);
            return done(token);
          }
          break;
        case ")":
          if (kind === "group") return done(token);
          this.syntaxError(token);
          break;
        case "end":
          if (kind === "group") this.error("expected ')'");
          if (kind === "compound") this.error("expected '}'");
          return done(token);
        default:
          this.syntaxError(token);
      }
    }
  }

  private chain(start: Token): Statement {
    const place = { source: this.source, offset: start.offset };
    const lists: EndpointList[] = [];
    let arrow: Arrow | undefined;
    for (;;) {
      const endpoints = this.endpoints(lists.length === 0);
      if (!endpoints) break;
      const next = this.peek();
      const before = arrow;
      arrow = undefined;
      const goesOn = next.kind === "->" || next.kind === "=>";
      if (lists.length > 0 && goesOn && endpoints.some((e) => e.head.kind === "implicit"))
        this.error("implicit ports used in the middle of a chain");
      lists.push({ endpoints, arrow: before, end: this.here() });
      arrow = this.arrow();
      if (!arrow) break;
    }
    const last = lists.at(-1)?.endpoints ?? [];
    const head = last.length === 1 ? last[0]?.head : undefined;
    this.endsAtOutput = head !== undefined && "name" in head && head.name === "output";
    return { kind: "chain", lists, dangling: arrow !== undefined, place, end: this.here() };
  }

  /** The arrow that is next, or nothing at the end of a chain. */
  private arrow(): Arrow | undefined {
    for (;;) {
      const token = this.lexer.next();
      switch (token.kind) {
        case ",":
        case "::":
          this.syntaxError(token);
          break;
        case "->":
        case "=>":
          return token.kind;
        case ";":
        case "end":
          return undefined;
        case "name":
        case "{":
        case "}":
        case "[":
        case ")":
        case "||":
        case "elementclass":
        case "require":
        case "provide":
        case "define":
          this.lexer.unread(token);
          return undefined;
        default:
          this.syntaxError(token);
          if (token.kind === "variable" || token.kind === "...") this.lexer.unread(token);
          return undefined;
      }
    }
  }

  /** `e1, e2, ...`: what stands at one side of an arrow; nothing where no element does. */
  private endpoints(first: boolean): Endpoint[] | undefined {
    const list: Endpoint[] = [];
    do {
      const endpoint = this.endpoint(first, list.length === 0);
      if (endpoint === "none") return undefined;
      if (endpoint) list.push(endpoint);
    } while (this.acceptNext(","));
    return list;
  }

  private endpoint(first: boolean, alone: boolean): Endpoint | "none" | undefined {
    const inputs = this.ports();
    const token = this.lexer.next();
    if (token.kind === "name") return this.rest({ kind: "name", name: token.text }, inputs);
    if (token.kind === "{") return this.rest(this.compound(), inputs);
    if (token.kind === "(") return this.rest(this.group(token), inputs);
    if (this.isImplicit(token, first, alone, inputs)) {
      this.lexer.unread(token);
      // Nothing stands for the ports of the compound around: before the first arrow, or after the last.
      const head: Head = { kind: "implicit", name: first ? "input" : "output" };
      return this.rest(head, first ? undefined : inputs, first ? inputs : undefined);
    }
    if (inputs) this.error("stranded port ignored");
    // After a comma, what is no element is passed over.
    if (!alone) return undefined;
    if (this.nested && first) this.lexer.unread(token);
    else this.syntaxError(token);
    return "none";
  }

  /** Whether nothing stands before this token, and may. */
  private isImplicit(token: Token, first: boolean, alone: boolean, ports: PortList | undefined): boolean {
    const { kind } = token;
    if (!this.nested || kind === "::") return false;
    if (kind === ",") return ports !== undefined;
    const allowed = ports !== undefined || alone;
    if (kind !== "->" && kind !== "=>") return !first && allowed;
    if (!first || !allowed) return false;
    if (!ports && !this.endsAtOutput)
      this.warning(`suggest 'input ${token.text}' or '[0] ${token.text}' to start connection`);
    return true;
  }

  /** What follows the head of an endpoint. */
  private rest(head: Head, inputPorts: PortList | undefined, swapped?: PortList): Endpoint {
    const place = this.here();
    let outputPorts = swapped;
    let cls: ClassExpression | undefined;
    let config: ConfigText | undefined;
    if (head.kind !== "implicit") {
      if (this.acceptNext("::")) cls = this.classExpression(head);
      config = this.config();
      outputPorts = this.ports();
    } else this.peek();
    return { head, class: cls, config, inputPorts, outputPorts, place };
  }

  private classExpression(head: Head): ClassExpression {
    const token = this.lexer.next();
    if (token.kind === "{") return this.compound();
    if (token.kind === "name") return { kind: "named", name: token.text, place: this.here() };
    this.error("missing element type in declaration");
    this.lexer.unread(token);
    return { kind: "named", name: head.kind === "name" ? head.name : "", place: this.here() };
  }

  private config(): ConfigText | undefined {
    const open = this.lexer.next();
    if (open.kind !== "(") {
      this.lexer.unread(open);
      return undefined;
    }
    const start = this.here();
    const { text, offset } = this.lexer.config();
    this.expect(")");
    return { text, place: { source: this.source, offset }, start };
  }

  private ports(): PortList | undefined {
    return readPortList(this.lexer, (message) => this.error(message));
  }

  private group(open: Token): Group {
    this.seen?.groups.add(open.offset);
    const place = this.here();
    this.depth++;
    let statements: Statement[] = [];
    if (this.depth >= maximumNesting) this.error("maximum element group nesting depth exceeded");
    else ({ statements } = this.region("group"));
    this.depth--;
    return { kind: "group", statements, place, end: this.here() };
  }

  private compound(): CompoundClass {
    const bodies: CompoundBody[] = [];
    let base: Point | undefined;
    let place: Point | undefined;
    for (;;) {
      const token = this.lexer.next();
      place ??= this.here();
      if (token.kind === "...") {
        base = this.here();
        const after = this.lexer.next();
        if (bodies.length === 0 || after.kind !== "}")
          this.error("'...' should occur last, after one or more compounds");
        this.lexer.unread(after);
        continue;
      }
      const start = this.here();
      this.lexer.unread(token);
      this.depth++;
      const parameters = this.parameters();
      let statements: Statement[] = [];
      let closing: Token | undefined;
      if (this.depth >= maximumNesting) this.error("maximum compound element nesting depth exceeded");
      else ({ statements, closing } = this.region("compound"));
      this.depth--;
      bodies.push({ parameters, statements, extends: base, place: start, end: this.here() });
      base = undefined;
      if (closing?.kind !== "||") return { kind: "compound", bodies, place };
    }
  }

  private parameters(): Parameter[] {
    const list: Parameter[] = [];
    for (;;) {
      const first = this.lexer.next();
      let keyword: string | undefined;
      let variable = first;
      if (first.kind === "name") {
        variable = this.lexer.next();
        keyword = first.text;
      }
      if (variable.kind !== "variable") {
        if (first.kind === "|") {
          this.seen?.bars.add(first.offset);
          return list;
        }
        if (list.length > 0) this.error("expected variable");
        if (variable !== first) this.lexer.unread(variable);
        this.lexer.unread(first);
        return list;
      }
      list.push({ keyword, variable: variable.text, place: this.here() });
      const separator = this.lexer.next();
      if (separator.kind === "|") {
        this.seen?.bars.add(separator.offset);
        return list;
      }
      if (separator.kind === ",") continue;
      this.error("expected ',' or '|'");
      this.lexer.unread(separator);
      return list;
    }
  }

  private elementclass(): Statement {
    const place = this.here();
    let name = this.lexer.next();
    if (name.kind !== "name") {
      this.lexer.unread(name);
      this.error("expected element type name");
      name = { ...name, text: "" };
    }
    const token = this.lexer.next();
    let cls: ClassExpression | undefined;
    if (token.kind === "{") cls = this.compound();
    else if (token.kind === "name") cls = { kind: "named", name: token.text, place: this.here() };
    else this.syntaxError(token);
    return { kind: "elementclass", name: name.text, class: cls, place };
  }

  private withConfig(kind: "require" | "define"): Statement | undefined {
    const place = this.here();
    if (!this.expect("(")) return undefined;
    const { text, offset } = this.lexer.config();
    this.expect(")");
    if (kind === "require") this.lexer.accept(";");
    return { kind, config: { text, place: { source: this.source, offset } }, place, end: this.here() };
  }

  private peek(): Token {
    const token = this.lexer.next();
    this.lexer.unread(token);
    return token;
  }
  /** Unlike the lexer's, this goes on to what is next. */
  private acceptNext(kind: Token["kind"]): boolean {
    const token = this.lexer.next();
    if (token.kind === kind) return true;
    this.lexer.unread(token);
    return false;
  }
  private expect(kind: Token["kind"]): boolean {
    if (this.lexer.accept(kind)) return true;
    this.error(`expected '${kind}'`);
    return false;
  }

  private here(): Point {
    return { source: this.source, offset: this.lexer.position, problems: this.problems.length };
  }
  private error(message: string): void {
    this.problems.push({ severity: "error", message, place: this.here() });
  }
  private warning(message: string): void {
    this.problems.push({ severity: "warning", message, place: this.here() });
  }
  private syntaxError(token: Token): void {
    this.error(`syntax error near '${visible(token.text)}'`);
  }
}

/** Characters that are not printed as they are: `^A`, and others in octal, byte by byte. */
function visible(text: string): string {
  return text.replace(/[^ -~]/g, (ch) => {
    const code = ch.charCodeAt(0);
    if (code < 32) return `^${String.fromCharCode(code + 64)}`;
    const byte = code < 256 ? code : (new TextEncoder().encode(ch)[0] as number);
    return `\\${byte.toString(8).padStart(3, "0")}`;
  });
}
