/**
 * Gives an element's arguments to what its class takes, as Click does: a word with something after it is a keyword where the
 * class has one of that name; other arguments go by their position. An argument that must be there takes whatever stands in
 * its place; one that need not be there takes nothing that looks like a keyword, which is then unknown.
 */
import type { ConfigSpec } from "./config-spec.ts";

/** What an argument was given to. */
export interface Assignment {
  /** The name; `undefined` where there is no place for the argument. */
  readonly name: string | undefined;
  /** The text without its keyword. */
  readonly text: string;
  /** What looks like a keyword, and is none. */
  readonly word: string | undefined;
}

const keywordForm = /^([A-Za-z_][\w:.?!]*)\s+(\S[\s\S]*)$/;

/** The names of a specification's arguments, by how they are given. */
interface Places {
  readonly open: readonly string[];
  readonly rest: string | undefined;
}

const known = new WeakMap<ConfigSpec, Places>();

function placesOf(spec: ConfigSpec): Places {
  let places = known.get(spec);
  if (!places) {
    const names = Object.keys(spec);
    places = {
      open: names.filter((n) => spec[n]?.kind === "required" || spec[n]?.kind === "positional"),
      rest: names.find((n) => spec[n]?.kind === "rest"),
    };
    known.set(spec, places);
  }
  return places;
}

export function assignArguments(spec: ConfigSpec, texts: readonly string[]): Assignment[] {
  const { open, rest } = placesOf(spec);
  const given = new Set<string>();
  let position = 0;
  return texts.map((text) => {
    const [, word, value = ""] = keywordForm.exec(text) ?? [];
    if (word !== undefined && word !== rest && Object.hasOwn(spec, word)) {
      given.add(word);
      return { name: word, text: value, word: undefined };
    }
    while (position < open.length && given.has(open[position] as string)) position++;
    const next = open[position];
    if (next !== undefined && (word === undefined || spec[next]?.kind === "required")) {
      given.add(next);
      return { name: next, text, word };
    }
    return { name: rest, text, word };
  });
}

/** The arguments with another text for one of them, in the place that it has; one that was not given gets its keyword. */
export function withArgument(spec: ConfigSpec, texts: readonly string[], name: string, text: string): string[] {
  const at = assignArguments(spec, texts).findLastIndex((a) => a.name === name);
  if (at < 0) return [...texts, `${name} ${text}`];
  const byPosition = !texts[at]?.startsWith(`${name} `) && text !== "" && !keywordForm.test(text);
  return texts.with(at, byPosition ? text : `${name} ${text}`);
}
