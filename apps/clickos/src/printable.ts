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

/** JSON, for a terminal: the same value, with what would steer it written as escapes. */
export function printableJson(text: string): string {
  return text.replace(steering, (ch) => `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
