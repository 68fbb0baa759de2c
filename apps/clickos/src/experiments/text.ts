/** Results as text: tables for the terminal, CSV, JSON. */
import { table } from "../table.ts";
import type { Cell, Column, Comparison, Outcome, Report, ResultTable } from "./experiment.ts";

/** A number with three significant digits, or as many decimals as are asked for; large ones with all their digits. */
export function numberText(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits =
    decimals ?? (Number.isInteger(value) || value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function cellText(cell: Cell | undefined, column: Column): string {
  return typeof cell === "number" ? numberText(cell, column.decimals) : (cell ?? "–");
}

export const columnTitle = ({ title, unit }: Column): string => (unit === undefined ? title : `${title}, ${unit}`);

/** Whether a column's cells are numbers, as far as there are any. */
export function isNumeric(column: Column, { rows }: ResultTable): boolean {
  return rows.every((row) => typeof row[column.key] !== "string");
}

function tableText(content: ResultTable): string {
  const { columns, rows } = content;
  const cells = [columns.map(columnTitle), ...rows.map((row) => columns.map((c) => cellText(row[c.key], c)))];
  const padded = cells.map((line) =>
    line.map((cell, i) => {
      const width = Math.max(...cells.map((other) => (other[i] as string).length));
      return isNumeric(columns[i] as Column, content) ? cell.padStart(width) : cell;
    }),
  );
  return `${content.title}\n${table(padded)}`;
}

export function comparisonText({ what, unit, ours, paper, ratio, better, whose = "the paper’s" }: Comparison): string {
  const times = (n: number): string => numberText(n, n >= 10 ? 0 : undefined);
  const verdict =
    better === "less"
      ? ratio <= 1
        ? `${times(1 / ratio)} times less`
        : `${times(ratio)} times more`
      : ratio >= 1
        ? `${times(ratio)} times as much`
        : `${numberText(ratio * 100, 0)}% of it`;
  return `${what}: ${numberText(ours)} ${unit}; ${whose} ${numberText(paper)} ${unit}; ${verdict} (ratio ${numberText(ratio)})`;
}

export function outcomeText({ experiment, result, skipped, seconds }: Outcome): string {
  const head = `${experiment.name}: ${experiment.title}`;
  if (!result) return `${head}\n  skipped: ${skipped}`;
  return [
    `${head} (${numberText(seconds, 1)} s)`,
    ...result.tables.map((t) => `\n${tableText(t)}`),
    "",
    ...(result.comparisons.length > 0
      ? result.comparisons.map((c) => `  ${comparisonText(c)}`)
      : ["  no figure of the paper’s to compare with"]),
    ...(result.notes ?? []).map((note) => `  ${note}`),
  ].join("\n");
}

/** Text for HTML and XML, attributes too. */
export function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** RFC 4180. A name that a spreadsheet would take for a formula is text there: it begins with an apostrophe. */
export function tableCsv({ columns, rows }: ResultTable): string {
  const field = (cell: Cell | undefined): string => {
    if (typeof cell !== "string") return cell === null || cell === undefined || Number.isNaN(cell) ? "" : String(cell);
    const safe = /^[=+@\t\r-]/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map((c) => field(columnTitle(c))), ...rows.map((row) => columns.map((c) => field(row[c.key])))]
    .map((line) => `${line.join(",")}\r\n`)
    .join("");
}

/** An outcome as plain data. */
function outcomeData({ experiment, result, skipped, seconds }: Outcome): object {
  const { name, title, paper, setup, differs } = experiment;
  return { name, title, paper, setup, differs, seconds, ...(skipped === undefined ? { ...result } : { skipped }) };
}

/** What `--json` writes: the run, and each experiment with its tables. */
export function reportJson({ run, outcomes }: Report): string {
  return `${JSON.stringify({ run, experiments: outcomes.map(outcomeData) }, null, 2)}\n`;
}
