/** Rules as lists of tests that must all hold: what tables are made of. */
import type { Rule } from "./decision-tree.ts";
import { type FieldTest, FieldTests, type TestedField } from "./field-tests.ts";
import { type Term, Terms } from "./terms.ts";

/** A rule, or one of the alternatives that it consists of: it holds where all of its tests do, each of one field. */
export interface Conjunct {
  readonly result: number;
  readonly tests: ReadonlyMap<TestedField, FieldTest>;
}

export interface Conjuncts {
  /** In the order of the rules. */
  readonly list: readonly Conjunct[];
  /** Rules that would be too many alternatives. */
  readonly others: readonly Rule[];
}

/** Alternatives of one rule, and of all rules on the average. */
const mostOfOne = 1024;
const mostOfEach = 4;

/** Takes rules apart, up to the first that always holds. Their results ascend. */
export function conjunctsOf(rules: readonly Rule[]): Conjuncts {
  const terms = new Terms(() => {});
  const taken = rules.map(({ when }) => terms.of(when));
  const apart = new Alternatives(terms, new FieldTests(terms, taken));
  const list: Conjunct[] = [];
  const others: Rule[] = [];
  let left = mostOfOne + rules.length * mostOfEach;
  for (const [i, rule] of rules.entries()) {
    const alternatives = apart.of(taken[i] as Term, Math.min(mostOfOne, left));
    if (!alternatives) {
      others.push(rule);
      continue;
    }
    left -= alternatives.length;
    for (const tests of alternatives) list.push({ result: rule.result, tests });
    if (alternatives.some((tests) => tests.size === 0)) break;
  }
  return { list, others };
}

type Tests = ReadonlyMap<TestedField, FieldTest>;

class Alternatives {
  private readonly terms: Terms;
  private readonly tests: FieldTests;

  constructor(terms: Terms, tests: FieldTests) {
    this.terms = terms;
    this.tests = tests;
  }

  /** The alternatives of which one must hold, or `undefined` where they are too many. */
  of(term: Term, most: number): readonly Tests[] | undefined {
    switch (term.kind) {
      case "true":
        return [new Map()];
      case "false":
        return [];
      case "test": {
        const test = this.tests.of(term);
        return [new Map([[test.field, test]])];
      }
      case "not":
        return this.of(this.inside(term.list[0] as Term), most);
      case "or":
        return this.either(term.list, most);
      default: {
        // Most parts are a test: those are put together first.
        const tests = new Map<TestedField, FieldTest>();
        const others = term.list.filter((part) => part.kind !== "test");
        for (const part of term.list) if (part.kind === "test" && !this.add(tests, this.tests.of(part))) return [];
        let all: readonly Tests[] = [tests];
        for (const part of others) {
          const more = this.of(part, most);
          if (!more || all.length * more.length > most) return undefined;
          all = all.flatMap((a) => more.flatMap((b) => this.both(a, b) ?? []));
        }
        return all;
      }
    }
  }

  /** Any of some; those that are one test of the same field are one. */
  private either(list: readonly Term[], most: number): readonly Tests[] | undefined {
    const all: Tests[] = [];
    const single = new Map<TestedField, FieldTest>();
    for (const part of list) {
      const more = this.of(part, most);
      if (!more || all.length + more.length > most) return undefined;
      for (const tests of more) {
        const [test] = tests.values();
        if (!test || tests.size > 1) all.push(tests);
        else {
          const known = single.get(test.field);
          single.set(test.field, known ? this.tests.combined("or", known, test) : test);
        }
      }
    }
    for (const test of single.values()) all.push(test.always ? new Map() : new Map([[test.field, test]]));
    return all;
  }

  /** A negated list by what it consists of. */
  private inside({ kind, list }: Term): Term {
    return this.terms.combination(
      kind === "and" ? "or" : "and",
      list.map((t) => this.terms.negation(t)),
    );
  }

  /** What both ask for; `undefined` where nothing is left that would. */
  private both(a: Tests, b: Tests): Tests | undefined {
    if (a.size === 0) return b;
    const all = new Map(a);
    for (const test of b.values()) if (!this.add(all, test)) return undefined;
    return all;
  }

  /** Asks for a test too; `false` where nothing is left that would pass. */
  private add(all: Map<TestedField, FieldTest>, test: FieldTest): boolean {
    const known = all.get(test.field);
    const wanted = known ? this.tests.combined("and", known, test) : test;
    if (wanted.always) all.delete(test.field);
    else all.set(test.field, wanted);
    return !wanted.never;
  }
}
