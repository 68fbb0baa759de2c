/** Splits a configuration string into arguments and takes quotes and comments out of them. */
import type { ConfigText } from "./ast.ts";
import type { Place } from "./diagnostics.ts";
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
    if (quoted === i && ch === "," && depth === 0) {
      finish(i);
      i++;
      continue;
    }
    if (quoted === i && "([".includes(ch)) depth++;
    if (quoted === i && ")]".includes(ch)) depth--;
    const end = Math.max(quoted, i + 1);
    if (start < 0 && !/\s/.test(ch)) start = i;
    if (start >= 0) current += text.slice(i, end);
    i = end;
  }
  if (list.length > 0 || current.trim() !== "") finish(text.length);
  if (list.length > 1 && list.at(-1)?.text === "") list.pop();
  return list;
}

/** Takes the quotes off: `"a b"`, `'a b'`, `\<68 69>`; the result holds one character a byte. */
export function unquote(text: string): string {
  let out = "";
  let i = 0;
  while (i < text.length) {
    const end = skipQuoted(text, i);
    if (end === i) {
      out += text[i++];
      continue;
    }
    const inner = text.slice(i + (text[i] === "\\" ? 2 : 1), end - 1);
    if (text[i] === "'") out += inner;
    else if (text[i] === "\\") out += hexString(inner);
    else
      out += inner.replace(/\\<([^>]*)>|\\(\r?\n)|\\(.)/gs, (_, hex, newline, ch) =>
        hex !== undefined ? hexString(hex) : newline ? "" : escaped(ch),
      );
    i = end;
  }
  return out;
}

function escaped(ch: string): string {
  return { n: "\n", t: "\t", r: "\r", 0: "\0", a: "\x07", b: "\b", f: "\f", v: "\v" }[ch] ?? ch;
}

function hexString(text: string): string {
  const digits = text.replace(/\/\/.*|\/\*.*?\*\/|[^0-9A-Fa-f]/g, "");
  let out = "";
  for (let i = 0; i + 1 < digits.length; i += 2)
    out += String.fromCharCode(Number.parseInt(digits.slice(i, i + 2), 16));
  return out;
}

/** Puts values for `$x` and `${x}`; single-quoted text is left alone, unknown variables too. */
export function substitute(text: string, variables: ReadonlyMap<string, string>): string {
  if (variables.size === 0) return text;
  return text.replace(
    /'[^']*'|\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced, bare) => variables.get(braced ?? bare ?? "") ?? whole,
  );
}
