/** Splits a configuration into tokens. Text between parentheses is one token: its meaning is the element's. */
import type { Diagnostics, Place, Source } from "./diagnostics.ts";

/** What a token is; most are what they look like. */
export type TokenKind =
  | "name"
  | "variable"
  | "config"
  | "number"
  | "end"
  | "..."
  | "::"
  | "->"
  | "=>"
  | "||"
  | ";"
  | ","
  | "["
  | "]"
  | "{"
  | "}"
  | "|"
  | ")";

export interface Token {
  readonly kind: TokenKind;
  /** The text; of a `config`, what is between the parentheses; of a `variable`, its name. */
  readonly text: string;
  /** Where the token starts; of a `config`, where its text does. */
  readonly offset: number;
  /** Where the token ends, its closing parenthesis included. */
  readonly end: number;
}

const space = /\s+/y;
const directive = /#[^\n]*/y;
const symbol = /\.\.\.|::|->|=>|\|\||[;,[\]{}|)]/y;
const variable = /\$(?:\{\w+\}|\w+)/y;
const word = /(?:[\w@]|\/(?![/*]))+/y;

/** Never throws: what it does not understand becomes a diagnostic and is skipped. */
export function lex(source: Source, diagnostics: Diagnostics, from = 0, to: number = source.text.length): Token[] {
  const text = to === source.text.length ? source.text : source.text.slice(0, to);
  const tokens: Token[] = [];
  let i = from;
  const at = (offset: number): Place => ({ source, offset });
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = i;
    return pattern.exec(text)?.[0];
  };
  while (i < text.length) {
    const comment = skipComment(text, i);
    if (comment > i) {
      if (comment > text.length) diagnostics.error(at(i), "comment is not closed", "end it with */");
      i = comment;
      continue;
    }
    const lineStart = i === 0 || text[i - 1] === "\n";
    const skipped = match(space) ?? (lineStart ? match(directive) : undefined);
    if (skipped !== undefined) {
      i += skipped.length;
      continue;
    }
    let found: string | undefined = match(symbol);
    if (found !== undefined) tokens.push({ kind: found as TokenKind, text: found, offset: i, end: i + found.length });
    else if (text[i] === "(") {
      const end = endOfConfig(text, i + 1);
      if (end >= text.length) diagnostics.error(at(i), "'(' is not closed");
      tokens.push({ kind: "config", text: text.slice(i + 1, end), offset: i + 1, end: end + 1 });
      i = end + 1;
      continue;
    } else if (text[i] === "$") {
      found = match(variable);
      if (found !== undefined)
        tokens.push({ kind: "variable", text: found.replace(/[${}]/g, ""), offset: i, end: i + found.length });
      else diagnostics.error(at(i), "'$' is not followed by a variable name");
    } else {
      found = match(word);
      if (found !== undefined)
        tokens.push({ kind: /^\d+$/.test(found) ? "number" : "name", text: found, offset: i, end: i + found.length });
      else diagnostics.error(at(i), `unexpected character '${text[i]}'`);
    }
    i += found?.length ?? 1;
  }
  tokens.push({
    kind: "end",
    text: to === source.text.length ? "end of file" : ")",
    offset: text.length,
    end: text.length,
  });
  return tokens;
}

function endOfLine(text: string, i: number): number {
  const end = text.indexOf("\n", i);
  return end < 0 ? text.length : end;
}

/** The offset after a comment that starts at `i`, or `i`; past the text's end for a comment left open. */
export function skipComment(text: string, i: number): number {
  if (text[i] !== "/") return i;
  if (text[i + 1] === "/") return endOfLine(text, i);
  if (text[i + 1] === "*") {
    const end = text.indexOf("*/", i + 2);
    return end < 0 ? text.length + 1 : end + 2;
  }
  return i;
}

/** The offset after a quoted string or `\<hex>` string that starts at `i`, or `i`. */
export function skipQuoted(text: string, i: number): number {
  const ch = text[i];
  if (ch === '"') {
    for (let j = i + 1; j < text.length; j++) {
      if (text[j] === "\\" && text[j + 1] === "<") j = skipQuoted(text, j) - 1;
      else if (text[j] === "\\") j++;
      else if (text[j] === '"') return j + 1;
    }
    return text.length;
  }
  if (ch === "'") {
    const end = text.indexOf("'", i + 1);
    return end < 0 ? text.length : end + 1;
  }
  if (ch === "\\" && text[i + 1] === "<") {
    let j = i + 2;
    while (j < text.length && text[j] !== ">") j = Math.max(j + 1, skipComment(text, j));
    return Math.min(j + 1, text.length);
  }
  return i;
}

function endOfConfig(text: string, start: number): number {
  let depth = 1;
  let i = start;
  while (i < text.length) {
    const next = Math.max(skipComment(text, i), skipQuoted(text, i));
    if (next > i) {
      i = next;
      continue;
    }
    // A parenthesis after a backslash is text.
    if (text[i] === "\\") i++;
    else if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i;
    i++;
  }
  return text.length;
}
