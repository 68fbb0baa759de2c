/** Text that came from files, for a terminal: what would steer the terminal is shown as its code instead. */

/** Control characters other than tab and line feed, and those that turn the direction of text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const steering = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(steering, (ch) => {
    const code = ch.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** Text as it stands in a configuration, a character a byte: UTF-8. */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The other way round; what is no UTF-8, or has characters already, is left as it is. */
export function asCharacters(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}

/** JSON, for a terminal: the same value, with what would steer it written as escapes. */
export function printableJson(text: string): string {
  return text.replace(steering, (ch) => `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
