/** Errors and warnings with their place in the configuration, all reported together. */
import { lineAndColumn } from "./lines.ts";

/** A source text with a name for messages. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A place in a source; `offset` counts UTF-16 units from 0. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly place: Place | undefined;
  /** What to do about it. */
  readonly hint?: string;
}

export { lineAndColumn };

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

/** `file:line:col: message`, the line, a caret under the place, and the hint. Long lines are shown around the place. */
export function formatDiagnostic(d: Diagnostic): string {
  const tag = d.severity === "warning" ? "warning: " : "";
  const hint = d.hint ? `\n  hint: ${d.hint}` : "";
  if (!d.place) return `${tag}${d.message}${hint}`;
  const { file, line, column, text } = lineAndColumn(d.place);
  const shown = excerpt(text, column);
  const caret = shown.text.slice(0, shown.column - 1).replace(/[^\t]/g, " ");
  return `${file}:${line}:${column}: ${tag}${d.message}\n  ${shown.text}\n  ${caret}^${hint}`;
}

/** Errors after this many are counted and not kept. */
const maximumErrors = 200;

/** Collects what is wrong with a configuration. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  private errors = 0;

  error(place: Place | undefined, message: string, hint?: string): void {
    if (++this.errors <= maximumErrors)
      this.list.push({ severity: "error", message: clipped(message), place, ...(hint === undefined ? {} : { hint }) });
    else if (this.errors === maximumErrors + 1)
      this.list.push({ severity: "error", message: "and more; these are the first", place: undefined });
  }
  warning(place: Place | undefined, message: string, hint?: string): void {
    if (this.list.length <= 2 * maximumErrors)
      this.list.push({
        severity: "warning",
        message: clipped(message),
        place,
        ...(hint === undefined ? {} : { hint }),
      });
  }
  /** Whether more errors are of use: after that many, looking for hints costs more than it helps. */
  get crowded(): boolean {
    return this.errors >= maximumErrors;
  }
  /** Errors, those that are not kept included. */
  get count(): number {
    return this.errors;
  }
  get failed(): boolean {
    return this.errors > 0;
  }
  /** @throws {ConfigurationError} when there is an error. */
  throwIfFailed(): void {
    if (this.failed) throw new ConfigurationError(this.list);
  }
}

/** A configuration with errors in it; `message` is all of them, formatted. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code = "BAD_CONFIGURATION";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join("\n"));
    this.diagnostics = diagnostics;
  }
}
