/** Integers that are written to the router's own handlers: decimal, or with `0x`, `0b` or `0` in front. */
const integer = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/;

/** The integer; `undefined` where the text is none. */
export function readInteger(text: string): number | undefined {
  if (!integer.test(text)) return undefined;
  const value = Number(text.replace(/^[+-]/, "").replace(/^0(?=[0-7])/, "0o"));
  return text.startsWith("-") ? -value : value;
}
