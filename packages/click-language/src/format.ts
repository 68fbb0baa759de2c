/**
 * Formats a configuration: a statement a line, two spaces an indent, comments kept. Formatting what is formatted
 * changes nothing, and what a configuration means never changes.
 *
 * The text becomes a row of items, tokens and comments; statements get their semicolons there; then items are
 * printed one after the other, each deciding what stands between it and the next.
 */
import { splitText } from "./arguments.ts";
import { Diagnostics, type Source } from "./diagnostics.ts";
import type { Token } from "./lexer.ts";
import { parse, trace } from "./parser.ts";
import { skipComment, skipQuoted } from "./skip.ts";

/** @throws {ConfigurationError} for text that does not parse. */
export function formatConfiguration(source: Source): string {
  const diagnostics = new Diagnostics();
  parse(source, diagnostics);
  diagnostics.throwIfFailed();
  return print(itemsOf(source));
}

interface Item {
  readonly kind: Token["kind"] | "comment" | "directive";
  readonly text: string;
  /** Line ends between what is before and this. */
  readonly newlines: number;
  /** Of a brace or bar: parameters follow, or end here. Of a group's parenthesis: it stays on one line. */
  readonly flag?: boolean;
  /** A statement ends here though no semicolon says so. */
  ends?: boolean;
}

/** The text as a row of items. Statements without a semicolon get one, but classes that end in their brace. */
function itemsOf(source: Source): Item[] {
  const seen = trace(source);
  const tokens = seen.tokens.filter((token, i) => token.kind !== "end" || i === seen.tokens.length - 1);
  const withParameters = parameterStarts(tokens, seen.bars);
  const items: Item[] = [];
  /** The kinds of the statements around that are not at their end, innermost last. */
  const open: (string | undefined)[] = [undefined];
  /** Groups around, innermost last: whether they stay on one line. */
  const groups: boolean[] = [];
  let previous: Token | undefined;
  let last = -1;
  let at = 0;
  const setOpen = (kind: string | undefined): void => {
    open[open.length - 1] = kind;
  };
  const close = (): void => {
    const kind = open.at(-1);
    if (kind === undefined) return;
    const lastItem = items[last];
    if (kind === "elementclass" && previous?.kind === "}" && lastItem) lastItem.ends = true;
    else items.splice(last + 1, 0, { kind: ";", text: ";", newlines: 0 });
    setOpen(undefined);
  };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    // What stands between an element's parentheses is one item with them.
    const isConfig = token.kind === "(" && !seen.groups.has(token.offset);
    const end = isConfig ? (tokens[i + 2]?.end ?? token.end) : token.end;
    if (seen.starts.has(token.offset) || ["}", "||", ")", "end"].includes(token.kind)) close();
    // An empty statement's semicolon belongs to what ended.
    if (token.kind === ";" && open.at(-1) === "elementclass" && previous?.kind === "}") close();
    const newlines = collectComments(source.text.slice(at, token.offset), items);
    at = end;
    if (token.kind === "end") break;
    if (token.kind === ";") {
      if (open.at(-1) !== undefined) items.push({ kind: ";", text: ";", newlines: 0 });
      setOpen(undefined);
    } else if (isConfig) {
      items.push({ kind: "config", text: source.text.slice(token.offset, end), newlines });
      i += 2;
    } else {
      if (seen.starts.has(token.offset)) setOpen(token.kind);
      if (token.kind === "}") open.pop();
      const flag = token.kind === "(" ? isInline(source, tokens, i) : (groups.at(-1) ?? false);
      if (token.kind === "(") groups.push(flag);
      if (token.kind === ")") {
        groups.pop();
        open.pop();
      }
      const isParenthesis = token.kind === "(" || token.kind === ")";
      items.push({
        kind: token.kind,
        text: source.text.slice(token.offset, end),
        newlines: token.kind === ")" ? 0 : newlines,
        flag: isParenthesis ? flag : withParameters.has(i) || seen.bars.has(token.offset),
      });
      if (token.kind === "{" || token.kind === "(") open.push(undefined);
    }
    last = items.length - 1;
    previous = tokens[i];
  }
  return items;
}

/** Whether a group stays on one line: it does where it is on one, and has no compound in it. */
function isInline(source: Source, tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  for (let i = at; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === "{") return false;
    if (token.kind === "(") depth++;
    if (token.kind === ")" && --depth === 0) {
      return !/\n|\/\//.test(source.text.slice((tokens[at] as Token).offset, token.offset));
    }
  }
  return false;
}

