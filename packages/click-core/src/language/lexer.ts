/** Splits a configuration into tokens. Text between parentheses is one token: its meaning is the element's. */
import type { Diagnostics, Place, Source } from "./diagnostics.ts";

export type TokenKind =
  | "name"
  | "variable"
  | "config"
  | "number"
  | "end"
  | "::"
  | "->"
  | "=>"
  | "||"
  | "..."
  | ";"
  | ","
  | "["
  | "]"
  | "{"
  | "}"
  | "|"
  | "("
  | ")";

export interface Token {
  readonly kind: TokenKind;
  /** The text; of a `config`, what is between the parentheses. */
  readonly text: string;
  readonly offset: number;
}

const symbols = ["...", "::", "->", "=>", "||", ";", ",", "[", "]", "{", "}", "|"] as const;
const nameStart = /[A-Za-z0-9_@/]/;

/** Never throws: what it does not understand becomes a diagnostic and is skipped. */
export function lex(source: Source, diagnostics: Diagnostics): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let i = 0;
  const at = (offset: number): Place => ({ source, offset });
  while (i < text.length) {
    const ch = text[i] as string;
    if (/\s/.test(ch)) {
      i++;
      continue;
    }
    const comment = skipComment(text, i);
    if (comment > i) {
      if (comment > text.length) diagnostics.error(at(i), "comment is not closed", "end it with */");
      i = comment;
      continue;
    }
    if (ch === "#" && (i === 0 || text[i - 1] === "\n")) {
      i = endOfLine(text, i);
      continue;
    }
    const symbol = symbols.find((s) => text.startsWith(s, i));
    if (symbol) {
      tokens.push({ kind: symbol, text: symbol, offset: i });
      i += symbol.length;
      continue;
    }
    if (ch === "(") {
      const end = endOfConfig(text, i + 1);
      if (end >= text.length) diagnostics.error(at(i), "'(' is not closed");
      tokens.push({ kind: "config", text: text.slice(i + 1, end), offset: i + 1 });
      i = end + 1;
      continue;
    }
    if (ch === "$") {
      const match = /^\$(?:\{\w+\}|\w+)/.exec(text.slice(i, i + 256));
      const variable = match?.[0] ?? "$";
      if (!match) diagnostics.error(at(i), "'$' is not followed by a variable name");
      else tokens.push({ kind: "variable", text: variable.replace(/[${}]/g, ""), offset: i });
      i += variable.length;
      continue;
    }
    if (nameStart.test(ch)) {
      let end = i;
      while (end < text.length && nameStart.test(text[end] as string) && skipComment(text, end) === end) end++;
      const word = text.slice(i, end);
      tokens.push({ kind: /^\d+$/.test(word) ? "number" : "name", text: word, offset: i });
      i = end;
      continue;
    }
    diagnostics.error(at(i), `unexpected character '${ch}'`);
    i++;
  }
  tokens.push({ kind: "end", text: "end of file", offset: text.length });
  return tokens;
}

function endOfLine(text: string, i: number): number {
  const end = text.indexOf("\n", i);
  return end < 0 ? text.length : end;
}

/** The offset after a comment that starts at `i`, or `i`; past the text's end for a comment left open. */
export function skipComment(text: string, i: number): number {
  if (text.startsWith("//", i)) return endOfLine(text, i);
  if (text.startsWith("/*", i)) {
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
      if (text[j] === "\\") j++;
      else if (text[j] === '"') return j + 1;
    }
    return text.length;
  }
  if (ch === "'") {
    const end = text.indexOf("'", i + 1);
    return end < 0 ? text.length : end + 1;
  }
  if (text.startsWith("\\<", i)) {
    const end = text.indexOf(">", i);
    return end < 0 ? text.length : end + 1;
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
    if (text[i] === "(") depth++;
    if (text[i] === ")" && --depth === 0) return i;
    i++;
  }
  return text.length;
}
