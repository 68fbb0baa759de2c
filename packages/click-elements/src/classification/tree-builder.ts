/**
 * Makes decision trees. A list of rules has so many nodes, and so many steps to find them, in proportion to its length.
 * One that takes more is cut in two, looked up one after the other; and so is a single rule, by the parts of its
 * expression. Making a tree takes time about in proportion to what the rules say, whatever they say.
 */
import type { Branch, Condition, DecisionTree, Leaf, Rule, TreeNode } from "./decision-tree.ts";
import { type Term, Terms } from "./terms.ts";

/** A rule as far as it is decided. Interned: lists of the same ones are the same list. */
interface Pending {
  readonly id: number;
  readonly term: Term;
  readonly result: number;
}

/** What a part of a list that was too large may take: its share of free steps, and the size it must be to be tried. */
interface Limits {
  readonly free: number;
  readonly size: number;
}

/** Thrown where a list takes too many nodes, or too many steps. No error: a stack trace costs. */
const tooLarge = Symbol("too large");

const maximumDepth = 200;
/** A rule that is an `or` of more parts than this is as many rules. */
const maximumAlternatives = 8;
/** Steps for each rule and each value in it, before a list is cut. */
const stepsEach = 24;
/** And so many for any list; its halves share them. */
const freeSteps = 200_000;

/** The same, made when it is asked for first: handlers of an element need no tree. */
export function laterTree(rules: readonly Rule[]): () => DecisionTree {
  let tree: DecisionTree | undefined;
  return () => {
    tree ??= decisionTree(rules);
    return tree;
  };
}

/** The tree of a list of rules; `count` is told of the steps that it took. */
export function decisionTree(rules: readonly Rule[], count: { steps: number } = { steps: 0 }): DecisionTree {
  return new TreeBuilder(count).trees(rules);
}

const none: Leaf = { kind: "leaf", result: -1 };

class TreeBuilder {
  private readonly count: { steps: number };
  private readonly terms: Terms = new Terms((steps) => this.spend(steps));
  private readonly conditions = new Map<Term, DecisionTree>();
  private readonly rules = new Map<number, Pending>();
  /** By a hash of the rules that they decide. */
  private nodes = new Map<number, { readonly rules: readonly Pending[]; readonly node: TreeNode }[]>();
  private budget = 0;
  private stepsLeft = Number.POSITIVE_INFINITY;

  constructor(count: { steps: number }) {
    this.count = count;
  }

  trees(rules: readonly Rule[]): DecisionTree {
    return this.tree(rules.map((r) => this.pending(this.terms.of(r.when), r.result)));
  }

  private tree(
    rules: readonly Pending[],
    limits: Limits = { free: freeSteps, size: Number.POSITIVE_INFINITY },
  ): DecisionTree {
    const out: (TreeNode | Condition)[] = [];
    this.chain(rules, limits, out);
    return out.length > 0 ? out : [none];
  }

  private spend(steps: number): void {
    this.count.steps += steps;
    this.stepsLeft -= steps;
    if (this.stepsLeft < 0) throw tooLarge;
  }

  private chain(given: readonly Pending[], limits: Limits, out: (TreeNode | Condition)[]): void {
    const rules = this.relevant(given.flatMap((r) => this.alternatives(r, maximumAlternatives)));
    const size = rules.length + this.size(rules);
    const single = rules.length === 1 ? rules[0] : undefined;
    if (single?.term.kind === "test" || size <= limits.size) {
      const root = this.attempt(rules, size, single?.term.kind === "test" ? Number.POSITIVE_INFINITY : limits.free);
      if (root !== none && root) out.push(root);
      if (root) return;
    }
    const left = { free: limits.free / 2, size: Math.min(limits.size, size * (3 / 4)) };
    const parts = single ? this.alternatives(single, 1) : rules;
    if (parts.length === 1) out.push(this.condition(parts[0] as Pending, left));
    else for (const half of halves(parts)) this.chain(half, left, out);
  }

  /** One tree for all rules, or `undefined` where that would take too much. */
  private attempt(rules: readonly Pending[], size: number, free: number): TreeNode | undefined {
    this.nodes = new Map();
    this.budget = 256 + Math.max(rules.length * 24, size * 4);
    this.stepsLeft = free + size * stepsEach;
    try {
      return this.build(rules, 0);
    } catch (e) {
      if (e !== tooLarge) throw e;
      return undefined;
    } finally {
      this.stepsLeft = Number.POSITIVE_INFINITY;
    }
  }

  /** An `or` of more parts than `most` as rules with one result. */
  private alternatives(rule: Pending, most: number): readonly Pending[] {
    const { term, result } = rule;
    return term.kind === "or" && term.list.length > most ? term.list.map((t) => this.pending(t, result)) : [rule];
  }

  /** An `and` by the halves of its list, a `not` by what it negates. What is asked twice is one tree. */
  private condition({ term, result }: Pending, limits: Limits): Condition {
    const parts = term.kind === "and" ? halves(term.list).map((l) => this.terms.combination("and", l)) : term.list;
    return {
      kind: term.kind === "and" ? "all" : "none",
      parts: parts.map((part) => {
        let known = this.conditions.get(part);
        if (!known) {
          known = this.tree([this.pending(part, 0)], limits);
          this.conditions.set(part, known);
        }
        return known;
      }),
      result,
    };
  }

  /** How many values and parts of expressions there are. */
  private size(rules: readonly Pending[]): number {
    let size = 0;
    this.terms.each(
      rules.map((r) => r.term),
      (t) => {
        size += t.list.length + t.points.length;
      },
    );
    return size;
  }

