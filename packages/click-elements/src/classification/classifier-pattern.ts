/** Classifier's patterns: `-`, or clauses OFFSET/VALUE%MASK with `!` before those that must not match. */
import { everything, join, type MatchTree, negation, word } from "./match-tree.ts";
import type { Report } from "./patterns.ts";

const isBlank = /[ \t\n\v\f\r]/;

/** A hexadecimal digit and which of its bits count; `?` is any digit. */
function digit(ch: string): { value: number; mask: number } {
  return ch === "?" ? { value: 0, mask: 0 } : { value: Number.parseInt(ch, 16), mask: 15 };
}

/** Reads a pattern; `align` is how many bytes before the packet's data words are counted from. */
export function readClassifierPattern(text: string, align: number, report: Report): MatchTree {
  if (text === "-") return everything;
  const clauses: (MatchTree | undefined)[] = [];
  let at = 0;
  const blanks = (): void => {
    while (at < text.length && isBlank.test(text[at] as string)) at++;
  };
  /** What of the text from here on is of some characters. */
  const take = (of: RegExp): string => {
    const first = at;
    while (at < text.length && of.test(text[at] as string)) at++;
    return text.slice(first, at);
  };
  for (blanks(); at < text.length; blanks()) {
    const negated = text[at] === "!";
    if (negated) {
      at++;
      blanks();
    }
    const offset = take(/\d/);
    if (offset === "") {
      report.error("expected a digit");
      break;
    }
    if (text[at] !== "/") {
      report.error("expected '/'");
      break;
    }
    at++;
    let value = take(/[0-9a-f?]/i);
    let mask: string | undefined;
    if (text[at] === "%") {
      at++;
      mask = take(/[0-9a-f?]/i);
    }
    if (value.length < 2) {
      report.error("value has less than 2 hex digits");
      value = "";
      mask &&= "";
    }
    if (value.length % 2 !== 0) {
      report.error("value has odd number of hex digits");
      value = value.slice(0, -1);
      mask = mask?.slice(0, -1);
    }
    if (mask !== undefined && mask.length !== value.length) {
      report.error(`mask has too ${mask.length > value.length ? "many" : "few"} hex digits`);
      continue;
    }
    const clause = clauseTree((Number(offset) + align) >>> 0, value, mask);
    clauses.push(clause && negated ? negation(clause, false) : clause);
  }
  return join("and", clauses) ?? everything;
}

/** Words of four bytes, those of a packet's data that the value is in. */
function clauseTree(offset: number, value: string, mask: string | undefined): MatchTree | undefined {
  const words = new Map<number, { value: number; mask: number }>();
  for (let i = 0; i < value.length; i++) {
    const { value: v, mask: m } = digit(value[i] as string);
    const masked = mask === undefined ? undefined : digit(mask[i] as string);
    const bits = masked ? m & masked.value & masked.mask : m;
    const at = offset * 2 + i;
    const start = Math.floor(at / 8) * 4;
    const shift = 28 - 4 * (at % 8);
    const before = words.get(start) ?? { value: 0, mask: 0 };
    words.set(start, { value: before.value | ((v & bits) << shift), mask: before.mask | (bits << shift) });
  }
  return join(
    "and",
    [...words].map(([start, { value, mask }]) => word(start & 0xffff, value, mask)),
  );
}