/** Braces and bars after which parameters stand, by their index. */
function parameterStarts(tokens: readonly Token[], bars: ReadonlySet<number>): Set<number> {
  const found = new Set<number>();
  tokens.forEach((token, i) => {
    if (!bars.has(token.offset)) return;
    let start = i - 1;
    while (["name", "variable", ","].includes(tokens[start]?.kind ?? "")) start--;
    // Bars without parameters are kept as they are.
    found.add(start);
  });
  return found;
}

/** Puts the comments of a gap; returns the line ends after the last of them. */
function collectComments(gap: string, items: Item[]): number {
  let newlines = 0;
  let i = 0;
  while (i < gap.length) {
    const end = Math.min(skipComment(gap, i), gap.length);
    if (end > i) {
      items.push({ kind: "comment", text: gap.slice(i, end).trimEnd(), newlines });
      // The line's end belongs to a comment that goes to it.
      newlines = gap.startsWith("//", i) && /[\r\n]/.test(gap[end - 1] ?? "") ? 1 : 0;
      i = end;
    } else if (gap[i] === "#") {
      const text = /^[^\n]*/.exec(gap.slice(i))?.[0] ?? "";
      items.push({ kind: "directive", text: text.trimEnd(), newlines });
      newlines = 0;
      i += text.length;
    } else {
      if (gap[i] === "\n") newlines++;
      i++;
    }
  }
  return newlines;
}

/** Lines being made. */
class Output {
  private readonly lines: string[] = [];
  private line = "";
  /** What comes before the next item. */
  next: "nothing" | "space" | "line" = "line";
  depth = 0;
  /** Inside a statement: its further lines are indented more. */
  continued = false;
  /** Inside arguments that go over lines: these are indented more again. */
  extra = 0;
  private lineIndent = 0;

