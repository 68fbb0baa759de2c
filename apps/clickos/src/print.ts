/** What commands print. */
import { printableJson } from "./printable.ts";

/** A line, or several, on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A value as JSON; large integers are numbers. */
export function printJson(value: unknown): void {
  print(printableJson(JSON.stringify(value, (_key, v) => (typeof v === "bigint" ? Number(v) : v), 2)));
}
