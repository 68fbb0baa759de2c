/** Types of text. */
import { splitWords, unquote } from "@clickos/click-language/arguments";
import { closest } from "@clickos/click-language/closest";
import { type ArgumentType, Mistake } from "./argument-type.ts";

/** The text of one word, its quotes taken off. */
function readWord(text: string): string | undefined {
  return /\s/.test(text) && splitWords(text).length !== 1 ? undefined : unquote(text);
}

/** Text with its quotes taken off, one character a byte. Where there are spaces in it, it stands in quotes. */
export const string: ArgumentType<string> = { expects: "a string; in quotes where it has spaces", parse: readWord };

/** The same as bytes. */
export const bytes: ArgumentType<Uint8Array> = {
  expects: string.expects,
  parse(text) {
    const word = readWord(text);
    return word === undefined ? undefined : Uint8Array.from(word, (ch) => ch.charCodeAt(0));
  },
};

/** The text as it stands; for elements with a language of their own. */
export const raw: ArgumentType<string> = { expects: "text", parse: (text) => text };

/** The name of a file, with its quotes taken off. */
export const filename: ArgumentType<string> = { expects: "a file name", parse: (text) => readWord(text) || undefined };

/** One word of some. */
export function choice<const T extends string>(...words: readonly T[]): ArgumentType<T> {
  return {
    expects: `one of ${words.join(", ")}`,
    parse: (text) =>
      words.find((w) => w === unquote(text).toUpperCase()) ??
      new Mistake(undefined, () => {
        const near = closest(text, words);
        return near === undefined ? undefined : `did you mean ${near}?`;
      }),
  };
}

/** A certain word, and what it stands for. */
export function literal<const T>(word: string, value: T): ArgumentType<T> {
  return { expects: `'${word}'`, parse: (text) => (text === word ? value : undefined) };
}
