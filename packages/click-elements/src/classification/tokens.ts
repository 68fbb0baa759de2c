/** The words of a pattern, read one after the other. */
import { PatternError } from "./patterns.ts";

export class Tokens {
  /** Place of the next word. */
  at = 0;
  private readonly words: readonly string[];

  /** @throws {PatternError} where there is a character that no word has. */
  constructor(text: string) {
    this.words = text.match(/\w+\s*\[[^[\]]*\]|\|\||&&|[=!<>]=|[()?!<>=&|]|[^\s()?!<>=&|[\]]+/g) ?? [];
    if (this.words.join("").replace(/\s/g, "") !== text.replace(/\s/g, ""))
      throw new PatternError(`cannot read '${text.trim()}'`);
    if (this.words.length === 0) throw new PatternError("empty pattern");
  }

  get peek(): string | undefined {
    return this.words[this.at];
  }
  ahead(count: number): string | undefined {
    return this.words[this.at + count];
  }
  skip(count: number): void {
    this.at += count;
  }
  accept(...words: readonly string[]): string | undefined {
    const word = this.peek;
    if (word === undefined || !words.includes(word)) return undefined;
    this.at++;
    return word;
  }
}
