/**
 * Splits a configuration string into arguments, takes quotes and comments out of them, and puts variables in.
 *
 * @packageDocumentation
 */
import type { ConfigText } from "./ast.ts";
import type { Place } from "./diagnostics.ts";
import { escapeQuoted } from "./expand.ts";
import { skipComment, skipQuoted } from "./lexer.ts";

/** One argument between commas: its text, trimmed, comments removed, quotes kept; and where it stands. */
export interface Argument {
  readonly text: string;
  readonly place: Place;
}

/** Splits at commas outside quotes and parentheses. An empty configuration has no arguments. */
export function splitArguments(config: ConfigText | undefined): Argument[] {
  if (!config) return [];
  const { text } = config;
  const list: Argument[] = [];
  let current = "";
  let start = -1;
  let depth = 0;
  const finish = (end: number): void => {
    const trimmed = current.trimEnd();
    list.push({ text: trimmed, place: { ...config.place, offset: config.place.offset + (start < 0 ? end : start) } });
    current = "";
    start = -1;
  };
  let i = 0;
  while (i < text.length) {
    const comment = Math.min(skipComment(text, i), text.length);
    if (comment > i) {
      if (current) current += " ";
      i = comment;
      continue;
    }
    const quoted = skipQuoted(text, i);
    const ch = text[i] as string;
    if (quoted === i && ch === "," && depth <= 0) {
      finish(i);
      i++;
      continue;
    }
    if (quoted === i && (ch === "(" || ch === "[" || ch === "{")) depth++;
    if (quoted === i && (ch === ")" || ch === "]" || ch === "}")) depth--;
    const end = quoted > i ? quoted : Math.min(i + (ch === "\\" ? 2 : 1), text.length);
    if (start < 0 && !/\s/.test(ch)) start = i;
    if (start >= 0) current += text.slice(i, end);
    i = end;
  }
  if (list.length > 0 || current.trim() !== "") finish(text.length);
  if (list.length > 1 && list.at(-1)?.text === "") list.pop();
  return list;
}

/** The arguments of a text that stands by itself. */
export function splitText(text: string): string[] {
  return splitArguments({ text, place: { source: { file: "", text }, offset: 0 } }).map((a) => a.text);
}

/** Splits at spaces outside quotes: the words of an argument, quotes kept. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let i = skipSpace(text, 0);
  while (i < text.length) {
    const end = endOfWord(text, i);
    words.push(text.slice(i, end));
    i = skipSpace(text, end);
  }
  return words;
}

/** The first word and what follows it, trimmed. */
export function takeWord(text: string): [word: string, rest: string] {
  const start = skipSpace(text, 0);
  const end = endOfWord(text, start);
  return [text.slice(start, end), text.slice(end).trim()];
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 160 || code === 0xfeff;
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}

function endOfWord(text: string, from: number): number {
  let i = from;
  while (i < text.length && !isSpace(text.charCodeAt(i)))
    i = Math.max(skipQuoted(text, i), i + (text[i] === "\\" ? 2 : 1));
  return Math.min(i, text.length);
}

/** Takes the quotes off: `"a b"`, `'a b'`, `\<68 69>`; the result holds one character a byte. */
export function unquote(text: string): string {
  let out = "";
  let i = 0;
  for (;;) {
    quoteStart.lastIndex = i;
    const start = quoteStart.exec(text)?.index ?? text.length;
    if (start === text.length) return i === 0 ? text : out + text.slice(i);
    out += text.slice(i, start);
    const end = skipQuoted(text, start);
    const ch = text[start] as string;
    const closed = text[end - 1] === (ch === "\\" ? ">" : ch) && end - 1 > start;
    const inner = text.slice(start + (ch === "\\" ? 2 : 1), closed ? end - 1 : end);
    if (ch === "'") out += inner;
    else out += ch === "\\" ? hexString(inner) : readEscapes(inner);
    i = end;
  }
}

const quoteStart = /["']|\\</g;

/** What stands in double quotes, its escapes read. */
function readEscapes(text: string): string {
  let out = "";
  let i = 0;
  let mayClose = true;
  for (;;) {
    const at = text.indexOf("\\", i);
    if (at < 0 || at + 1 === text.length) return out + text.slice(i);
    out += text.slice(i, at);
    i = at + 1;
    if (text[i] === "<" && mayClose) {
      const close = text.indexOf(">", i);
      mayClose = close >= 0;
      if (mayClose) {
        out += hexString(text.slice(i + 1, close));
        i = close + 1;
        continue;
      }
    }
    escapeSequence.lastIndex = i;
    const [whole, newline, code, octal] = escapeSequence.exec(text) as RegExpExecArray;
    if (code !== undefined) out += String.fromCharCode(Number.parseInt(code.slice(-2), 16));
    else if (octal !== undefined) out += String.fromCharCode(Number.parseInt(octal, 8) & 255);
    else if (newline === undefined) out += escapes[whole] ?? whole;
    i += whole.length;
  }
}

const escapeSequence = /(\r?\n)|x([0-9A-Fa-f]+)|([0-7]{1,3})|[\s\S]/y;

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

function hexString(text: string): string {
  let digits = "";
  for (let i = 0; i < text.length; ) {
    const comment = skipComment(text, i);
    if (comment === i && /[0-9A-Fa-f]/.test(text[i] as string)) digits += text[i];
    i = Math.max(comment, i + 1);
  }
  let out = "";
  for (let i = 0; i + 1 < digits.length; i += 2)
    out += String.fromCharCode(Number.parseInt(digits.slice(i, i + 2), 16));
  return out;
}

/** Puts a text in quotes where it needs them to be one argument. */
export function quote(text: string): string {
  return text !== "" && /^[!-~]+$/.test(text) && !/[,()"'\\$;[\]{}]|\/[/*]/.test(text) ? text : quoteAlways(text);
}

/** Puts a text in quotes; what cannot be printed is written in octal. */
export function quoteAlways(text: string): string {
  return `"${escapeQuoted(text)}"`;
}

export { type Expander, expand } from "./expand.ts";
