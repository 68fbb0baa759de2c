/**
 * Puts values for `$x`, `${…}` and `$(…)`: in configurations, in arguments of compounds, and in scripts. What a reference
 * stands for is the expander's to say; where references are, and how values stand in quotes, is the same everywhere.
 */
import { skipComment } from "./skip.ts";

/** What stands for references where text is expanded. */
export interface Expander {
  /**
   * The value of `$name`, or of `${name}`, whose name is any text; `undefined` leaves the reference as it is. `depth` is how
   * many references this one is inside of.
   */
  variable(name: string, braces: boolean, depth: number): string | undefined;
  /** The value of `$(text)`, where there is such a thing. */
  call?(text: string): string | undefined;
}

/** References within references; a `$` beyond is text. */
export const maximumExpansion = 10;

/**
 * Puts values for references. Those in single quotes and in comments are left alone; a value between double quotes is
 * escaped to stay there. With `quoting`, a value outside of quotes is put into double quotes. A text of which nothing is left
 * up to its last reference stays as it is, as in Click.
 */
export function expand(
  text: string,
  expander: Expander,
  { quoting = false, depth = 0 }: { readonly quoting?: boolean; readonly depth?: number } = {},
): string {
  if (!text.includes("$") || depth > maximumExpansion) return text;
  let out = "";
  /** Up to here the text is in `out`. */
  let taken = 0;
  let quote = "";
  let i = 0;
  while (i < text.length) {
    const ch = text[i] as string;
    if (ch === "\\" && quote === '"') i += 2;
    else if (ch === '"' || ch === "'") {
      quote = quote === "" ? ch : quote === ch ? "" : quote;
      i++;
    } else if (ch === "/" && quote === "") i = Math.max(skipComment(text, i), i + 1);
    else if (ch !== "$" || quote === "'") i++;
    else {
      const found = findReference(text, i);
      // Without an end, it and what follows are text.
      if (found === "open") break;
      if (!found) {
        i++;
        continue;
      }
      out += text.slice(taken, i);
      const { end, kind } = found;
      const name = found.nested ? expand(found.name, expander, { depth: depth + 1 }) : found.name;
      const value =
        kind === "(" ? (expander.call ? expander.call(name) : undefined) : expander.variable(name, kind === "{", depth);
      taken = end;
      if (value !== undefined)
        out += quote === '"' ? escapeQuoted(value) : quoting && quote === "" ? `"${escapeQuoted(value)}"` : value;
      else if (found.nested) out += `$${kind}${name}${kind === "(" ? ")" : "}"}`;
      else taken = i;
      i = end;
    }
  }
  return out === "" ? text : out + text.slice(taken);
}

interface Reference {
  readonly kind: "" | "{" | "(";
  readonly name: string;
  readonly end: number;
  /** Whether there may be references in its name. */
  readonly nested: boolean;
}

const simpleName = /\w+|[?#$]/y;

/** The reference at a `$`; "open" where it has no end. */
function findReference(text: string, at: number): Reference | "open" | undefined {
  const next = text[at + 1];
  if (next === "{") {
    const end = text.indexOf("}", at + 2);
    if (end < 0) return "open";
    const name = text.slice(at + 2, end);
    return { kind: "{", name, end: end + 1, nested: name.includes("$") };
  }
  if (next === "(") return findCall(text, at);
  simpleName.lastIndex = at + 1;
  const name = simpleName.exec(text)?.[0];
  return name === undefined ? undefined : { kind: "", name, end: at + 1 + name.length, nested: false };
}

function findCall(text: string, at: number): Reference | "open" {
  let level = 1;
  let quote = "";
  let nested = false;
  let i = at + 2;
  for (; i < text.length && level > 0; i++) {
    const ch = text[i] as string;
    if (ch === "\\" && quote !== "'") i++;
    else if (ch === '"' || ch === "'") quote = quote === "" ? ch : quote === ch ? "" : quote;
    else if (ch === "$" && quote !== "'") nested = true;
    else if (quote === "" && ch === "(") level++;
    else if (quote === "" && ch === ")") level--;
  }
  const end = Math.min(i, text.length);
  if (end === at + 2 || text[end - 1] !== ")") return "open";
  return { kind: "(", name: text.slice(at + 2, end - 1), end, nested };
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** A text as it stands between double quotes; what cannot be printed is written in octal. */
export function escapeQuoted(text: string): string {
  return text.replace(/["\\$]|[^ -~]/g, (ch) =>
    /["\\$]/.test(ch) ? `\\${ch}` : (escapes[ch] ?? `\\${(ch.charCodeAt(0) & 255).toString(8).padStart(3, "0")}`),
  );
}
