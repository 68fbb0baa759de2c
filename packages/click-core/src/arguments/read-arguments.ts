/** Reads an element's arguments by their types, and says what is wrong with them. */
import type { Argument } from "@clickos/click-language/arguments";
import { closest } from "@clickos/click-language/closest";
import { Mistake, readText } from "./argument-type.ts";
import { assignArguments } from "./assign-arguments.ts";
import { type ConfigOf, type ConfigSpec, shownName, signature } from "./config-spec.ts";
import type { Scope } from "./scope.ts";

/** Told of what is wrong with arguments; `undefined` is the element itself. Hints are made only where they are shown. */
export interface ArgumentReport {
  error(argument: Argument | undefined, message: string, hint?: () => string | undefined): void;
  warning(argument: Argument | undefined, message: string): void;
}

/** Reads an element's arguments against its specification; every mistake is reported. */
export function readArguments<C extends ConfigSpec>(
  spec: C,
  args: readonly Argument[],
  scope: Scope,
  report: ArgumentReport,
): ConfigOf<C> {
  const values: Record<string, unknown> = {};
  const rests: unknown[] = [];
  const given = new Set<string>();

  /** The keyword that may have been meant; `word` is what looks like one. */
  const meant = (word: string | undefined): string | undefined => {
    const keywords = Object.keys(spec).filter((n) => spec[n]?.kind !== "rest" && shownName(n) === n);
    const near = word === undefined ? undefined : closest(word, keywords);
    return near === undefined ? undefined : `did you mean '${near}'?`;
  };

  assignArguments(
    spec,
    args.map((a) => a.text),
  ).forEach(({ name, text, word }, i) => {
    const argument = args[i] as Argument;
    if (name === undefined) {
      if (word !== undefined) report.error(argument, `${word}: unknown argument`, () => meant(word) ?? signature(spec));
      else if (Object.hasOwn(spec, text)) report.error(argument, `${text}: the value is missing`);
      else report.error(argument, "too many arguments", () => signature(spec));
      return;
    }
    const its = spec[name] as ConfigSpec[string];
    const label = its.kind === "rest" ? `${name} ${rests.length + 1}` : shownName(name);
    if (its.kind !== "rest" && its.kind !== "accepted") {
      if (given.has(name)) report.warning(argument, `${label} is given twice; the last one counts`);
      given.add(name);
    }
    // An empty argument leaves the default in place.
    if (text === "" && its.kind === "positional") return;
    const value = readText(its.type, text, scope);
    if (value instanceof Mistake)
      report.error(argument, `${label}: ${value.message}`, () => value.hint?.() ?? meant(word));
    else if (its.kind === "accepted") report.warning(argument, `${label} changes nothing: ${its.reason}`);
    if (its.kind === "rest") rests.push(value);
    else if (its.kind !== "accepted") values[name] = value;
  });
  for (const [name, its] of Object.entries(spec)) {
    if (its.kind === "required" && !given.has(name))
      report.error(undefined, `argument ${shownName(name)} is missing`, () => signature(spec));
    if (its.kind !== "accepted" && !Object.hasOwn(values, name))
      values[name] = its.kind === "rest" ? rests : its.fallback;
  }
  return values as ConfigOf<C>;
}
