/** Tables of text for the terminal. */
import { printable } from "./printable.ts";

/** Aligns columns: numbers to the right, text to the left. */
export function table(content: readonly (readonly (string | number)[])[], indent = "  "): string {
  const rows = content.map((row) => row.map((cell) => (typeof cell === "number" ? cell : printable(cell))));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
    });
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        typeof cell === "number" ? String(cell).padStart(widths[i] ?? 0) : String(cell).padEnd(widths[i] ?? 0),
      );
      return `${indent}${cells.join("  ")}`.trimEnd();
    })
    .join("\n");
}

/** Microseconds with a sensible number of digits. */
export function microseconds(us: number): string {
  return us >= 1000 ? `${(us / 1000).toFixed(2)} ms` : `${us.toFixed(0)} µs`;
}

/** Bytes in KiB or MiB. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
