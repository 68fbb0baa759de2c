/** Kinds of characters, as C's `isspace` and `isalnum` tell them in the "C" locale. */

/** Space, tab, newline, vertical tab, form feed, carriage return; no other. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Letters and digits of ASCII, and the underscore. */
export function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}

/** What names of elements and classes are made of, beside the slashes between their components. */
export function isNameCharacter(code: number): boolean {
  return isWord(code) || code === 64;
}

export function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}
