/**
 * What a pattern asks of a packet: a tree of tests, each of some bits of a word of four bytes. Both the decision trees that
 * classifiers run and the programs that they show are made from it.
 *
 * A test of bytes that a packet does not have does not hold. A `not` with `short` keeps that for what it negates: without it,
 * a packet that is too short for a test passes its negation.
 */

/** Words are counted from the start of the packet, or in IP patterns from these places of three headers, which do not meet. */
export const wordPlaces = { ether: 0, network: 256, transport: 512 } as const;

/** The bits of a word under `mask` equal those of `value`. */
export interface WordTest {
  readonly kind: "word";
  /** In bytes; those of the Ethernet header are counted from two bytes before it. */
  readonly offset: number;
  readonly mask: number;
  readonly value: number;
}

/** The bits of a word under `mask` are a greater number than `value`, which has no other bits; both count from bit `shift`. */
export interface GreaterTest {
  readonly kind: "greater";
  readonly offset: number;
  readonly shift: number;
  readonly mask: number;
  readonly value: number;
}

export type Join = "and" | "or" | "ternary";

export type MatchTree =
  | WordTest
  | GreaterTest
  | { readonly kind: Join; readonly list: readonly MatchTree[] }
  | { readonly kind: "not"; readonly of: MatchTree; readonly short: boolean };

export const everything: MatchTree = { kind: "word", offset: 0, mask: 0, value: 0 };

/**
 * Grows a tree while a pattern is read. What adds no test is not there: `negate` then negates what stands before it, as in
 * Click.
 */
export class MatchTreeBuilder {
  private readonly open: MatchTree[][] = [[]];

  private get last(): MatchTree[] {
    return this.open.at(-1) as MatchTree[];
  }

  start(): void {
    this.open.push([]);
  }
  add(tree: MatchTree | undefined): void {
    if (tree) this.last.push(tree);
  }
  negate(short = false): void {
    const of = this.last.pop();
    if (of) this.last.push({ kind: "not", of, short });
  }
  finish(kind: Join): void {
    const list = this.open.pop() as MatchTree[];
    this.add(join(kind, list));
  }
  /** The whole; `undefined` where nothing is tested. */
  tree(): MatchTree | undefined {
    return join("and", this.last);
  }
}

/** Some trees together; `undefined` where there are none. */
export function join(kind: Join, list: readonly (MatchTree | undefined)[]): MatchTree | undefined {
  const there = list.filter((t) => t !== undefined);
  return there.length > 1 ? { kind, list: there } : there[0];
}

export function word(offset: number, value: number, mask: number): WordTest {
  return { kind: "word", offset, mask: mask >>> 0, value: (value & mask) >>> 0 };
}

export function negation(of: MatchTree, short: boolean): MatchTree {
  return { kind: "not", of, short };
}

/**
 * A comparison as tests of words. From the highest bits on: where those of `value` are zeros, others than that are greater; where
 * one more than `value` has ones, others than that are not.
 */
export function wordsOf({ offset, shift, mask: whole, value }: GreaterTest): MatchTree | undefined {
  const parts: { readonly test: MatchTree; readonly ones: boolean }[] = [];
  let mask = whole >>> 0;
  let rest = value >>> 0;
  while (rest < mask) {
    const ones = rest > mask >>> 1;
    const differs = ones ? ~(rest + 1) & mask : rest;
    const upper = differs === 0 ? mask : (mask & ~(2 ** (32 - Math.clz32(differs)) - 1)) >>> 0;
    const test = word(offset, (ones ? upper : 0) << shift, upper << shift);
    parts.push({ test: ones ? test : negation(test, true), ones });
    mask = (mask & ~upper) >>> 0;
    rest = (rest & mask) >>> 0;
  }
  return parts.reduceRight<MatchTree | undefined>(
    (lower, { test, ones }) => join(ones ? "and" : "or", [test, lower]),
    undefined,
  );
}

/** How many tests there are, up to about `most`. */
export function sizeOf(trees: readonly MatchTree[], most: number): number {
  let size = 0;
  const count = (t: MatchTree): void => {
    if (size > most) return;
    if (t.kind === "not") count(t.of);
    else if (t.kind === "word" || t.kind === "greater") size++;
    else t.list.forEach(count);
  };
  trees.forEach(count);
  return size;
}

/**
 * Whether a packet that is too short for a test may pass it in Click's program: where a test is negated so, and where one of a single
 * bit is turned round.
 */
export function mayPassShort(tree: MatchTree): boolean {
  switch (tree.kind) {
    case "not":
      return tree.short || mayPassShort(tree.of);
    case "word":
      return tree.mask !== 0 && (tree.mask & (tree.mask - 1)) === 0;
    case "greater":
      return true;
    default:
      return tree.list.some(mayPassShort);
  }
}

/** Whether words of the Ethernet header are tested. */
export function usesEther(tree: MatchTree): boolean {
  switch (tree.kind) {
    case "not":
      return usesEther(tree.of);
    case "word":
    case "greater":
      return tree.mask !== 0 && tree.offset < wordPlaces.network;
    default:
      return tree.list.some(usesEther);
  }
}
