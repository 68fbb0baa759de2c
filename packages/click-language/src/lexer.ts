/**
 * Reads a configuration token by token. What stands between parentheses is either a group, whose tokens are read on, or
 * an element's configuration, which is one text: only the parser knows which.
 */
import { isNameCharacter, isWord, skipSpace } from "./characters.ts";
import type { Source } from "./diagnostics.ts";
import { type LineDirective, setLineDirectives } from "./lines.ts";
import { unquote } from "./quoting.ts";
import { skipComment, skipLine, skipQuoted } from "./skip.ts";

export type Keyword = "elementclass" | "require" | "provide" | "define";
export type TokenSymbol = "..." | "::" | "->" | "=>" | "||" | ";" | "," | "[" | "]" | "{" | "}" | "(" | ")" | "|" | "-";
const keywords: readonly Keyword[] = ["elementclass", "require", "provide", "define"];
const symbols: readonly TokenSymbol[] = [
  "...",
  "::",
  "->",
  "=>",
  "||",
  ";",
  ",",
  "[",
  "]",
  "{",
  "}",
  "(",
  ")",
  "|",
  "-",
];

/** What a token is; most are what they look like. A `character` is one that means nothing. */
export type TokenKind = "name" | "variable" | "config" | "character" | "end" | Keyword | TokenSymbol;

export interface Token {
  readonly kind: TokenKind;
  /** The text; of a `variable`, its name. */
  readonly text: string;
  readonly offset: number;
  readonly end: number;
}

const isKeyword = (word: string): word is Keyword => (keywords as readonly string[]).includes(word);
const symbolsByStart = new Map<string, TokenSymbol[]>();
for (const s of symbols) symbolsByStart.set(s[0] as string, [...(symbolsByStart.get(s[0] as string) ?? []), s]);

export class Lexer {
  /** Where the reader stands: at its last token. */
  position = 0;
  private at = 0;
  private readonly text: string;
  private readonly unreadTokens: Token[] = [];
  private readonly directives: LineDirective[] = [];
  private readonly source: Source;
  private readonly problem: (message: string) => void;
  private readonly record: Token[] | undefined;

  /** `record` receives each token once. */
  constructor(source: Source, problem: (message: string) => void, record?: Token[]) {
    this.source = source;
    this.text = source.text;
    this.problem = problem;
    this.record = record;
  }

  next(): Token {
    const token = this.unreadTokens.pop() ?? this.read();
    if (this.record && token.offset >= (this.record.at(-1)?.end ?? 0)) this.record.push(token);
    return token;
  }

  /** The next `next` gives this token again. */
  unread(token: Token): void {
    this.unreadTokens.push(token);
  }

  /** Takes a token of that kind, if it is next. Otherwise the reader stands where it stood. */
  accept(kind: TokenKind): boolean {
    const last = this.unreadTokens.at(-1);
    if (last) {
      if (last.kind !== kind) return false;
      this.unreadTokens.pop();
      return true;
    }
    const { at, position } = this;
    if (this.next().kind === kind) return true;
    this.at = at;
    this.position = position;
    if (this.record && (this.record.at(-1)?.offset ?? 0) >= at) this.record.pop();
    return false;
  }

  /** The text up to the parenthesis that closes one just read. Line directives in it are left out. */
  config(): { readonly text: string; readonly offset: number } {
    const { text } = this;
    const offset = this.at;
    let kept = "";
    let from = offset;
    let depth = 1;
    let i = offset;
    while (i < text.length) {
      const ch = text[i];
      const next = Math.max(skipComment(text, i), skipQuoted(text, i));
      if (next > i) {
        i = next;
        continue;
      }
      if (ch === "(") depth++;
      else if (ch === ")" && --depth === 0) break;
      else if (ch === "#" && this.startsLine(i)) {
        kept += text.slice(from, i);
        from = this.directive(i);
        i = from;
        continue;
      }
      i++;
    }
    this.at = i;
    this.position = i;
    this.record?.push({ kind: "config", text: text.slice(offset, i), offset, end: i });
    return { text: kept + text.slice(from, i), offset };
  }

  private read(): Token {
    const { text } = this;
    let i = this.at;
    for (;;) {
      i = skipSpace(text, i);
      const comment = skipComment(text, i);
      if (comment > i) i = comment;
      else if (text[i] === "#" && this.startsLine(i)) i = this.directive(i);
      else break;
    }
    this.position = i;
    const token = this.tokenAt(i);
    this.at = token.end;
    return token;
  }

  private tokenAt(offset: number): Token {
    const { text } = this;
    const made = (kind: TokenKind, end: number, from = offset): Token => ({
      kind,
      text: text.slice(from, end),
      offset,
      end,
    });
    // A NUL between statements ends the text.
    if (offset >= text.length || text[offset] === "\0") return made("end", Math.min(offset + 1, text.length));
    let end = offset;
    if (isNameCharacter(text.charCodeAt(offset))) {
      do {
        end++;
        while (isNameCharacter(text.charCodeAt(end))) end++;
      } while (text[end] === "/" && isNameCharacter(text.charCodeAt(end + 1)));
      const word = text.slice(offset, end);
      return made(isKeyword(word) ? word : "name", end);
    }
    if (text[offset] === "$") {
      end++;
      while (isWord(text.charCodeAt(end))) end++;
      return made("variable", end, offset + 1);
    }
    const symbol = symbolsByStart.get(text[offset] as string)?.find((s) => text.startsWith(s, offset));
    return symbol ? made(symbol, offset + symbol.length) : made("character", offset + 1);
  }

  private startsLine(i: number): boolean {
    return i === 0 || this.text[i - 1] === "\n" || this.text[i - 1] === "\r";
  }

  /** Takes a line `# 12 "file"`, up to its end; or complains of it, and passes over it. */
  private directive(offset: number): number {
    const { text } = this;
    lineDirective.lastIndex = offset;
    const match = lineDirective.exec(text);
    if (!match) {
      this.position = offset;
      this.problem("unknown preprocessor directive");
      return skipLine(text, offset);
    }
    const [whole, line, quoted] = match;
    const known = (this.directives.at(-1)?.offset ?? -1) >= offset;
    if (!known) {
      // Without a name the file stays; an empty name means the text's own.
      const name = quoted === undefined ? this.directives.at(-1)?.file : unquote(`${quoted}"`) || undefined;
      this.directives.push({ offset, line: Number(line) % 2 ** 32, file: name });
      setLineDirectives(this.source, this.directives);
    }
    let end = offset + whole.length;
    while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end++;
    return end;
  }
}

const lineDirective = /#[ \t]*(?:line[ \t]+)?(\d+)[ \t]*("(?:\\[^\r\n]|[^"\\\r\n])*)?/y;
