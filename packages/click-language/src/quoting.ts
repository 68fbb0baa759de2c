/** Quotes of argument texts: `"a\n"`, `'a'`, `\<61 0a>`. */
import { uncomment } from "./comments.ts";
import { escapeQuoted } from "./expand.ts";
import { skipComment, skipQuoted } from "./skip.ts";

/** Takes comments out and the quotes off; the result holds one character a byte. */
export function unquote(argument: string): string {
  const text = uncomment(argument);
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
  for (;;) {
    const at = text.indexOf("\\", i);
    if (at < 0 || at + 1 === text.length) return out + text.slice(i);
    out += text.slice(i, at);
    i = at + 1;
    if (text[i] === "<") {
      const end = skipQuoted(text, at);
      out += hexString(text.slice(i + 1, text[end - 1] === ">" ? end - 1 : end));
      i = end;
      continue;
    }
    escapeSequence.lastIndex = i;
    const [whole, newline, code, octal] = escapeSequence.exec(text) as RegExpExecArray;
    if (code !== undefined) out += String.fromCharCode(Number.parseInt(code.slice(-2) || "0", 16));
    else if (octal !== undefined) out += String.fromCharCode(Number.parseInt(octal, 8) & 255);
    else if (newline === undefined) out += escapes[whole] ?? whole;
    i += whole.length;
  }
}

const escapeSequence = /(\r?\n|\r)|x([0-9A-Fa-f]*)|([0-7]{1,3})|[\s\S]/y;

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
