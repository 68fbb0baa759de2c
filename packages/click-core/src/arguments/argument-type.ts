/** What a type of argument is: how it reads a text, and what it says of one that it cannot read. */
import type { Scope } from "./scope.ts";

/** Reads texts of one kind. Types are made of others: a part of a text is read in the same scope as the whole. */
export interface ArgumentType<T> {
  /** What is expected, for messages: "an IP address". */
  readonly expects: string;
  /** The value; `undefined` where the text is not what is expected, or a `Mistake` where more can be said. */
  parse(text: string, scope: Scope): T | Mistake | undefined;
}

/** What a type gives. */
export type ValueOf<A> = A extends ArgumentType<infer T> ? T : never;

/** What is wrong with a text. */
export class Mistake {
  /** Click's words; "parse error" when absent. */
  readonly message: string | undefined;
  /** What may have been meant; looked for only where it is shown. When absent, it says what the type expects. */
  readonly hint: (() => string | undefined) | undefined;
  /** What Click says of the text in a line before that. */
  readonly before: string | undefined;
  constructor(message?: string, hint?: () => string | undefined, before?: string) {
    this.message = message;
    this.hint = hint;
    this.before = before;
  }
}

/** Reads a text; a mistake has a message. */
export function readText<T>(type: ArgumentType<T>, text: string, scope: Scope): T | Mistake {
  const value: unknown = type.parse(text, scope);
  if (value !== undefined && !(value instanceof Mistake)) return value as T;
  const expected = (): string => `'${text}' is not ${type.expects}`;
  if (value === undefined) return new Mistake("parse error", expected);
  return new Mistake(value.message ?? "parse error", () => value.hint?.() ?? expected(), value.before);
}
