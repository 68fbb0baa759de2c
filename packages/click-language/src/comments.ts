/** Takes comments out of argument texts. */
import { isSpace } from "./characters.ts";
import { skipComment, skipQuoted } from "./skip.ts";

/** A text without its comments and the space around it, and where it starts and ends. */
export interface Uncommented {
  readonly text: string;
  /** Where the text starts: at its first character that is neither space nor in a comment. */
  readonly start: number;
  /** Where the reading ended: at a comma, or at the end. */
  readonly end: number;
}

/** The text from `from`, up to the next comma where it is one of several. A comment between words stands for a space. */
export function uncommentFrom(text: string, from: number, toComma: boolean): Uncommented {
  const start = skipCommentsAndSpace(text, from);
  let out = "";
  let left = start;
  let right = start;
  let afterComment = false;
  let i = start;
  while (i < text.length) {
    if (isSpace(text.charCodeAt(i))) {
      i++;
      continue;
    }
    const comment = skipComment(text, i);
    if (comment > i) {
      i = comment;
      afterComment = true;
      continue;
    }
    if (toComma && text[i] === ",") break;
    if (afterComment) {
      out += `${text.slice(left, right)} `;
      left = i;
      afterComment = false;
    }
    i = Math.max(skipQuoted(text, i), i + 1);
    right = i;
  }
  return { text: out + text.slice(left, right), start, end: i };
}

export function uncomment(text: string): string {
  return uncommentFrom(text, 0, false).text;
}

export function skipCommentsAndSpace(text: string, from: number): number {
  let i = from;
  for (;;) {
    while (i < text.length && isSpace(text.charCodeAt(i))) i++;
    const comment = skipComment(text, i);
    if (comment === i) return i;
    i = comment;
  }
}