  private pending(term: Term, result: number): Pending {
    const key = term.id * 2 ** 26 + result;
    let known = this.rules.get(key);
    if (!known) {
      known = { id: this.rules.size, term, result };
      this.rules.set(key, known);
    }
    return known;
  }

  /** The node that decides rules, which are `relevant`. */
  private build(rules: readonly Pending[], depth: number): TreeNode {
    const first = rules[0];
    if (!first) return none;
    if (first.term === this.terms.true) return { kind: "leaf", result: first.result };
    this.spend(rules.length);
    const hash = hashOf(rules);
    const alike = this.nodes.get(hash) ?? [];
    const known = alike.find((k) => same(k.rules, rules))?.node;
    if (known) {
      if (known.kind === "branch") known.references++;
      return known;
    }
    if (this.budget <= 0 || depth > maximumDepth) throw tooLarge;
    const field = this.choose(rules);
    const segments: { upTo: number; next: TreeNode }[] = [];
    let before: readonly Pending[] = [];
    this.eachRange(rules, field, (left, upTo) => {
      this.spend(left.length);
      const last = segments.at(-1);
      if (last && same(left, before)) last.upTo = upTo;
      else {
        segments.push({ upTo, next: this.build(left, depth + 1) });
        this.budget--;
      }
      before = left;
    });
    this.terms.nextRound();
    const unreadable = this.build(this.relevant(rules.map((r) => this.resolve(r, field, undefined))), depth + 1);
    const node: Branch = { kind: "branch", field: this.terms.field(field), segments, unreadable, references: 1 };
    this.nodes.set(hash, [...alike, { rules, node }]);
    return node;
  }

  private resolve(r: Pending, field: string, value: number | undefined): Pending {
    const term = this.terms.resolve(r.term, field, value);
    return term === r.term ? r : this.pending(term, r.result);
  }

  /** Without the rules that cannot hold and those after one that always does. */
  private relevant(rules: readonly Pending[]): readonly Pending[] {
    const list: Pending[] = [];
    for (const r of rules) {
      if (r.term === this.terms.false) continue;
      list.push(r);
      if (r.term === this.terms.true) break;
    }
    // Rules at the end that agree with "no rule holds" do not exist here: every result is a decision.
    return list;
  }

  /** The field that most rules ask about, weighed by how finely it tells them apart. */
  private choose(rules: readonly Pending[]): string {
    const count = new Map<string, number>();
    const ranges = new Map<string, number>();
    for (const { term } of rules) {
      this.spend(term.fields.size);
      for (const field of term.fields) count.set(field, (count.get(field) ?? 0) + 1);
    }
    this.terms.each(
      rules.map((r) => r.term),
      (t) => {
        this.spend(1);
        if (t.kind === "test")
          ranges.set(t.field as string, (ranges.get(t.field as string) ?? 0) + ((t.points.length + 1) >> 1));
      },
    );
    let best = "";
    let bestScore = -1;
    for (const [field, n] of count) {
      const score = n * (1 + Math.log2(1 + (ranges.get(field) ?? 0)));
      if (score > bestScore) {
        best = field;
        bestScore = score;
      }
    }
    return best;
  }

  /**
   * Goes along a field's values: what is left of the rules in each range, and where the range ends. From one range to
   * the next only those rules are looked at whose tests change there.
   */
  private eachRange(
    rules: readonly Pending[],
    field: string,
    visit: (left: readonly Pending[], upTo: number) => void,
  ): void {
    const changes = new Map<number, number[]>([[0, []]]);
    this.spend(rules.length);
    rules.forEach((r, i) => {
      if (!r.term.fields.has(field)) return;
      changes.get(0)?.push(i);
      this.terms.each([r.term], (t) => {
        this.spend(1);
        if (t.field !== field) return;
        this.spend(t.points.length);
        for (const point of t.points) {
          const list = changes.get(point);
          if (!list) changes.set(point, [i]);
          else if (list.at(-1) !== i) list.push(i);
        }
      });
    });
    const points = [...changes.keys()].sort((a, b) => a - b);
    const current = [...rules];
    /** The rules that may hold, in order. */
    let open: number[] = [];
    const isOpen = (i: number): boolean => current[i]?.term !== this.terms.false;
    points.forEach((point, p) => {
      this.terms.nextRound();
      for (const i of changes.get(point) as number[]) {
        const before = isOpen(i);
        current[i] = this.resolve(rules[i] as Pending, field, point);
        if (p === 0 || before === isOpen(i)) continue;
        open.splice(position(open, i), before ? 1 : 0, ...(before ? [] : [i]));
      }
      if (p === 0) open = rules.flatMap((_, i) => (isOpen(i) ? i : []));
      const left: Pending[] = [];
      for (const i of open) {
        left.push(current[i] as Pending);
        if (current[i]?.term === this.terms.true) break;
      }
      visit(left, p + 1 < points.length ? (points[p + 1] as number) - 1 : this.terms.maximum(field));
    });
  }
}

function hashOf(rules: readonly Pending[]): number {
  let hash = 0;
  for (const { id } of rules) hash = (Math.imul(hash, 0x01000193) + id) | 0;
  return hash;
}

function same(a: readonly Pending[], b: readonly Pending[]): boolean {
  return a.length === b.length && a.every((r, i) => r === b[i]);
}

function halves<T>(list: readonly T[]): readonly (readonly T[])[] {
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}

/** Where a number is in an ordered list, or would be. */
function position(list: readonly number[], n: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < n) low = middle + 1;
    else high = middle;
  }
  return low;
}
