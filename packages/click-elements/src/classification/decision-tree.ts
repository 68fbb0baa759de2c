/**
 * Decision trees. An ordered list of rules becomes a graph of nodes, each of which reads one field once and
 * searches its value among ranges; what is left to decide in each range is the next node.
 *
 * The work of a lookup grows with the number of different fields and the logarithm of the number of values, not
 * with the number of rules. Where a list would make too many nodes it is cut in two, looked up one after the other.
 */
import type { Expression, Field } from "./expression.ts";

export interface Rule {
  readonly when: Expression;
  /** What a lookup gives when this is the first rule that holds; not negative. */
  readonly result: number;
}

/** A decided lookup; -1 when no rule holds. */
export interface Leaf {
  readonly kind: "leaf";
  readonly result: number;
}

/** One field to read. `segments` cover all its values, in order; each ends with `upTo`. */
export interface Branch {
  readonly kind: "branch";
  readonly field: Field;
  readonly segments: readonly { readonly upTo: number; readonly next: TreeNode }[];
  /** Where the packet is too short for the field. */
  readonly unreadable: TreeNode;
  /** How many edges lead here. */
  references: number;
}

export type TreeNode = Leaf | Branch;

/** Trees to be tried in order until one does not give -1. */
export type DecisionTree = readonly TreeNode[];

/** Interned expressions: equal ones are one object, so they compare by identity and cache well. */
interface Term {
  readonly id: number;
  readonly kind: "true" | "false" | "test" | "and" | "or" | "not";
  readonly field: string | undefined;
  readonly low: number;
  readonly high: number;
  readonly list: readonly Term[];
  readonly fields: ReadonlySet<string>;
}

interface Pending {
  readonly term: Term;
  readonly result: number;
}

class TooManyNodes extends Error {}

export function decisionTree(rules: readonly Rule[]): DecisionTree {
  return new TreeBuilder().trees(rules);
}

const none: Leaf = { kind: "leaf", result: -1 };

class TreeBuilder {
  private readonly terms = new Map<string, Term>();
  private readonly fields = new Map<string, Field>();
  private readonly true_ = this.intern("true");
  private readonly false_ = this.intern("false");
  private readonly resolved = new Map<string, Term>();
  private nodes = new Map<string, TreeNode>();
  private budget = 0;

  trees(rules: readonly Rule[]): DecisionTree {
    const list = rules.map((r) => ({ term: this.term(r.when), result: r.result }));
    const out: TreeNode[] = [];
    this.chain(list, out);
    return out.length > 0 ? out : [none];
  }

  private chain(rules: readonly Pending[], out: TreeNode[]): void {
    this.nodes = new Map();
    this.budget = 256 + rules.length * 24;
    try {
      out.push(this.build(rules, 0));
    } catch (e) {
      if (!(e instanceof TooManyNodes) || rules.length < 2) throw e;
      const middle = rules.length >> 1;
      this.chain(rules.slice(0, middle), out);
      this.chain(rules.slice(middle), out);
    }
  }

  private build(given: readonly Pending[], depth: number): TreeNode {
    const rules = this.relevant(given);
    const first = rules[0];
    if (!first) return none;
    if (first.term === this.true_) return { kind: "leaf", result: first.result };
    const key = rules.map((r) => `${r.term.id}:${r.result}`).join();
    const known = this.nodes.get(key);
    if (known) {
      if (known.kind === "branch") known.references++;
      return known;
    }
    if (rules.length > 1 && (this.budget <= 0 || depth > 200)) throw new TooManyNodes();
    const field = this.choose(rules);
    const points = this.cuts(rules, field);
    const segments: { upTo: number; next: TreeNode }[] = [];
    let lastKey: string | undefined;
    const max = this.maximum(field);
    points.forEach((low, i) => {
      const upTo = i + 1 < points.length ? (points[i + 1] as number) - 1 : max;
      const left = this.relevant(rules.map((r) => ({ term: this.resolve(r.term, field, low), result: r.result })));
      const leftKey = left.map((r) => `${r.term.id}:${r.result}`).join();
      const last = segments.at(-1);
      if (last && leftKey === lastKey) last.upTo = upTo;
      else {
        segments.push({ upTo, next: this.build(left, depth + 1) });
        this.budget--;
      }
      lastKey = leftKey;
    });
    const unreadable = this.build(
      rules.map((r) => ({ term: this.resolve(r.term, field, undefined), result: r.result })),
      depth + 1,
    );
    const node: Branch = {
      kind: "branch",
      field: this.fields.get(field) as Field,
      segments,
      unreadable,
      references: 1,
    };
    this.nodes.set(key, node);
    return node;
  }

  /** Without the rules that cannot hold and those after one that always does. */
  private relevant(rules: readonly Pending[]): readonly Pending[] {
    const list: Pending[] = [];
    for (const r of rules) {
      if (r.term === this.false_) continue;
      list.push(r);
      if (r.term === this.true_) break;
    }
    // Rules at the end that agree with "no rule holds" do not exist here: every result is a decision.
    return list;
  }

