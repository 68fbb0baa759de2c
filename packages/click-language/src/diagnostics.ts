/** Errors and warnings with their place in the configuration, all reported together. */
import { landmark, lineAndColumn } from "./lines.ts";

/** A source text with a name for messages. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Messages name it without a line. */
  readonly lineless?: boolean;
}

/** A place in a source; `offset` counts UTF-16 units from 0. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

/** An element that says something while it is configured or initialized: one object an element and a stage. */
export interface Section {
  readonly stage: "configuring" | "initializing";
  /** `name :: Class`. */
  readonly element: string;
  /** Where the element's name starts, or its class where it has no name. */
  readonly place: Place;
}

export interface Diagnostic {
  /** A complaint reads as an error, and stops nothing. A note is what Click would not say; its form leaves notes out. */
  readonly severity: "error" | "complaint" | "warning" | "note";
  /** What is wrong, in Click's words where Click has some. */
  readonly message: string;
  /** What it is about: in an element's section, the argument. */
  readonly place: Place | undefined;
  /** What to do about it. */
  readonly hint?: string;
  /** The element that says it. */
  readonly section?: Section;
  /** What stands in front of the message, and of the word "warning": the name of an argument. */
  readonly subject?: string;
  /** What is written instead of the place's file and line: those of another file, such as `dump:3`; nothing where it is empty. */
  readonly landmark?: string;
}

/** What a diagnostic may have beside its message. */
export type DiagnosticDetails = Pick<Diagnostic, "hint" | "section" | "subject" | "landmark">;

export { landmark, lineAndColumn };

/** Characters that are shown of a line, and of a message: texts from outside have lines of any length. */
const maximumLine = 240;
const maximumMessage = 1000;

const dots = "...";

/** The part of a line that a column is in, and where it is there. */
function excerpt(text: string, column: number): { text: string; column: number } {
  if (text.length <= maximumLine) return { text, column };
  const from = Math.max(0, Math.min(column - 1 - (maximumLine >> 1), text.length - maximumLine));
  const to = from + maximumLine;
  const before = from > 0 ? dots : "";
  return {
    text: `${before}${text.slice(from, to)}${to < text.length ? dots : ""}`,
    column: column - from + before.length,
  };
}

function clipped(message: string): string {
  return message.length <= maximumMessage ? message : `${message.slice(0, maximumMessage)}${dots}`;
}

function prefixed(where: string, indent: string, text: string): string {
  const before = (where === "" ? "" : `${where}: `) + indent;
  return text.replace(/^/gm, before);
}

/** The lines that Click writes of a diagnostic. */
function clickLines(d: Diagnostic): string {
  const where = d.landmark ?? (d.section || !d.place ? "" : landmark(d.place));
  const subject = d.subject ? `${d.subject}: ` : "";
  const severity = d.severity === "error" || d.severity === "complaint" ? "" : `${d.severity}: `;
  return prefixed(where, d.section ? "  " : "", subject + severity + d.message);
}

/** The line that something is about, with a caret under it, and the hint. Long lines are shown around the place. */
function details(d: Diagnostic): string[] {
  const lines: string[] = [];
  if (d.place) {
    const { file, line, column, text } = lineAndColumn(d.place);
    const shown = excerpt(text, column);
    const caret = shown.text.slice(0, shown.column - 1).replace(/[^\t]/g, " ");
    const same = lineAndColumn(d.section?.place ?? d.place).file === file;
    const gutter = `  ${same ? "" : `${file}:`}${line}:${column} | `;
    lines.push(gutter + shown.text, `${" ".repeat(gutter.length - 2)}| ${caret}^`);
  }
  if (d.hint) lines.push(`  hint: ${d.hint}`);
  return lines;
}

/** Errors after this many get no hints, and are not shown in the text: that costs more than it helps. */
const manyErrors = 200;

export interface DiagnosticsFormat {
  /** Click's lines alone; without it, each is followed by the text that it is about, and by a hint. */
  readonly plain?: boolean;
  /** Names stand in curly quotes. */
  readonly curly?: boolean;
}

const curled = (text: string): string => text.replace(/'([^'\n]*)'/g, "\u2018$1\u2019");

