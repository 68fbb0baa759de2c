/** Variables and their values, in the scopes of compounds. */
import { takeWord } from "./arguments.ts";
import { isWord, skipSpace } from "./characters.ts";
import { type Expander, expand } from "./expand.ts";

/** Characters that variables put in, in all: a few lines can ask for any number of them. */
const maximumSubstitution = 16 << 20;

/** What is left of the characters that variables may put in, for all scopes of a configuration. */
export class SubstitutionBudget {
  private left = maximumSubstitution;
  private readonly exceeded: () => void;

  /** `exceeded` is called once. */
  constructor(exceeded: () => void) {
    this.exceeded = exceeded;
  }

  /** Whether a value of that length may be put in. */
  take(length: number): boolean {
    if (this.left < 0) return false;
    this.left -= length + 1;
    if (this.left < 0) this.exceeded();
    return this.left >= 0;
  }
}

export class Environment implements Expander {
  readonly depth: number;
  private readonly values = new Map<string, string>();
  private readonly parent: Environment | undefined;
  private readonly budget: SubstitutionBudget;

  constructor(parent: Environment | undefined, budget: SubstitutionBudget) {
    this.parent = parent;
    this.budget = budget;
    this.depth = parent ? parent.depth + 1 : 0;
  }

  define(name: string, value: string): void {
    this.values.set(name, value);
  }

  /** The innermost scope around this one, or itself, that is less deep. */
  outside(depth: number): Environment | undefined {
    let scope: Environment | undefined = this;
    while (scope && scope.depth >= depth) scope = scope.parent;
    return scope;
  }

  expand(text: string): string {
    return expand(text, this);
  }

  /**
   * The value of `$name`, expanded; of `${name}`; of `${name[2]}`, the third word; of `${name-default}`, where the variable
   * has none.
   */
  variable(reference: string, braces: boolean, depth: number): string | undefined {
    const { name, word, fallback } = braces ? readReference(reference) : { name: reference };
    const found = this.lookup(name) ?? fallback;
    if (found === undefined) return undefined;
    if (!this.budget.take(found.length)) return "";
    const value = expand(found, this, { depth: depth + 1 });
    return word === undefined || this.lookup(name) === undefined ? value : nthWord(value, word);
  }

  private lookup(name: string): string | undefined {
    for (let scope: Environment | undefined = this; scope; scope = scope.parent) {
      const value = scope.values.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** What stands between the braces of a reference. */
function readReference(text: string): { name: string; word?: number | undefined; fallback?: string | undefined } {
  const start = skipSpace(text, 0);
  let end = start;
  while (end < text.length && isWord(text.charCodeAt(end))) end++;
  const name = text.slice(start, end);
  let i = skipSpace(text, end);
  let word: number | undefined;
  wordIndex.lastIndex = i;
  const index = wordIndex.exec(text);
  if (index) {
    // Numbers are as in C.
    const digits = index[1] as string;
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    if (value < 2 ** 31) word = value;
    i = skipSpace(text, i + index[0].length);
  }
  return { name, word, fallback: text[i] === "-" ? text.slice(i + 1) : undefined };
}

const wordIndex = /\[[ \t\n\v\f\r]*(0[xX][0-9a-fA-F]+|\d+)\]/y;

function nthWord(text: string, index: number): string {
  let rest = text;
  let word = "";
  for (let i = 0; i <= index && (rest !== "" || word !== ""); i++) [word, rest] = takeWord(rest);
  return word;
}
