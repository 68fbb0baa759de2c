/**
 * Expressions in a form that is good to decide with: equal ones are one object, and what is said about one field in
 * one list is one test of that field, however many values it names.
 */
import type { Expression, Field } from "./expression.ts";

/** An interned expression; compares by identity. */
export interface Term {
  readonly id: number;
  readonly kind: "true" | "false" | "test" | "and" | "or" | "not";
  /** Of a test: its field, by key. */
  readonly field: string | undefined;
  /** Of a test: the values at which it changes, in order; it does not hold below the first. */
  readonly points: readonly number[];
  /** Of a test: whether it holds where the field cannot be read. */
  readonly unreadable: boolean;
  /** At most one of its tests is of any one field. */
  readonly list: readonly Term[];
  readonly fields: ReadonlySet<string>;
  /** What it resolved to last, and when. */
  resolved: Term | undefined;
  epoch: number;
  /** The walk that came by last. */
  seen: number;
}

/** Its fields are collected when they are asked for. */
class InternedTerm implements Term {
  readonly id: number;
  readonly kind: Term["kind"];
  readonly field: string | undefined;
  readonly points: readonly number[];
  readonly unreadable: boolean;
  readonly list: readonly Term[];
  resolved: Term | undefined = undefined;
  epoch = -1;
  seen = 0;
  private collected: ReadonlySet<string> | undefined;

  constructor(
    id: number,
    kind: Term["kind"],
    field: string | undefined,
    points: readonly number[],
    unreadable: boolean,
    list: readonly Term[],
  ) {
    this.id = id;
    this.kind = kind;
    this.field = field;
    this.points = points;
    this.unreadable = unreadable;
    this.list = list;
  }

  get fields(): ReadonlySet<string> {
    if (!this.collected) {
      const fields = new Set<string>(this.field === undefined ? [] : [this.field]);
      for (const t of this.list) for (const f of t.fields) fields.add(f);
      this.collected = fields;
    }
    return this.collected;
  }
}

