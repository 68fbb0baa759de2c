/** Text in the store, whose values have a character a byte. */
export function toBytes(text: string): string {
  // Most of it is the same either way.
  if (!/[^\0-\x7f]/.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join("");
}

export function fromBytes(value: string): string {
  if (!/[^\0-\x7f]/.test(value)) return value;
  return new TextDecoder().decode(Uint8Array.from(value, (c) => c.charCodeAt(0)));
}
