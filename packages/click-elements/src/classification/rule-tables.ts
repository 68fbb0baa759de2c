/**
 * A list of rules as classes of fields and automata that read them. One automaton is the fastest. Where conjuncts would be in
 * too many of its states, those that are in the most are left to another: what one leaves open that others ask for would be
 * everywhere. Each automaton knows of every class of a field whether one of its conjuncts may hold, so that few are
 * looked at for a packet; of what they find the first counts.
 */
import { type LastStage, makeStages, type Stage, TooMany } from "./automaton.ts";
import { type Conjunct, conjunctsOf } from "./conjuncts.ts";
import type { Rule } from "./decision-tree.ts";
import { type FieldClasses, fieldClasses } from "./field-classes.ts";
import type { FieldTest, TestedField } from "./field-tests.ts";
import { type LocalClasses, readingsOf } from "./readings.ts";
import { refine } from "./refine.ts";

export interface Automaton {
  readonly stages: readonly Stage[];
  readonly last: LastStage;
  readonly fields: readonly AutomatonField[];
  readonly conjuncts: number;
}

/** A field that an automaton reads: its own classes, by those of the field. */
export interface AutomatonField {
  readonly field: TestedField;
  readonly local: Uint32Array;
  readonly count: number;
  /** Whether a conjunct may hold in a class. */
  readonly possible: readonly boolean[];
}

export interface RuleTables {
  readonly fields: ReadonlyMap<TestedField, FieldClasses>;
  readonly automata: readonly Automaton[];
  /** What holds where nothing else does; -1 for none. */
  readonly otherwise: number;
  /** Rules that are to be looked up in another way; their results count among those of the automata. */
  readonly others: readonly Rule[];
}

/** More automata than that are not looked through. */
export const mostAutomata = 24;
/** Steps for classes: so many, and for each conjunct. */
const classSteps = 2_000_000;
const classStepsEach = 400;
/** Ranges of a field. */
const mostRanges = 30_000;
const entriesEach = 24;
const entriesFew = 250_000;

/**
 * Tables of rules, whose results ascend and are less than 65,535; `undefined` where they would be too large.
 * @param entries how often the conjuncts of an automaton may be put into lists of its states, besides so often for each
 */
export function ruleTables(rules: readonly Rule[], entries: number = entriesFew): RuleTables | undefined {
  const { list, others } = conjunctsOf(rules);
  const last = list.at(-1);
  const otherwise = last?.tests.size === 0 ? last.result : -1;
  const conjuncts = otherwise >= 0 ? list.slice(0, -1) : list;
  if (rules.length >= 65_535 || conjuncts.length === 0) return undefined;
  let steps = classSteps + conjuncts.length * classStepsEach;
  const spend = (n: number): void => {
    steps -= n;
    if (steps < 0) throw tooLarge;
  };
  try {
    const tests = new Map<TestedField, Set<FieldTest>>();
    for (const conjunct of conjuncts)
      for (const [field, test] of conjunct.tests) {
        const there = tests.get(field);
        if (there) there.add(test);
        else tests.set(field, new Set([test]));
      }
    const fields = new Map([...tests].map(([field, of]) => [field, fieldClasses(field, of, spend)]));
    if ([...fields.values()].some(({ ends }) => ends.length > mostRanges)) return undefined;
    const automata: Automaton[] = [];
    const waiting: (readonly Conjunct[])[] = [conjuncts];
    for (let group = waiting.pop(); group; group = waiting.pop()) {
      const made = automatonOf(group, fields, entries);
      if ("parts" in made) waiting.push(...made.parts);
      else automata.push(made);
      if (automata.length + waiting.length > mostAutomata) return undefined;
    }
    return { fields, automata, otherwise, others };
  } catch (e) {
    if (e !== tooLarge) throw e;
    return undefined;
  }
}

const tooLarge = Symbol("too large");

/**
 * Two lists: conjuncts that hold in many classes of one field, and the others; the field and how many so that few conjuncts go that were
 * put into many lists.
 */
function parted(
  group: readonly Conjunct[],
  times: Uint32Array,
  fields: readonly LocalClasses[],
): [readonly Conjunct[], readonly Conjunct[]] {
  const all = times.reduce((sum, n) => sum + n, 0);
  let best = 0;
  let wide: readonly boolean[] = [];
  for (const { count, of } of fields) {
    const breadths = of.map((classes) => classes?.length ?? count);
    for (let least = count; least > 1; least >>= 1) {
      let sum = 0;
      let conjuncts = 0;
      breadths.forEach((breadth, i) => {
        if (breadth < least) return;
        sum += times[i] as number;
        conjuncts++;
      });
      const gain = sum / all - conjuncts / group.length;
      if (conjuncts === group.length || gain <= best) continue;
      best = gain;
      wide = breadths.map((breadth) => breadth >= least);
    }
  }
  // Where nothing tells them apart, as many each.
  if (best < 0.05) wide = group.map((_, i) => i * 2 < group.length);
  return [group.filter((_, i) => wide[i]), group.filter((_, i) => !wide[i])];
}

function automatonOf(
  group: readonly Conjunct[],
  classes: ReadonlyMap<TestedField, FieldClasses>,
  entries: number,
): Automaton | { readonly parts: readonly (readonly Conjunct[])[] } {
  const fields: AutomatonField[] = [];
  const local: LocalClasses[] = [];
  for (const [key, of] of classes) {
    const own = localClasses(group, key, of);
    if (!own) continue;
    fields.push(own.field);
    local.push(own.classes);
  }
  const most = entries + group.length * entriesEach;
  try {
    return { ...makeStages(group, readingsOf(group, local), most), fields, conjuncts: group.length };
  } catch (e) {
    if (!(e instanceof TooMany)) throw e;
    if (group.length === 1) throw tooLarge;
    return { parts: parted(group, e.times, local) };
  }
}

/** Classes of a field as far as some conjuncts tell them apart. */
function localClasses(
  group: readonly Conjunct[],
  key: TestedField,
  { count, of }: FieldClasses,
): { readonly field: AutomatonField; readonly classes: LocalClasses } | undefined {
  const asked = new Set<FieldTest>();
  for (const { tests } of group) {
    const test = tests.get(key);
    if (test) asked.add(test);
  }
  const tests = [...asked];
  if (tests.length === 0) return undefined;
  const refined = refine(
    count,
    tests.map((test) => of.get(test) as readonly number[]),
  );
  const place = new Map(tests.map((test, i) => [test, i]));
  const open = group.some(({ tests }) => !tests.has(key));
  return {
    field: {
      field: key,
      local: refined.groups,
      count: refined.count,
      possible: Array.from(refined.groups, (own) => open || own > 0),
    },
    classes: {
      field: key,
      count: refined.count,
      of: group.map(({ tests }) => {
        const test = tests.get(key);
        return test && refined.of[place.get(test) as number];
      }),
    },
  };
}
