/** Errors and warnings with their place in the configuration, all reported together. */

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

/** Line and column, both from 1. */
export function lineAndColumn(place: Place): { line: number; column: number; text: string } {
  const { text } = place.source;
  const offset = Math.min(place.offset, text.length);
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line++;
  return { line, column: offset - start + 1, text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, "") };
}

/** `file:line:col: message`, the line, a caret under the place, and the hint. */
export function formatDiagnostic(d: Diagnostic): string {
  const tag = d.severity === "warning" ? "warning: " : "";
  const hint = d.hint ? `\n  hint: ${d.hint}` : "";
  if (!d.place) return `${tag}${d.message}${hint}`;
  const { line, column, text } = lineAndColumn(d.place);
  const caret = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `${d.place.source.file}:${line}:${column}: ${tag}${d.message}\n  ${text}\n  ${caret}^${hint}`;
}

/** Collects what is wrong with a configuration. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];

  error(place: Place | undefined, message: string, hint?: string): void {
    this.list.push({ severity: "error", message, place, ...(hint === undefined ? {} : { hint }) });
  }
  warning(place: Place | undefined, message: string): void {
    this.list.push({ severity: "warning", message, place });
  }
  get failed(): boolean {
    return this.list.some((d) => d.severity === "error");
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
    super(
      [...diagnostics]
        .sort((a, b) => (a.place?.offset ?? -1) - (b.place?.offset ?? -1))
        .map(formatDiagnostic)
        .join("\n"),
    );
    this.diagnostics = diagnostics;
  }
}

/** The candidate closest to `name` by edit distance, if any is close. */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const d = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (next[j - 1] as number) + 1,
          (row[j] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] as number;
}
