/**
 * Gives an element's arguments to what its class takes, as Click does: a word with something after it is a keyword where the
 * class has one of that name; other arguments go by their position. An argument that must be there takes whatever stands in
 * its place; one that need not be there takes nothing that looks like a keyword, which is then unknown.
 */
import type { Argument } from "@clickos/click-language/arguments";
import { closest } from "@clickos/click-language/closest";
import { Mistake, readText } from "./argument-type.ts";
import { type ConfigOf, type ConfigSpec, shownName, signature } from "./config-spec.ts";
import type { Scope } from "./scope.ts";

/** Told of what is wrong with arguments; `undefined` is the element itself. Hints are made only where they are shown. */
export interface ArgumentReport {
  error(argument: Argument | undefined, message: string, hint?: () => string | undefined): void;
  warning(argument: Argument | undefined, message: string): void;
}

const keywordForm = /^([A-Za-z_][\w:.?!]*)\s+(\S[\s\S]*)$/;

/** The names of a specification's arguments, by how they are given. */
interface Places {
  readonly names: readonly string[];
  readonly open: readonly string[];
  readonly rest: string | undefined;
}

const known = new WeakMap<ConfigSpec, Places>();

function placesOf(spec: ConfigSpec): Places {
  let places = known.get(spec);
  if (!places) {
    const names = Object.keys(spec);
    places = {
      names,
      open: names.filter((n) => spec[n]?.kind === "required" || spec[n]?.kind === "positional"),
      rest: names.find((n) => spec[n]?.kind === "rest"),
    };
    known.set(spec, places);
  }
  return places;
}

/** Reads an element's arguments against its specification; every mistake is reported. */
export function readArguments<C extends ConfigSpec>(
  spec: C,
  args: readonly Argument[],
  scope: Scope,
  report: ArgumentReport,
): ConfigOf<C> {
  const { names, open, rest } = placesOf(spec);
  const keywords = (): string[] => names.filter((n) => n !== rest && shownName(n) === n);
  const values: Record<string, unknown> = {};
  const given = new Set<string>();
  const rests: unknown[] = [];

  /** The keyword that may have been meant; `word` is what looks like one. */
  const meant = (word: string | undefined): string | undefined => {
    const near = word === undefined ? undefined : closest(word, keywords());
    return near === undefined ? undefined : `did you mean '${near}'?`;
  };
  const read = (name: string, label: string, argument: Argument, text: string, word?: string): unknown => {
    const value = readText((spec[name] as ConfigSpec[string]).type, text, scope);
    if (!(value instanceof Mistake)) return value;
    report.error(argument, `${label}: ${value.message}`, () => value.hint?.() ?? meant(word));
    return undefined;
  };
  const give = (name: string, argument: Argument, text: string, word?: string): void => {
    const label = shownName(name);
    if (given.has(name)) report.warning(argument, `${label} is given twice; the last one counts`);
    given.add(name);
    values[name] = read(name, label, argument, text, word);
  };

  let position = 0;
  for (const argument of args) {
    const { text } = argument;
    const [, word, value] = keywordForm.exec(text) ?? [];
    const own = word !== undefined && word !== rest && Object.hasOwn(spec, word) ? spec[word] : undefined;
    if (own?.kind === "accepted") {
      if (read(word as string, word as string, argument, value as string) !== undefined)
        report.warning(argument, `${word} changes nothing: ${own.reason}`);
      continue;
    }
    if (own) {
      give(word as string, argument, value as string);
      continue;
    }
    while (position < open.length && given.has(open[position] as string)) position++;
    const next = open[position];
    const kind = next === undefined ? undefined : spec[next]?.kind;
    if (next !== undefined && (kind === "required" || word === undefined)) {
      position++;
      // An empty argument leaves the default in place.
      if (text !== "" || kind === "required") give(next, argument, text, word);
      else given.add(next);
    } else if (rest !== undefined) rests.push(read(rest, `${rest} ${rests.length + 1}`, argument, text, word));
    else if (word !== undefined)
      report.error(argument, `${word}: unknown argument`, () => meant(word) ?? signature(spec));
    else if (text !== rest && Object.hasOwn(spec, text)) report.error(argument, `${text}: the value is missing`);
    else report.error(argument, "too many arguments", () => signature(spec));
  }
  for (const name of names) {
    const its = spec[name] as ConfigSpec[string];
    if (its.kind === "accepted") continue;
    if (its.kind === "required" && !given.has(name))
      report.error(undefined, `argument ${shownName(name)} is missing`, () => signature(spec));
    if (!Object.hasOwn(values, name)) values[name] = name === rest ? rests : its.fallback;
  }
  return values as ConfigOf<C>;
}
