/** The words of an IP pattern: operators and brackets are words by themselves, and so is any other character. */

const twoCharacters = new Set(["&&", "||", "<=", ">=", "!=", "=="]);
const oneCharacter = new Set([..."&|<>!=()[],;?"]);
const isWord = /[\w.@/:-]/;
const isBlank = /[ \t\n\v\f\r]/;

export function ipWords(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    while (at < text.length && isBlank.test(text[at] as string)) at++;
    const first = text[at] ?? "";
    let end = at + 1;
    if (oneCharacter.has(first)) {
      if (twoCharacters.has(text.slice(at, at + 2))) end++;
    } else if (isWord.test(first)) while (end < text.length && isWord.test(text[end] as string)) end++;
    // Blanks at the end are an empty word.
    words.push(text.slice(at, end));
    at = end;
  }
  return words;
}
