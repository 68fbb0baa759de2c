/** Types made of types: words in order, one of several types, lists. Parts are read in the scope of the whole. */
import { splitWords, unquote } from "@clickos/click-language/arguments";
import { type ArgumentType, Mistake, readText, type ValueOf } from "./argument-type.ts";

/** A part of `words` that need not be there. */
export interface OptionalPart<T> extends ArgumentType<T> {
  readonly optional: true;
  readonly fallback: T;
}

/** A part of `words` that may be left out; `fallback` is its value then. */
export function optional<T>(type: ArgumentType<T>): OptionalPart<T | undefined>;
export function optional<T, F>(type: ArgumentType<T>, fallback: F): OptionalPart<T | F>;
export function optional<T>(type: ArgumentType<T>, fallback?: T): OptionalPart<T | undefined> {
  return { expects: type.expects, parse: (text, scope) => type.parse(text, scope), optional: true, fallback };
}

/** Some words, each of one type. As a part of `words`, those that no other part takes. */
export interface ListType<T> extends ArgumentType<readonly T[]> {
  readonly list: true;
  readonly atLeast: number;
}

/** The list may stand in quotes, as an empty one must. */
export function listOf<T>(type: ArgumentType<T>, { atLeast = 0 }: { readonly atLeast?: number } = {}): ListType<T> {
  return {
    expects: `a list, each of which is ${type.expects}`,
    list: true,
    atLeast,
    parse(text, scope) {
      const words = splitWords(/^["']/.test(text) ? unquote(text) : text);
      if (words.length < atLeast) return new Mistake(`expects ${atLeast} or more, each ${type.expects}`);
      const values: T[] = [];
      for (const word of words) {
        const value = readText(type, word, scope);
        if (value instanceof Mistake) return value;
        values.push(value);
      }
      return values;
    },
  };
}

type Parts = Readonly<Record<string, ArgumentType<any>>>;

const isOptional = (part: ArgumentType<any>): part is OptionalPart<any> => "optional" in part;
const isList = (part: ArgumentType<any>): part is ListType<any> => "list" in part;

/**
 * Words in order, each a part with a name: `words({ PREFIX: ipPrefix, GATEWAY: optional(ipAddress, 0), OUTPUT: outputPort })`.
 * Words go to the parts that must be there; those to spare, to the optional ones from the left, and then to a list.
 */
export function words<const P extends Parts>(parts: P): ArgumentType<{ readonly [K in keyof P]: ValueOf<P[K]> }> {
  const entries = Object.entries(parts);
  const least = entries.reduce((n, [, part]) => n + (isOptional(part) ? 0 : isList(part) ? part.atLeast : 1), 0);
  const most = entries.some(([, part]) => isList(part)) ? Number.POSITIVE_INFINITY : entries.length;
  const shape = entries
    .map(([name, part]) => (isOptional(part) ? `[${name}]` : isList(part) ? `${name}...` : name))
    .join(" ");
  return {
    expects: shape,
    parse(text, scope) {
      const given = splitWords(text);
      if (given.length < least || given.length > most) return undefined;
      let spare = given.length - least;
      let at = 0;
      const values: Record<string, unknown> = {};
      for (const [name, part] of entries) {
        if (isOptional(part) && spare === 0) {
          values[name] = part.fallback;
          continue;
        }
        if (isOptional(part)) spare--;
        // Optional parts after a list get nothing of what is to spare.
        const count = isList(part) ? part.atLeast + spare : 1;
        if (isList(part)) spare = 0;
        const value = readText(part, given.slice(at, at + count).join(" "), scope);
        if (value instanceof Mistake) return new Mistake(`${name}: ${value.message}`, value.hint);
        values[name] = value;
        at += count;
      }
      return values as { readonly [K in keyof P]: ValueOf<P[K]> };
    },
  };
}

/** What the first of several types makes of a text. */
export function either<const A extends readonly ArgumentType<any>[]>(...types: A): ArgumentType<ValueOf<A[number]>> {
  return {
    expects: types.map((t) => t.expects).join(" or "),
    parse(text, scope) {
      const mistakes: Mistake[] = [];
      for (const type of types) {
        const value = type.parse(text, scope);
        if (value instanceof Mistake) mistakes.push(value);
        else if (value !== undefined) return value;
      }
      // Where one type alone has more to say than that the text is none of its own, that is what is wrong.
      const telling = mistakes.filter((m) => m.message !== undefined && m.message !== "invalid number");
      if (telling.length === 1) return telling[0];
      return new Mistake(undefined, () => {
        for (const { hint } of mistakes) {
          const found = hint?.();
          if (found !== undefined) return found;
        }
        return undefined;
      });
    },
  };
}