  get started(): boolean {
    return this.line !== "";
  }
  put(text: string, glued = false): void {
    if (this.next === "line") this.newline();
    if (!this.started) {
      this.lineIndent = this.depth * 2 + (this.extra > 0 ? this.extra : this.continued ? 4 : 0);
      this.line = " ".repeat(this.lineIndent) + text;
    } else this.line += (this.next === "space" && !glued ? " " : "") + text;
    this.next = "space";
  }
  /** How far the line is indented beyond its block. */
  get indent(): number {
    return this.lineIndent - this.depth * 2;
  }
  /** Appends to the line that is there, whatever was to come next. */
  trail(text: string): void {
    this.line += ` ${text}`;
  }
  newline(): void {
    if (this.started) this.lines.push(this.line);
    this.line = "";
    if (this.next === "line") this.next = "nothing";
  }
  raw(text: string): void {
    this.newline();
    this.lines.push(text);
    this.next = "line";
  }
  blank(): void {
    this.newline();
    const last = this.lines.at(-1);
    if (last !== undefined && last !== "" && !/[{(|]$/.test(last)) this.lines.push("");
    this.next = "line";
  }
  text(): string {
    this.newline();
    while (this.lines.at(-1) === "") this.lines.pop();
    return this.lines.length > 0 ? `${this.lines.join("\n")}\n` : "";
  }
}

function print(items: readonly Item[]): string {
  const out = new Output();
  /** By nesting: whether the statement around was begun, and whether it is a group on one line. */
  const around: { open: boolean; inline: boolean }[] = [];
  let open = false;
  let inline = false;
  const enter = (nowInline: boolean): void => {
    around.push({ open, inline });
    inline = nowInline;
    open = false;
    out.continued = false;
  };
  const leave = (): void => {
    const outer = around.pop() ?? { open: false, inline: false };
    ({ open, inline } = outer);
  };
  items.forEach((item, i) => {
    const following = items[i + 1];
    if (item.kind === "directive") {
      out.raw(item.text);
      return;
    }
    if (item.kind === "comment") {
      printComment(item, following, out, open || inline);
      return;
    }
    if (!open && !inline && item.newlines > 1 && !["}", "||", ")", "|"].includes(item.kind)) out.blank();
    switch (item.kind) {
      case "{":
        out.put("{");
        enter(false);
        if (!item.flag) {
          out.depth++;
          out.next = "line";
        }
        return;
      case "|":
        out.put("|");
        if (item.flag) {
          out.depth++;
          out.next = "line";
          out.continued = false;
          open = false;
        }
        return;
      case "||":
        out.depth--;
        out.next = "line";
        out.put("||");
        if (!item.flag) {
          out.depth++;
          if (nextToken(items, i)?.kind !== "...") out.next = "line";
        }
        return;
      case "...":
        out.put("...");
        return;
      case "}": {
        const dots = lastToken(items, i)?.kind === "...";
        out.depth--;
        if (!dots) out.next = "line";
        out.continued = false;
        out.put("}");
        leave();
        if (item.ends) {
          open = false;
          out.next = "line";
        }
        out.continued = open;
        return;
      }
      case "(":
        open = true;
        out.put("(");
        enter(item.flag === true || inline);
        if (inline) out.next = "nothing";
        else {
          out.depth++;
          out.next = "line";
        }
        return;
      case ")":
        if (!inline) {
          out.depth--;
          out.next = "line";
          out.continued = false;
        }
        out.put(")", true);
        leave();
        out.continued = open;
        return;
      case ";":
        open = false;
        if (inline && nextToken(items, i)?.kind === ")") {
          out.next = "nothing";
          return;
        }
        out.put(";", true);
        out.continued = false;
        if (!inline) out.next = "line";
        return;
      case "config":
        printArguments(item.text.slice(1, -1), out);
        return;
      case "->":
      case "=>":
        if (!inline && open && (item.newlines > 0 || (following?.newlines ?? 0) > 0)) out.next = "line";
        out.put(item.text);
        break;
      case "[":
        out.put("[");
        out.next = "nothing";
        break;
      case ",":
      case "]":
        out.put(item.text, true);
        break;
      default:
        out.put(item.text);
    }
    open = true;
    out.continued = !inline;
  });
  return out.text();
}

function nextToken(items: readonly Item[], i: number): Item | undefined {
  let j = i + 1;
  while (items[j]?.kind === "comment" || items[j]?.kind === "directive") j++;
  return items[j];
}

function lastToken(items: readonly Item[], i: number): Item | undefined {
  let j = i - 1;
  while (items[j]?.kind === "comment" || items[j]?.kind === "directive") j--;
  return items[j];
}

/** A comment on the line of what is before it stays there; one on a line of its own, too. */
function printComment(item: Item, following: Item | undefined, out: Output, inside: boolean): void {
  const toLineEnd = item.text.startsWith("//");
  if (item.newlines === 0 && out.started) {
    out.trail(item.text);
    if (toLineEnd) out.next = "line";
    else if (out.next === "nothing") out.next = "space";
    return;
  }
  if (inside) {
    if (toLineEnd) out.next = "line";
    else if (out.next === "nothing") out.next = "space";
    out.put(item.text);
    if (toLineEnd) out.next = "line";
    return;
  }
  if (item.newlines > 1) out.blank();
  out.next = "line";
  out.put(item.text);
  if (toLineEnd || (following?.newlines ?? 1) > 0) out.next = "line";
}

/** Arguments on one line get a space after each comma; those on several keep their lines. */
function printArguments(text: string, out: Output): void {
  if (hasMultilineString(text)) {
    out.put(`(${text})`, true);
    return;
  }
  if (!text.includes("\n")) {
    out.put(`(${/\/[/*]/.test(text) ? text.trim() : splitText(text).join(", ")})`, true);
    return;
  }
  const lines = text.split("\n").map((line) => line.trim());
  const first = lines.shift() ?? "";
  const last = lines.pop() ?? "";
  out.put(`(${first}`, true);
  const { indent } = out;
  out.extra = indent + 4;
  for (const line of lines) {
    if (line === "") continue;
    out.next = "line";
    out.put(line);
  }
  out.next = "line";
  if (last === "") {
    // The parenthesis stands under the beginning of its line.
    out.extra = indent;
    out.continued = false;
  }
  out.put(`${last})`);
  out.extra = 0;
  out.continued = true;
}

function hasMultilineString(text: string): boolean {
  let i = 0;
  while (i < text.length) {
    const comment = Math.min(skipComment(text, i), text.length);
    if (comment > i) {
      if (text.startsWith("/*", i) && text.slice(i, comment).includes("\n")) return true;
      i = comment;
      continue;
    }
    const end = skipQuoted(text, i);
    if (end > i && text.slice(i, end).includes("\n")) return true;
    i = Math.max(end, i + 1);
  }
  return false;
}
