/** Reads an element's arguments by their types, and says what is wrong with them, in Click's words and order. */
import type { Argument as PlacedArgument } from "@clickos/click-language/arguments";
import { closest } from "@clickos/click-language/closest";
import { Mistake, readText } from "./argument-type.ts";
import { assignArguments } from "./assign-arguments.ts";
import { type ConfigOf, type ConfigSpec, shownName, signature } from "./config-spec.ts";
import type { Scope } from "./scope.ts";

type Argument = Pick<PlacedArgument, "text">;

/** The argument's index, where something is about one. */
export interface AboutArgument {
  readonly argument?: number;
}

/** Told of what is wrong with arguments; the subject is an argument's name. Hints are made only where they are shown. */
export interface ArgumentReport {
  error(about: AboutArgument, subject: string | undefined, message: string, hint?: () => string | undefined): void;
  warning(about: AboutArgument, subject: string, message: string): void;
  note(about: AboutArgument, subject: string, message: string): void;
}

/**
 * What an argument is that is empty or not given: its default. One that must be given may be empty where that means something, or
 * where it is a number: that is nothing then. In Click it is whatever was there.
 */
function emptyValue(its: ConfigSpec[string], isGiven: boolean, scope: Scope): unknown {
  if (its.kind !== "required") return its.kind === "accepted" ? undefined : its.fallback;
  if (!isGiven) return new Mistake();
  const value = readText(its.type, "", scope);
  return value instanceof Mistake && "stored" in its.type ? readText(its.type, "0", scope) : value;
}

/** Reads an element's arguments against its specification; every mistake is reported. */
export function readArguments<C extends ConfigSpec>(
  spec: C,
  args: readonly Argument[],
  scope: Scope,
  report: ArgumentReport,
): ConfigOf<C> {
  return readSome(spec, spec, args, scope, report) as ConfigOf<C>;
}

/**
 * The same, where keywords come first, wherever they stand among the arguments, as where Click's element consumes them (lib/args.cc):
 * when one is wrong, the others are not looked at.
 */
export function readKeywordsFirst<C extends ConfigSpec>(
  spec: C,
  args: readonly Argument[],
  scope: Scope,
  report: ArgumentReport,
): ConfigOf<C> {
  const some = (keywords: boolean): ConfigSpec =>
    Object.fromEntries(Object.entries(spec).filter(([, its]) => isKeyword(its) === keywords));
  const keywords = some(true);
  const { left } = assignArguments(
    keywords,
    args.map((a) => a.text),
  );
  let failed = false;
  const first = readSome(keywords, spec, args, scope, {
    ...report,
    error(about, subject, message, hint) {
      if (left.some(({ argument }) => argument === about.argument)) return;
      failed = true;
      report.error(about, subject, message, hint);
    },
  });
  if (failed) return first as ConfigOf<C>;
  const place = (about: AboutArgument): AboutArgument =>
    about.argument === undefined ? about : { argument: left[about.argument]?.argument as number };
  const others = left.map(({ argument }) => args[argument] as Argument);
  const second = readSome(some(false), spec, others, scope, {
    error: (about, subject, message, hint) => report.error(place(about), subject, message, hint),
    warning: (about, subject, message) => report.warning(place(about), subject, message),
    note: (about, subject, message) => report.note(place(about), subject, message),
  });
  return { ...first, ...second } as ConfigOf<C>;
}

const isKeyword = ({ kind }: ConfigSpec[string]): boolean => kind === "keyword" || kind === "accepted";

/** Reads what `spec` takes; `whole` is what the element takes in all. */
function readSome(
  spec: ConfigSpec,
  whole: ConfigSpec,
  args: readonly Argument[],
  scope: Scope,
  report: ArgumentReport,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const {
    given: assigned,
    rest,
    left,
  } = assignArguments(
    spec,
    args.map((a) => a.text),
    (name, text) => !(readText((spec[name] as ConfigSpec[string]).type, text, scope) instanceof Mistake),
  );

  /** The keyword that may have been meant; `word` is what looks like one. */
  const meant = (word: string | undefined): string | undefined => {
    const keywords = Object.keys(whole).filter((n) => whole[n]?.kind !== "rest" && shownName(n) === n);
    const near = word === undefined ? undefined : closest(word, keywords);
    return near === undefined ? undefined : `did you mean '${near}'?`;
  };
  const read = (its: ConfigSpec[string], label: string, { argument, text, word }: (typeof rest)[number]): unknown => {
    const value = readText(its.type, text, scope);
    if (value instanceof Mistake) {
      if (value.before !== undefined) report.error({ argument }, label, value.before);
      report.error({ argument }, label, value.message as string, () => meant(word) ?? value.hint?.());
    }
    return value;
  };

  for (const [name, its] of Object.entries(spec)) {
    if (its.kind === "rest") {
      values[name] = rest.map((part, i) => read(its, `${name} ${i + 1}`, part));
      continue;
    }
    const found = assigned.get(name) ?? (its.orFrom === undefined ? undefined : assigned.get(its.orFrom));
    const value = found?.text ? undefined : emptyValue(its, found !== undefined, scope);
    if (value instanceof Mistake)
      report.error({}, shownName(name), "required argument missing", () => signature(whole));
    if (!found?.text) {
      if (its.kind !== "accepted") values[name] = value;
      continue;
    }
    if (its.deprecated) report.warning(found, shownName(name), "argument deprecated");
    const given = read(its, name, found);
    if (its.kind !== "accepted") values[name] = given;
    else if (!(given instanceof Mistake)) report.note(found, shownName(name), `changes nothing: ${its.reason}`);
  }
  for (const { argument, word } of left)
    if (word !== undefined) report.error({ argument }, word, "unknown argument", () => meant(word) ?? signature(whole));
  const surplus = left.find(({ word }) => word === undefined);
  if (surplus) report.error(surplus, undefined, "too many arguments", () => signature(whole));
  return values;
}
