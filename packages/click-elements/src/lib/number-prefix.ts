/** Numbers at a place in a text, as Click's parsers of files read them. */

const largest = 0xffffffff;

export interface NumberPrefix {
  /** The number, or the largest of 32 bits where it is larger. */
  readonly value: number;
  /** Where the text goes on; the place itself where there is no number. */
  readonly end: number;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? letter - 0x61 + 10 : 99;
}

/**
 * Reads the number that starts at a place and ends before another one. Base 0 is for decimal numbers, those in hexadecimal after `0x`, in
 * binary after `0b`, and in octal after `0`. A sign `+` is passed over, and so are single `_` between digits.
 */
export function numberAt(text: string, at: number, end: number, base: 0 | 10 | 16 = 0): NumberPrefix {
  let from = at;
  let radix: number = base;
  if (from < end && text[from] === "+") from++;
  const mark = from + 2 < end && text[from] === "0" ? text[from + 1]?.toLowerCase() : undefined;
  if (base !== 10 && mark === "x") {
    from += 2;
    radix = 16;
  } else if (base === 0 && mark === "b") {
    from += 2;
    radix = 2;
  } else if (base === 0) radix = text[from] === "0" ? 8 : 10;
  let value = 0;
  let last = from;
  for (let i = from; i < end; i++) {
    const digit = digitOf(text.charCodeAt(i));
    if (digit < radix) {
      value = Math.min(value * radix + digit, largest + 1);
      last = i + 1;
    } else if (text[i] !== "_" || last !== i || i === from) break;
  }
  // A mark without digits behind it is a zero and a letter.
  if (last === from) return from > at + 1 ? { value: 0, end: from - 1 } : { value: 0, end: at };
  return { value: Math.min(value, largest), end: last };
}

export function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}
