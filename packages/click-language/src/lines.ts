/** Which file and line a place of a text is in. */
import type { Place, Source } from "./diagnostics.ts";

/** A line `# 12 "file"`, which says where the text after it comes from. */
export interface LineDirective {
  readonly offset: number;
  /** The number of the line after it. */
  readonly line: number;
  /** `undefined` for the source's own. */
  readonly file: string | undefined;
}

const directives = new WeakMap<Source, readonly LineDirective[]>();
/** Found once for each source: a text with very many errors is not gone through for each of them. */
const lineStarts = new WeakMap<Source, readonly number[]>();

/** The lexer knows which lines are directives, and not part of a comment or a string. */
export function setLineDirectives(source: Source, list: readonly LineDirective[]): void {
  directives.set(source, list);
}

/** Where lines start; they end in LF, CR LF, or CR. */
function startsOf(source: Source): readonly number[] {
  let starts = lineStarts.get(source);
  if (!starts) {
    starts = [0, ...[...source.text.matchAll(/\r\n|\r|\n/g)].map((m) => m.index + m[0].length)];
    lineStarts.set(source, starts);
  }
  return starts;
}

/** Of ascending numbers, the position of the last that is not greater; -1 where all are. */
function lastUpTo(count: number, at: (i: number) => number, limit: number): number {
  let [low, high] = [-1, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at(middle) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** File, line and column, both from 1, and the line's text. */
export function lineAndColumn(place: Place): {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The line, without its end. */
  readonly text: string;
} {
  const { text, file } = place.source;
  const starts = startsOf(place.source);
  const lineAt = (offset: number): number => lastUpTo(starts.length, (i) => starts[i] as number, offset);
  const offset = Math.min(place.offset, text.length);
  const at = lineAt(offset);
  const start = starts[at] as number;
  const list = directives.get(place.source) ?? [];
  const before = list[lastUpTo(list.length, (i) => (list[i] as LineDirective).offset, offset)];
  return {
    file: before?.file ?? file,
    line: before ? before.line + at - lineAt(before.offset) - 1 : at + 1,
    column: offset - start + 1,
    // Seldom asked for, and a line may be long: thousands of mistakes may stand on one.
    get text() {
      let end = starts[at + 1] ?? text.length;
      while (end > start && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
      return text.slice(start, end);
    },
  };
}

/** `file:line`, as Click writes it: a name that ends in a colon or a space stands for itself. */
export function landmark(place: Place): string {
  const { file, line } = lineAndColumn(place);
  if (line === 0) return file;
  return /[:\s]$/.test(file) ? `${file}${line}` : `${file}:${line}`;
}
