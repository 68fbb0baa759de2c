/** Values that are written to a handler as words, one for each name. */
import { type ArgumentType, Mistake, readText, type Scope, type ValueOf } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

type Parts = Readonly<Record<string, ArgumentType<any>>>;

/** Reads them all; throws what is wrong with each, a line each. Those that `usual` has need not be there. */
export function readWords<const P extends Parts>(
  text: string,
  parts: P,
  scope: Scope,
  usual: { readonly [K in keyof P]?: ValueOf<P[K]> } = {},
): { readonly [K in keyof P]: ValueOf<P[K]> } {
  const words = splitWords(text);
  const problems: string[] = [];
  const entries = Object.entries(parts).map(([name, type], i) => {
    const word = words[i];
    if (word === undefined && Object.hasOwn(usual, name)) return [name, usual[name]] as const;
    const value = word === undefined ? new Mistake("required argument missing") : readText(type, word, scope);
    if (value instanceof Mistake) problems.push(`${name}: ${value.message}`);
    return [name, value] as const;
  });
  if (words.length > entries.length) problems.push("too many arguments");
  if (problems.length > 0) throw problems.join("\n");
  return Object.fromEntries(entries) as { readonly [K in keyof P]: ValueOf<P[K]> };
}