/** Whether a test holds for a value. */
export function holds(test: Term, value: number | undefined): boolean {
  if (value === undefined) return test.unreadable;
  const { points } = test;
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

/** Makes terms, and keeps one of each. `spend` is told of the steps that lists of terms take. */
export class Terms {
  private readonly terms = new Map<string, Term>();
  private readonly known = new Map<Expression, Term>();
  private readonly fields = new Map<string, Field>();
  private readonly spend: (steps: number) => void;
  private epoch = 0;
  private walks = 0;
  readonly true: Term;
  readonly false: Term;

  constructor(spend: (steps: number) => void) {
    this.spend = spend;
    this.true = this.intern("true");
    this.false = this.intern("false");
  }

  field(key: string): Field {
    return this.fields.get(key) as Field;
  }

  maximum(key: string): number {
    return 2 ** (this.field(key).width * 8) - 1;
  }

  /** The term of an expression. Expressions may share parts; each part is looked at once. */
  of(e: Expression): Term {
    let term = this.known.get(e);
    if (!term) {
      term = this.make(e);
      this.known.set(e, term);
    }
    return term;
  }

  /** Visits every term in some, each once. */
  each(terms: readonly Term[], visit: (t: Term) => void): void {
    const walk = ++this.walks;
    const go = (t: Term): void => {
      if (t.seen === walk) return;
      t.seen = walk;
      visit(t);
      for (const x of t.list) go(x);
    };
    for (const t of terms) go(t);
  }

  private make(e: Expression): Term {
    switch (e.kind) {
      case "constant":
        return e.value ? this.true : this.false;
      case "test": {
        const { base, offset, width, mask } = e.field;
        const field = `${base}+${offset}:${width}&${mask}`;
        if (!this.fields.has(field)) this.fields.set(field, e.field);
        return this.test(field, e.high < this.maximum(field) ? [e.low, e.high + 1] : [e.low], false);
      }
      case "not":
        return this.negation(this.of(e.of));
      default: {
        // Lists in lists of the same kind are taken together before they are interned: each of them would be copied.
        const list: Term[] = [];
        const collect = (x: Expression): void => {
          if (x.kind === e.kind && !this.known.has(x)) for (const y of x.list) collect(y);
          else list.push(this.of(x));
        };
        for (const x of e.list) collect(x);
        return e.kind === "and" ? this.combination("and", list) : this.alternatives(list);
      }
    }
  }

  /** Any of a list. What all of them ask for is asked once: `tcp port 1 or 2` is `tcp` and one of the ports. */
  private alternatives(list: readonly Term[]): Term {
    const whole = this.combination("or", list);
    if (whole.kind !== "or") return whole;
    const [first, ...others] = whole.list.map((t) => new Set(t.kind === "and" ? t.list : [t]));
    const common = [...(first as Set<Term>)].filter((t) => others.every((o) => o.has(t)));
    if (common.length === 0) return whole;
    const rest = this.combination(
      "or",
      whole.list.map((t) => this.combination("and", t.kind === "and" ? t.list.filter((x) => !common.includes(x)) : [])),
    );
    // A list that stays long is better decided part by part.
    return rest.kind === "or" && rest.list.length > 2 ? whole : this.combination("and", [...common, rest]);
  }

  /** Starts a round of `resolve` in which one field has one value. */
  nextRound(): void {
    this.epoch++;
  }

  /** The term given the field's value, or that it cannot be read. The same field and value for a whole round. */
  resolve(t: Term, field: string, value: number | undefined): Term {
    if (!t.fields.has(field)) return t;
    if (t.kind === "test") return holds(t, value) ? this.true : this.false;
    if (t.epoch === this.epoch) return t.resolved as Term;
    this.spend(1);
    const result = this.resolveList(t, field, value);
    t.epoch = this.epoch;
    t.resolved = result;
    return result;
  }

  private resolveList(t: Term, field: string, value: number | undefined): Term {
    const [first] = t.list;
    if (t.kind === "not") return this.negation(this.resolve(first as Term, field, value));
    // The common case, without making a list: the term's own test of the field decides it.
    const absorbing = t.kind === "and" ? this.false : this.true;
    for (const x of t.list)
      if (x.kind === "test" && x.field === field && holds(x, value) === (absorbing === this.true)) return absorbing;
    this.spend(t.list.length);
    return this.combination(
      t.kind as "and" | "or",
      t.list.map((x) => this.resolve(x, field, value)),
    );
  }

  negation(t: Term): Term {
    if (t === this.true) return this.false;
    if (t === this.false) return this.true;
    if (t.kind === "not") return t.list[0] as Term;
    if (t.kind === "test")
      return this.test(t.field as string, t.points[0] === 0 ? t.points.slice(1) : [0, ...t.points], !t.unreadable);
    return this.intern("not", [t]);
  }

  combination(kind: "and" | "or", list: readonly Term[]): Term {
    const [absorbing, neutral] = kind === "and" ? [this.false, this.true] : [this.true, this.false];
    const flat = new Set<Term>();
    const tests = new Map<string, Term[]>();
    const add = (t: Term): void => {
      if (flat.has(t)) return;
      flat.add(t);
      if (t.kind !== "test") return;
      const same = tests.get(t.field as string);
      if (same) same.push(t);
      else tests.set(t.field as string, [t]);
    };
    for (const t of list) {
      if (t === absorbing) return absorbing;
      if (t === neutral) continue;
      if (t.kind === kind) t.list.forEach(add);
      else add(t);
    }
    for (const [field, same] of tests) {
      if (same.length === 1) continue;
      for (const t of same) flat.delete(t);
      const merged = this.merge(kind, field, same);
      if (merged === absorbing) return absorbing;
      if (merged !== neutral) flat.add(merged);
    }
    if (flat.size === 0) return neutral;
    const [only] = flat;
    if (flat.size === 1) return only as Term;
    return this.intern(
      kind,
      [...flat].sort((a, b) => a.id - b.id),
    );
  }

  /** One test for all of them or any of them. */
  private merge(kind: "and" | "or", field: string, tests: readonly Term[]): Term {
    const begins = sorted(tests, 0);
    const ends = sorted(tests, 1);
    this.spend(begins.length + ends.length);
    const needed = kind === "and" ? tests.length : 1;
    const points: number[] = [];
    let [b, e] = [0, 0];
    while (b < begins.length || e < ends.length) {
      const at = Math.min(begins[b] ?? Number.POSITIVE_INFINITY, ends[e] ?? Number.POSITIVE_INFINITY);
      while (begins[b] === at) b++;
      while (ends[e] === at) e++;
      if (b - e >= needed !== (points.length % 2 === 1)) points.push(at);
    }
    const unreadable = kind === "and" ? tests.every((t) => t.unreadable) : tests.some((t) => t.unreadable);
    return this.test(field, points, unreadable);
  }

  private test(field: string, points: readonly number[], unreadable: boolean): Term {
    if (points.length === 0 && !unreadable) return this.false;
    if (points.length === 1 && points[0] === 0 && unreadable) return this.true;
    return this.intern("test", [], field, points, unreadable);
  }

  private intern(
    kind: Term["kind"],
    list: readonly Term[] = [],
    field?: string,
    points: readonly number[] = [],
    unreadable = false,
  ): Term {
    const key =
      kind === "test" ? `${field} ${unreadable ? 1 : 0} ${points.join()}` : `${kind} ${list.map((t) => t.id).join()}`;
    let term = this.terms.get(key);
    if (!term) {
      term = new InternedTerm(this.terms.size, kind, field, points, unreadable, list);
      this.terms.set(key, term);
    }
    return term;
  }
}

/** Every second point of all tests, from the first or the second, in order: where they begin to hold, or cease. */
function sorted(tests: readonly Term[], from: 0 | 1): number[] {
  const list: number[] = [];
  for (const { points } of tests) for (let i = from; i < points.length; i += 2) list.push(points[i] as number);
  return list.sort((a, b) => a - b);
}
