/**
 * Formats a configuration: a statement a line, two spaces an indent, comments kept. Formatting what is formatted
 * changes nothing, and what a configuration means never changes.
 */
import { splitArguments } from "./arguments.ts";
import { Diagnostics, type Source } from "./diagnostics.ts";
import { lex, skipComment, skipQuoted, type Token } from "./lexer.ts";
import { parse } from "./parser.ts";

/** @throws {ConfigurationError} for text that does not parse. */
export function formatConfiguration(source: Source): string {
  const diagnostics = new Diagnostics();
  parse(source, diagnostics);
  diagnostics.throwIfFailed();
  const out = new Output();
  formatRange(source, 0, source.text.length, out);
  return out.text();
}

/** Text being made, a line at a time. */
class Output {
  private readonly lines: string[] = [];
  private line = "";
  depth = 0;
  /** Inside a statement: lines that follow its first are indented further. */
  continued = false;

  get atStart(): boolean {
    return this.line === "";
  }
  put(text: string, spaced: boolean): void {
    if (this.atStart) this.line = "  ".repeat(this.depth) + (this.continued ? "    " : "") + text;
    else this.line += (spaced ? " " : "") + text;
  }
  newline(): void {
    if (!this.atStart) this.lines.push(this.line);
    this.line = "";
  }
  /** Text as it stands, whose further lines are not to be indented. */
  raw(text: string): void {
    this.line += text;
  }
  blank(): void {
    const last = this.lines.at(-1);
    if (last !== undefined && last !== "" && !/[{(|]$/.test(last)) this.lines.push("");
  }
  text(): string {
    this.newline();
    while (this.lines.at(-1) === "") this.lines.pop();
    return this.lines.length > 0 ? `${this.lines.join("\n")}\n` : "";
  }
}

const noSpaceBefore = new Set([";", ",", "]", "config"]);

function formatRange(source: Source, from: number, to: number, out: Output): void {
  const tokens = lex(source, new Diagnostics(), from, to);
  let previous: Token | undefined;
  let gapFrom = from;
  /** What the statement began with, by nesting. */
  const statements: (string | undefined)[] = [undefined];
  const startOf = (): string | undefined => statements.at(-1);
  const endStatement = (): void => {
    if (startOf() !== undefined && !out.atStart) out.put(";", false);
    statements[statements.length - 1] = undefined;
    out.continued = false;
  };
  const parameters = parameterBars(tokens);
  tokens.forEach((token, i) => {
    const start = token.kind === "config" ? token.offset - 1 : token.offset;
    const gap = source.text.slice(gapFrom, start);
    const next = tokens[i + 1];
    gapFrom = token.end;
    const group = token.kind === "config" && !(previous && ["name", "variable", "}"].includes(previous.kind));
    const between = startOf() === undefined;
    // A class with its brace, and what ends with its parenthesis, are statements by themselves.
    const closing = token.kind === "}" || token.kind === "end" || token.kind === "||";
    if (!between && (closing || endsBySelf(previous, startOf(), token))) {
      if (!(startOf() === "elementclass" && previous?.kind === "}")) endStatement();
      else statements[statements.length - 1] = undefined;
      out.continued = false;
      if (token.kind === ";") {
        comments(gap, out, false);
        previous = token;
        return;
      }
      comments(gap, out, true);
      out.newline();
    } else comments(gap, out, between);
    if (startOf() === undefined && token.kind === ";") {
      previous = token;
      return;
    }
    switch (token.kind) {
      case "end":
        out.newline();
        return;
      case "{":
        mark(statements, "{");
        out.put("{", true);
        statements.push(undefined);
        if (parameters.has(i)) out.continued = false;
        else {
          out.newline();
          out.depth++;
          out.continued = false;
        }
        break;
      case "|":
        if (parameters.has(i)) {
          out.put("|", true);
          out.newline();
          out.depth++;
          statements[statements.length - 1] = undefined;
          out.continued = false;
        } else out.put("|", true);
        break;
      case "||":
        out.newline();
        out.depth = Math.max(0, out.depth - 1);
        out.put("||", true);
        if (!parameters.has(i)) {
          if (next?.kind !== "...") out.newline();
          out.depth++;
        }
        break;
      case "...":
        out.put("...", true);
        break;
      case "}":
        if (tokens[i - 1]?.kind === "...") out.put("", false);
        else out.newline();
        out.depth = Math.max(0, out.depth - 1);
        statements.pop();
        out.continued = false;
        out.put("}", true);
        out.continued = startOf() !== undefined && startOf() !== "elementclass";
        if (startOf() === "elementclass") out.continued = false;
        break;
      case ";":
        endStatement();
        if (!hasTrailingComment(source.text, gapFrom)) out.newline();
        break;
      case "config":
        if (group) {
          mark(statements, "(");
          formatGroup(source, token, out);
        } else formatArguments(token.text, out);
        break;
      default: {
        mark(statements, token.text);
        const arrow = token.kind === "->" || token.kind === "=>";
        const after = next ? source.text.slice(token.end, next.kind === "config" ? next.offset - 1 : next.offset) : "";
        if (
          arrow &&
          (gap.includes("\n") || after.includes("\n")) &&
          !out.atStart &&
          previous !== undefined &&
          !between
        ) {
          out.newline();
          out.continued = true;
        }
        const tight =
          noSpaceBefore.has(token.kind) || previous?.kind === "[" || (token.kind === "[" && previous === undefined);
        out.put(token.kind === "variable" ? source.text.slice(token.offset, token.end) : token.text, !tight);
        out.continued = true;
      }
    }
    previous = token;
  });
}

function mark(statements: (string | undefined)[], text: string): void {
  if (statements.at(-1) === undefined) statements[statements.length - 1] = text;
}

/** Whether the statement ended before this token, with nothing to say so. */
function endsBySelf(previous: Token | undefined, start: string | undefined, token: Token): boolean {
  if (start === "elementclass") return previous?.kind === "}";
  return (
    (start === "require" || start === "provide" || start === "define") &&
    previous?.kind === "config" &&
    !["->", "=>", "[", "::", ","].includes(token.kind)
  );
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

function hasTrailingComment(text: string, from: number): boolean {
  return /^[ \t]*\/[/*]/.test(text.slice(from, from + 200));
}

/** Puts the comments and blank lines that stand between two tokens. */
function comments(gap: string, out: Output, between: boolean): void {
  let i = 0;
  let newlines = 0;
  while (i < gap.length) {
    const end = Math.min(skipComment(gap, i), gap.length);
    const lineStart = i === 0 || gap[i - 1] === "\n";
    if (end > i) {
      const comment = gap.slice(i, end).trimEnd();
      const trailing = newlines === 0 && !out.atStart;
      if (!trailing && between) out.newline();
      if (newlines > 1 && between) {
        out.newline();
        out.blank();
      }
      out.put(comment, true);
      const line = comment.startsWith("//");
      const next = gap.slice(end);
      if (line || (between && /^[ \t]*\n/.test(next))) {
        out.newline();
      }
      newlines = line ? 0 : 0;
      i = end;
      // The newline that ends a comment's line is not a blank one.
      const rest = /^[ \t]*\n/.exec(gap.slice(i));
      if (rest) {
        i += rest[0].length;
        newlines = 1;
      }
      continue;
    }
    if (gap[i] === "#" && lineStart) {
      const directive = /^[^\n]*/.exec(gap.slice(i))?.[0] ?? "";
      out.newline();
      out.raw(directive.trimEnd());
      out.newline();
      i += directive.length;
      continue;
    }
    if (gap[i] === "\n") newlines++;
    i++;
  }
  if (between && newlines > 0) out.newline();
  if (newlines > 1 && between) out.blank();
}

/** A group stays on its line when it was written on one and fits. */
function formatGroup(source: Source, token: Token, out: Output): void {
  const inner = new Output();
  formatRange(source, token.offset, token.offset + token.text.length, inner);
  const text = inner.text().trimEnd();
  if (!token.text.includes("\n") && !text.includes("\n")) {
    out.put(`(${text.replace(/;$/, "")})`, true);
    out.continued = true;
    return;
  }
  out.put("(", true);
  out.newline();
  const wasContinued = out.continued;
  out.continued = false;
  out.depth++;
  formatRange(source, token.offset, token.offset + token.text.length, out);
  out.newline();
  out.depth--;
  out.put(")", false);
  out.continued = wasContinued || true;
}

/** Arguments on one line get a space after each comma; those on several keep their lines. */
function formatArguments(text: string, out: Output): void {
  if (hasMultilineString(text)) {
    out.put("(", false);
    out.raw(`${text})`);
    return;
  }
  if (!text.includes("\n")) {
    const commented = /\/[/*]/.test(text);
    const list = commented
      ? text.trim()
      : splitArguments({ text, place: { source: { file: "", text }, offset: 0 } })
          .map((a) => a.text)
          .join(", ");
    out.put(`(${list})`, false);
    return;
  }
  const lines = text.split("\n").map((line) => line.trim());
  const first = lines.shift() ?? "";
  const last = lines.pop() ?? "";
  out.put(`(${first}`, false);
  const was = out.continued;
  out.continued = true;
  for (const line of lines) {
    out.newline();
    if (line !== "") out.put(line, false);
  }
  out.newline();
  if (last === "") out.continued = false;
  out.put(`${last})`, false);
  out.continued = was;
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
