/**
 * Command lines as Click reads them, with its Clp: long options may be abbreviated where that is not ambiguous, may lack
 * dashes, and take `--no-`; short ones may be put together; an argument may stand in the same word, after `=` or not, or be the
 * next word, whatever it begins with; `--` ends them.
 */

export interface OptionSpec {
  /** What it is; options of one kind, such as `--simtime` and `--simulation-time`, need not be told apart. */
  readonly kind: string;
  readonly long?: string;
  readonly short?: string;
  readonly argument?: "string" | "integer" | "real";
  /** The argument may be left out. */
  readonly optional?: boolean;
  /** There is `--no-` of it. */
  readonly negatable?: boolean;
}

/** What a command line has next: an option, a word that is none, or an option that is wrong, with what to say of it. */
export type CommandWord =
  | { readonly option: string; readonly shown: string; readonly negated: boolean; readonly value: string | undefined }
  | { readonly word: string }
  | { readonly wrong: readonly string[] };

/** Options that are named where several are meant. */
const longestList = 4;

const syntax = {
  string: { matches: /^/, expects: "" },
  integer: { matches: /^[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/, expects: "an integer" },
  real: {
    matches: /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|inf(?:inity)?|nan)$/i,
    expects: "a real number",
  },
} as const;

/** Quotes as the C library's locale has them. */
export function quoted(text: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  return /UTF-?8|utf8/.test(env.LANG ?? "") ? `‘${text}’` : `'${text}'`;
}

/** Reads words one after another, so that what is said of each comes in their order. */
export function* readCommandLine(words: readonly string[], options: readonly OptionSpec[]): Generator<CommandWord> {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === "--") {
      for (const rest of words.slice(at + 1)) yield { word: rest };
      return;
    }
    if (!word.startsWith("-") || word === "-") {
      yield { word };
      continue;
    }
    if (word.startsWith("--")) {
      const found = findLong(word.slice(2), options);
      if ("ambiguous" in found) {
        yield { wrong: complaint(word, found.ambiguous) };
        continue;
      }
      const { option, negated, value } = found;
      const shown = `--${found.byNo ? "no-" : ""}${option.long}`;
      const takes = option.argument !== undefined && !negated;
      if (!takes) {
        if (value !== undefined) yield { wrong: [`${quoted(shown)} can${quoted("").at(-1)}t take an argument`] };
        else yield { option: option.kind, shown, negated, value };
      } else if (value !== undefined || option.optional) yield withValue(option, shown, value);
      else if (at + 1 < words.length) yield withValue(option, shown, words[++at] as string);
      else yield { wrong: [`${quoted(shown)} requires an argument`] };
      continue;
    }
    const letters = [...word.slice(1)];
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i] as string;
      const shown = `-${letter}`;
      const option = options.find((o) => o.short === letter);
      if (!option) {
        yield { wrong: [`unrecognized option ${quoted(shown)}`] };
        continue;
      }
      if (option.argument === undefined) {
        yield { option: option.kind, shown, negated: false, value: undefined };
        continue;
      }
      const rest = letters.slice(i + 1).join("");
      const attached = rest.startsWith("=") ? rest.slice(1) : rest;
      if (rest !== "") {
        const read = withValue(option, shown, attached);
        // What is no argument of an option that can do without are more options.
        if ("wrong" in read && option.optional) {
          yield withValue(option, shown, undefined);
          continue;
        }
        yield read;
      } else if (option.optional) yield withValue(option, shown, undefined);
      else if (at + 1 < words.length) yield withValue(option, shown, words[++at] as string);
      else yield { wrong: [`${quoted(shown)} requires an argument`] };
      break;
    }
  }
}

function withValue(option: OptionSpec, shown: string, value: string | undefined): CommandWord {
  const { matches, expects } = syntax[option.argument ?? "string"];
  if (value !== undefined && !matches.test(value))
    return { wrong: [`${quoted(shown)} expects ${expects}, not ${quoted(value)}`] };
  return { option: option.kind, shown, negated: false, value };
}

function complaint(word: string, ambiguous: readonly string[]): string[] {
  if (ambiguous.length === 0) return [`unrecognized option ${quoted(word)}`];
  const names = ambiguous.slice(0, longestList).map((name) => quoted(`--${name}`));
  const others = ambiguous.length > longestList;
  const last = others || names.length < 2 ? "" : `${names.length > 2 ? "," : ""} and ${names.pop()}`;
  return [
    `option ${quoted(word)} is ambiguous`,
    `(Possibilities are ${names.join(", ")}${last}${others ? ", and others" : ""}.)`,
  ];
}

interface LongOption {
  readonly option: OptionSpec;
  readonly negated: boolean;
  readonly byNo: boolean;
  readonly value: string | undefined;
}

/** The option that is meant; or the names, `no-` and all, that may be. */
function findLong(text: string, options: readonly OptionSpec[]): LongOption | { readonly ambiguous: string[] } {
  const ambiguous: string[] = [];
  let rest = text;
  let negated = false;
  for (let prefixes = 0; ; prefixes++) {
    const known = options.filter((o) => o.long !== undefined && (!negated || o.negatable));
    const end = rest.indexOf("=");
    const given = end < 0 ? rest : rest.slice(0, end);
    const partial: OptionSpec[] = [];
    for (const fewerDashes of [false, true]) {
      if (partial.length > 0) break;
      for (const option of known) {
        const matched = matchedLength(option.long as string, given, fewerDashes);
        if (matched === undefined) continue;
        if (matched >= leastLength(option, known))
          return { option, negated, byNo: negated, value: end < 0 ? undefined : rest.slice(end + 1) };
        partial.push(option);
      }
    }
    ambiguous.push(...partial.map((o) => `${prefixes > 0 ? "no-" : ""}${o.long}`));
    if (!rest.startsWith("no-")) return { ambiguous };
    rest = rest.slice(3);
    negated = !negated;
  }
}

/** How much of an option's name is given, where what is given is the beginning of it; dashes may be left out. */
function matchedLength(name: string, given: string, fewerDashes: boolean): number | undefined {
  let at = 0;
  for (let i = 0; i < given.length; at++) {
    if (name[at] === given[i]) i++;
    else if (!(fewerDashes && name[at] === "-" && name[at + 1] === given[i])) return undefined;
  }
  return at;
}

/** Characters that tell an option from those of other kinds. */
function leastLength(option: OptionSpec, known: readonly OptionSpec[]): number {
  const name = option.long as string;
  let least = 1;
  for (const other of known) {
    if (other.kind === option.kind) continue;
    let same = 0;
    while (same < name.length && name[same] === other.long?.[same]) same++;
    least = Math.max(least, Math.min(same + 1, name.length));
  }
  return least;
}