function sectionLandmark(place: Place): string {
  return place.source.lineless ? place.source.file : landmark(place);
}

/**
 * Diagnostics as Click writes them: `file:line: message`; what elements say while they are configured or initialized is
 * indented under a line that names the element.
 */
export function formatDiagnostics(list: readonly Diagnostic[], format: DiagnosticsFormat = {}): string {
  const lines: string[] = [];
  const click = format.curly ? (text: string) => lines.push(curled(text)) : (text: string) => lines.push(text);
  const begun = new Set<Section>();
  let shown = 0;
  for (const d of list) {
    const { section } = d;
    if (format.plain && d.severity === "note") continue;
    if (section && !begun.has(section)) {
      begun.add(section);
      click(`${sectionLandmark(section.place)}: While ${section.stage} '${section.element}':`);
    }
    click(clickLines(d));
    // Of very many, the text that they are about is no help.
    if (!format.plain && shown++ < manyErrors) lines.push(...details(d));
  }
  return lines.join("\n");
}

/** One diagnostic; see `formatDiagnostics`. */
export function formatDiagnostic(d: Diagnostic, format?: DiagnosticsFormat): string {
  return formatDiagnostics([d], format);
}

/** Characters of all messages that are kept, so many for each in addition to its text. */
const maximumText = 16 << 20;
const perMessage = 64;

/** Collects what is wrong with a configuration. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  /** The configuration was read; what is wrong is said of the router that it describes. */
  parsed = false;
  private errors = 0;
  private characters = 0;

  /** `more` is a hint, or more than that. */
  error(place: Place | undefined, message: string, more?: string | DiagnosticDetails): void {
    this.errors++;
    this.add("error", place, message, more);
  }
  /** What is wrong, and may stay so. */
  complaint(place: Place | undefined, message: string, more?: string | DiagnosticDetails): void {
    this.add("complaint", place, message, more);
  }
  warning(place: Place | undefined, message: string, more?: string | DiagnosticDetails): void {
    this.add("warning", place, message, more);
  }
  /** Something failed that says nothing. */
  fail(): void {
    this.errors++;
  }
  /** What Click would not say. */
  note(place: Place | undefined, message: string, more?: string | DiagnosticDetails): void {
    this.add("note", place, message, more);
  }
  private add(
    severity: Diagnostic["severity"],
    place: Place | undefined,
    message: string,
    more?: string | DiagnosticDetails,
  ): void {
    if (this.characters > maximumText) return;
    const text = clipped(message);
    this.characters += text.length + perMessage;
    const { hint, ...rest } = typeof more === "string" ? { hint: more } : (more ?? {});
    this.list.push({ severity, message: text, place, ...rest, ...(hint === undefined ? {} : { hint: clipped(hint) }) });
    if (this.characters > maximumText)
      this.list.push({ severity: "error", message: "and more; these are the first", place: undefined });
  }
  /** Whether more errors are of use: after some, looking for hints costs more than it helps. */
  get crowded(): boolean {
    return this.errors >= manyErrors;
  }
  get count(): number {
    return this.errors;
  }
  get failed(): boolean {
    return this.errors > 0;
  }
  /** @throws {ConfigurationError} when there is an error. */
  throwIfFailed(): void {
    if (this.failed) throw new ConfigurationError(this.list, this.parsed);
  }
}

/** A configuration with errors in it; `message` is all of them, formatted. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "BAD_CONFIGURATION";
  readonly diagnostics: readonly Diagnostic[];
  /** The configuration was read; what is wrong is said of the router that it describes. */
  readonly parsed: boolean;
  constructor(diagnostics: readonly Diagnostic[], parsed = true) {
    super(formatDiagnostics(diagnostics));
    this.diagnostics = diagnostics;
    this.parsed = parsed;
  }
  /** What Click writes, up to its last line. */
  report(format: DiagnosticsFormat = { plain: true }): string {
    const text = formatDiagnostics(this.diagnostics, format);
    const closing = this.parsed ? "Router could not be initialized!" : "";
    return [text, closing].filter((part) => part !== "").join("\n");
  }
}
