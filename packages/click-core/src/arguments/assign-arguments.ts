/**
 * Gives an element's arguments to what its class takes, as Click does (lib/args.cc). The class's arguments are looked for in
 * their order. A word with something after it is a keyword; one that is given more than once counts the last time. An argument
 * that may go by its position takes the first that is left, unless that looks like a keyword; one that must be given takes that,
 * too. Behind a keyword that was found there are no positions any more.
 */
import type { ConfigSpec } from "./config-spec.ts";

/** An argument, as its class's argument gets it. */
export interface GivenArgument {
  /** Its index. */
  readonly argument: number;
  /** The text without its keyword. */
  readonly text: string;
  /** What looks like a keyword. */
  readonly word: string | undefined;
}

/** What an element is given, by what its class takes. */
export interface Assignment {
  /** By the names of the class's arguments. */
  readonly given: ReadonlyMap<string, GivenArgument>;
  /** What the class takes as the rest. */
  readonly rest: readonly GivenArgument[];
  /** What it has no place for. */
  readonly left: readonly GivenArgument[];
}

const keywordForm = /^([A-Za-z_][\w:.?!]*)[ \t-\r]+([^ \t-\r][\s\S]*)$/;

/** `fits` says whether a text is of the type of the argument with a name; it is asked for those that are `fitting`. */
export function assignArguments(
  spec: ConfigSpec,
  texts: readonly string[],
  fits: (name: string, text: string) => boolean = () => true,
): Assignment {
  const words = texts.map((text) => keywordForm.exec(text));
  const taken: ("position" | "keyword" | undefined)[] = texts.map(() => undefined);
  const whole = (argument: number): GivenArgument => ({
    argument,
    text: texts[argument] as string,
    word: words[argument]?.[1],
  });
  const given = new Map<string, GivenArgument>();
  const names = Object.keys(spec).filter((name) => spec[name]?.kind !== "rest");
  let position = 0;
  for (const name of names) {
    const kind = spec[name]?.kind;
    while (taken[position] === "position") position++;
    const next = taken[position] === undefined ? position : texts.length;
    let found: GivenArgument | undefined;
    words.forEach((match, argument) => {
      if (match?.[1] !== name || taken[argument]) return;
      taken[argument] = "keyword";
      found = { argument, text: match[2] as string, word: undefined };
    });
    if ((kind === "required" || kind === "positional") && next < texts.length && !taken[next])
      if (
        (!words[next] || (kind === "required" && !found)) &&
        (!spec[name]?.fitting || fits(name, texts[next] as string))
      ) {
        taken[next] = "position";
        found ??= whole(next);
      }
    if (found) given.set(name, found);
  }
  const others = texts.flatMap((_, i) => (taken[i] ? [] : [whole(i)]));
  const hasRest = names.length < Object.keys(spec).length;
  return { given, rest: hasRest ? others : [], left: hasRest ? [] : others };
}

/**
 * The arguments with another text for one of them, in the place that it has; one that was not given gets its keyword. A number
 * stands for one of the rest, which must be there.
 */
export function withArgument(
  spec: ConfigSpec,
  texts: readonly string[],
  name: string | number,
  text: string,
): string[] {
  const { given, rest } = assignArguments(spec, texts);
  if (typeof name === "number") {
    const one = rest[name];
    if (!one) throw new RangeError(`there is no argument ${name} among the rest`);
    return texts.with(one.argument, text);
  }
  const found = given.get(name);
  if (!found) return [...texts, `${name} ${text}`];
  const at = found.argument;
  if (found.text !== texts[at] || keywordForm.test(text)) return texts.with(at, `${name} ${text}`);
  return texts.with(at, text);
}
