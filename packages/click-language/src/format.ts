/**
 * Formats a configuration: a statement a line, two spaces an indent, comments kept. Formatting what is formatted
 * changes nothing, and what a configuration means never changes.
 *
 * The text becomes a row of items, tokens and comments; statements get their semicolons there; then items are
 * printed one after the other, each deciding what stands between it and the next.
 */
import { splitText } from "./arguments.ts";
import { Diagnostics, type Source } from "./diagnostics.ts";
import { lex, skipComment, skipQuoted, type Token } from "./lexer.ts";
import { parse } from "./parser.ts";

/** @throws {ConfigurationError} for text that does not parse. */
export function formatConfiguration(source: Source): string {
  const diagnostics = new Diagnostics();
  parse(source, diagnostics);
  diagnostics.throwIfFailed();
  const items: Item[] = [];
  collect(source, 0, source.text.length, items);
  return print(items);
}

interface Item {
  readonly kind: Token["kind"] | "comment" | "directive" | "(";
  readonly text: string;
  /** Line ends between what is before and this. */
  readonly newlines: number;
  /** Of a brace or bar: parameters follow, or end here. Of a group's parenthesis: it stays on one line. */
  readonly flag?: boolean;
  /** A statement ends here though no semicolon says so. */
  ends?: boolean;
}

/** Items of a part of the text. Groups are taken apart; statements without a semicolon get one. */
function collect(source: Source, from: number, to: number, items: Item[]): void {
  const tokens = lex(source, new Diagnostics(), from, to);
  const bars = parameterBars(tokens);
  const starts: (string | undefined)[] = [undefined];
  let previous: Token | undefined;
  let last = -1;
  let at = from;
  const start = (): string | undefined => starts.at(-1);
  const setStart = (text: string | undefined): void => {
    starts[starts.length - 1] = text;
  };
  const close = (): void => {
    if (start() === undefined) return;
    const lastItem = items[last];
    if (start() === "elementclass" && previous?.kind === "}" && lastItem) lastItem.ends = true;
    else items.splice(last + 1, 0, { kind: ";", text: ";", newlines: 0 });
    setStart(undefined);
  };
  tokens.forEach((token, i) => {
    const begin = token.kind === "config" ? token.offset - 1 : token.offset;
    if (endsBySelf(previous, start(), token) || ["}", "||", "end"].includes(token.kind)) {
      // An empty statement's semicolon belongs to what ended.
      close();
    }
    const newlines = collectComments(source.text.slice(at, begin), items);
    at = token.end;
    if (token.kind === "end") return;
    const open = start() !== undefined;
    if (token.kind === ";") {
      if (open) items.push({ kind: ";", text: ";", newlines: 0 });
      setStart(undefined);
    } else if (token.kind === "config" && !(open && ["name", "variable", "}"].includes(previous?.kind ?? ""))) {
      if (!open) setStart("(");
      const inline = !/[\n{]|\/\//.test(token.text);
      items.push({ kind: "(", text: "(", newlines, flag: inline });
      collect(source, token.offset, token.offset + token.text.length, items);
      items.push({ kind: ")", text: ")", newlines: 0, flag: inline });
    } else {
      if (!open && token.kind !== "||" && token.kind !== "}" && token.kind !== "|" && token.kind !== "...")
        setStart(token.text);
      if (token.kind === "}") starts.pop();
      const text =
        token.kind === "variable" || token.kind === "config" ? source.text.slice(begin, token.end) : token.text;
      items.push({ kind: token.kind, text, newlines, flag: bars.has(i) });
      if (token.kind === "{") starts.push(undefined);
      // Parameters are no statement.
      if (token.kind === "|" && bars.has(i)) setStart(undefined);
    }
    last = items.length - 1;
    previous = token;
  });
}

/** Whether the statement ended before this token, with nothing to say so. */
function endsBySelf(previous: Token | undefined, start: string | undefined, token: Token): boolean {
  if (token.kind === ";") return start === "elementclass" && previous?.kind === "}";
  if (start === "elementclass") return previous?.kind === "}";
  return (
    (start === "require" || start === "provide" || start === "define") &&
    previous?.kind === "config" &&
    !["->", "=>", "[", "::", ","].includes(token.kind)
  );
}

/** Puts the comments of a gap; returns the line ends after the last of them. */
function collectComments(gap: string, items: Item[]): number {
  let newlines = 0;
  let i = 0;
  while (i < gap.length) {
    const end = Math.min(skipComment(gap, i), gap.length);
    if (end > i) {
      items.push({ kind: "comment", text: gap.slice(i, end).trimEnd(), newlines });
      newlines = 0;
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

/** Indices of braces and bars between which parameters stand. */
function parameterBars(tokens: readonly Token[]): Set<number> {
  const found = new Set<number>();
  tokens.forEach((token, i) => {
    if (token.kind !== "{" && token.kind !== "||") return;
    let j = i + 1;
    while (["name", "variable", ","].includes(tokens[j]?.kind ?? "")) j++;
    const last = tokens[j - 1]?.kind;
    if (tokens[j]?.kind === "|" && (last === "variable" || last === ",") && j > i + 1) found.add(i).add(j);
  });
  return found;
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