  /** The field that most rules ask about, weighed by how finely it tells them apart. */
  private choose(rules: readonly Pending[]): string {
    const count = new Map<string, number>();
    const ranges = new Map<string, Set<string>>();
    for (const { term } of rules) for (const field of term.fields) count.set(field, (count.get(field) ?? 0) + 1);
    this.eachTest(rules, (t) => {
      const set = ranges.get(t.field as string) ?? new Set();
      set.add(`${t.low}-${t.high}`);
      ranges.set(t.field as string, set);
    });
    let best = "";
    let bestScore = -1;
    for (const [field, n] of count) {
      const score = n * (1 + Math.log2(1 + (ranges.get(field)?.size ?? 0)));
      if (score > bestScore) {
        best = field;
        bestScore = score;
      }
    }
    return best;
  }

  /** First values of the ranges between which no test of the field changes. */
  private cuts(rules: readonly Pending[], field: string): number[] {
    const points = new Set([0]);
    const max = this.maximum(field);
    this.eachTest(rules, (t) => {
      if (t.field !== field) return;
      points.add(t.low);
      if (t.high < max) points.add(t.high + 1);
    });
    return [...points].filter((p) => p <= max).sort((a, b) => a - b);
  }

  private eachTest(rules: readonly Pending[], visit: (t: Term) => void): void {
    const seen = new Set<Term>();
    const walk = (t: Term): void => {
      if (seen.has(t)) return;
      seen.add(t);
      if (t.kind === "test") visit(t);
      for (const x of t.list) walk(x);
    };
    for (const r of rules) walk(r.term);
  }

  private maximum(field: string): number {
    const f = this.fields.get(field) as Field;
    return f.width === 4 ? 0xffffffff : 2 ** (f.width * 8) - 1;
  }

  /** The term given the field's value, or that it cannot be read. */
  private resolve(t: Term, field: string, value: number | undefined): Term {
    if (!t.fields.has(field)) return t;
    if (t.kind === "test") return value !== undefined && value >= t.low && value <= t.high ? this.true_ : this.false_;
    // The common case, without looking anything up: a conjunction is false when one of its own tests is.
    if (t.kind === "and")
      for (const x of t.list)
        if (x.kind === "test" && x.field === field && !(value !== undefined && value >= x.low && value <= x.high))
          return this.false_;
    // Only the outcomes of the term's own tests of the field matter.
    const key = `${t.id}/${field}/${this.outcomes(t, field, value)}`;
    let result = this.resolved.get(key);
    if (!result) {
      const list = t.list.map((x) => this.resolve(x, field, value));
      result = t.kind === "not" ? this.negation(list[0] as Term) : this.combination(t.kind as "and" | "or", list);
      this.resolved.set(key, result);
    }
    return result;
  }

  private outcomes(t: Term, field: string, value: number | undefined): string {
    if (!t.fields.has(field)) return "";
    if (t.kind === "test") return value !== undefined && value >= t.low && value <= t.high ? "1" : "0";
    let bits = "";
    for (const x of t.list) bits += this.outcomes(x, field, value);
    return bits;
  }

  private term(e: Expression): Term {
    switch (e.kind) {
      case "constant":
        return e.value ? this.true_ : this.false_;
      case "test": {
        const { base, offset, width, mask } = e.field;
        const field = `${base}+${offset}:${width}&${mask}`;
        this.fields.set(field, e.field);
        return this.intern("test", [], field, e.low, e.high);
      }
      case "not":
        return this.negation(this.term(e.of));
      default:
        return this.combination(
          e.kind,
          e.list.map((x) => this.term(x)),
        );
    }
  }

  private negation(t: Term): Term {
    if (t === this.true_) return this.false_;
    if (t === this.false_) return this.true_;
    return t.kind === "not" ? (t.list[0] as Term) : this.intern("not", [t]);
  }

  private combination(kind: "and" | "or", list: readonly Term[]): Term {
    const [absorbing, neutral] = kind === "and" ? [this.false_, this.true_] : [this.true_, this.false_];
    const flat = new Set<Term>();
    for (const t of list) {
      if (t === absorbing) return absorbing;
      if (t === neutral) continue;
      if (t.kind === kind) for (const x of t.list) flat.add(x);
      else flat.add(t);
    }
    if (flat.size === 0) return neutral;
    const [only] = flat;
    if (flat.size === 1) return only as Term;
    return this.intern(
      kind,
      [...flat].sort((a, b) => a.id - b.id),
    );
  }

  private intern(kind: Term["kind"], list: readonly Term[] = [], field?: string, low = 0, high = 0): Term {
    const key = `${kind} ${field ?? ""} ${low} ${high} ${list.map((t) => t.id).join()}`;
    let term = this.terms.get(key);
    if (!term) {
      const fields = new Set<string>(field ? [field] : []);
      for (const t of list) for (const f of t.fields) fields.add(f);
      term = { id: this.terms.size, kind, field, low, high, list, fields };
      this.terms.set(key, term);
    }
    return term;
  }
}

/** Looks a packet up in a tree on the host. */
export function lookup(tree: DecisionTree, read: (field: Field) => number | undefined): number {
  for (const root of tree) {
    let node = root;
    while (node.kind === "branch") {
      const value = read(node.field);
      const { segments, unreadable }: Branch = node;
      node = value === undefined ? unreadable : (segments.find((s) => value <= s.upTo)?.next ?? unreadable);
    }
    if (node.result >= 0) return node.result;
  }
  return -1;
}
