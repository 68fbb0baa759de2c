/** How commands read the values of options that need nothing of what options are about. */
import { InvalidArgumentError } from "commander";

/** Collects options that are given several times. */
export function collect(value: string, list: string[] = []): string[] {
  return [...list, value];
}

/** A number that is not negative. */
export function number(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("expected a number");
  return Number(text);
}
