/**
 * Splits a configuration string into arguments, takes quotes and comments out of them, and puts variables in.
 *
 * @packageDocumentation
 */
import type { ConfigText } from "./ast.ts";
import { isSpace } from "./characters.ts";
import { skipCommentsAndSpace, uncommentFrom } from "./comments.ts";
import type { Place } from "./diagnostics.ts";
import { skipComment, skipQuoted } from "./skip.ts";

export { uncomment } from "./comments.ts";
export { type Expander, expand } from "./expand.ts";
export { quote, quoteAlways, unquote } from "./quoting.ts";

/** One argument between commas: its text, trimmed, comments removed, quotes kept; and where it stands. */
export interface Argument {
  readonly text: string;
  readonly place: Place;
}

/** Splits at commas outside quotes and comments. An empty configuration has no arguments; an empty last one is dropped. */
export function splitArguments(config: ConfigText | undefined): Argument[] {
  if (!config) return [];
  const { text } = config;
  const list: Argument[] = [];
  for (let i = 0; i < text.length; i++) {
    const argument = uncommentFrom(text, i, true);
    i = argument.end;
    if (argument.text !== "" || i < text.length)
      list.push({
        text: argument.text,
        place: { source: config.place.source, offset: config.place.offset + argument.start },
      });
  }
  return list;
}

/** The arguments of a text that stands by itself. */
export function splitText(text: string): string[] {
  return splitArguments({ text, place: { source: { file: "", text }, offset: 0 } }).map((a) => a.text);
}

/** Splits at spaces and comments outside quotes: the words of an argument, quotes kept. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let i = skipCommentsAndSpace(text, 0);
  while (i < text.length) {
    const end = endOfWord(text, i);
    words.push(text.slice(i, end));
    i = skipCommentsAndSpace(text, end);
  }
  return words;
}

/** The first word and all that follows it, but for the space between them: Click's `cp_shift_spacevec`. */
export function shiftWord(text: string): [word: string, rest: string] {
  const start = skipCommentsAndSpace(text, 0);
  const end = endOfWord(text, start);
  return [text.slice(start, end), text.slice(skipCommentsAndSpace(text, end))];
}

/** The first word and what follows it, without the space around them. */
export function takeWord(text: string): [word: string, rest: string] {
  const [word, rest] = shiftWord(text);
  return [word, rest.trimEnd()];
}

function endOfWord(text: string, from: number): number {
  let i = from;
  while (i < text.length && !isSpace(text.charCodeAt(i)) && skipComment(text, i) === i)
    i = Math.max(skipQuoted(text, i), i + 1);
  return i;
}
