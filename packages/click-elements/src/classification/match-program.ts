/**
 * The program that Click compiles patterns to, as the `program` handlers of Classifier, IPFilter and IPClassifier show it. Each
 * instruction tests bits of a word and goes on to another, to an output, or nowhere. Nothing runs it here: it is made when it is
 * asked for, by Click's own steps, so that it is the same instruction for instruction.
 */
import { DominatorOptimizer } from "./dominators.ts";
import { type MatchTree, wordsOf } from "./match-tree.ts";

/** Where an instruction goes that drops the packet. Others are positive for instructions, and negative or 0 for outputs. */
export const nowhere = -2147483647;
/** Not decided yet: what comes when a pattern does not hold, or does. */
const failure = nowhere + 1;
const success = nowhere + 2;

export class Instruction {
  readonly offset: number;
  mask: number;
  value: number;
  /** Whether a packet without the bytes goes on as one that passes the test. */
  short = false;
  yes: number = success;
  no: number = failure;

  constructor(offset: number, mask: number, value: number) {
    this.offset = offset & 0xffff;
    this.mask = mask;
    this.value = value;
  }

  /** Up to the last byte under the mask. */
  get requiredLength(): number {
    const { mask, offset } = this;
    return mask === 0 ? 0 : offset + 4 - ((31 - Math.clz32(mask & -mask)) >> 3);
  }

  copy(yes: number, no: number): Instruction {
    const copy = new Instruction(this.offset, this.mask, this.value);
    copy.short = this.short;
    copy.yes = yes;
    copy.no = no;
    return copy;
  }

  /** Takes another's place. */
  become({ mask, value, short, yes, no, offset }: Instruction): void {
    (this as { offset: number }).offset = offset;
    this.mask = mask;
    this.value = value;
    this.short = short;
    this.yes = yes;
    this.no = no;
  }

  /** A test of one bit is turned round: its other value, and the two ways exchanged. */
  flip(): void {
    this.value = (this.value ^ this.mask) >>> 0;
    [this.yes, this.no] = [this.no, this.yes];
    this.short = !this.short;
  }

  get flippable(): boolean {
    return this.mask !== 0 && isSingleBit(this.mask);
  }

  /** Whether a packet can pass both tests; with `lengths`, whatever its length. */
  compatible(x: Instruction, lengths: boolean): boolean {
    if (this.mask === 0 || x.mask === 0) return true;
    if (x.offset !== this.offset) return false;
    if (lengths && x.short !== this.short && this.requiredLength < x.requiredLength) return false;
    return ((this.value ^ x.value) & this.mask & x.mask) === 0;
  }

  /**
   * The bit that need not be tested, as this test and the next lead to the same place for either value of it; 0 where both are the
   * same test, and `undefined` where they are no such pair.
   */
  needlessBit(next: Instruction): number | undefined {
    const bit = (this.value ^ next.value) >>> 0;
    const alike = this.offset === next.offset && this.mask === next.mask && this.yes === next.yes;
    if (this.offset === 0 || this.mask === 0 || !alike || (next.short && !this.short)) return undefined;
    if (!isSingleBit(bit)) return undefined;
    const without = new Instruction(this.offset, (this.mask & ~bit) >>> 0, 0);
    return without.requiredLength === this.requiredLength ? bit : undefined;
  }
}

export function isSingleBit(mask: number): boolean {
  return (mask & (mask - 1)) === 0;
}

/** The order in which words are tested: of one that comes first, what it counts as. */
export type WordOrder = ReadonlyMap<number, number>;

export class MatchProgram {
  instructions: Instruction[] = [];
  /** The output of all packets, `-nowhere` where all are dropped; -1 where it depends. */
  everything: number = -nowhere;
  safeLength = 0xffffffff;
  /** Whether packets that are too short for a test may go elsewhere than the rules say: see `combine`. */
  blurred = false;
  readonly align: number;

  constructor(align = 0) {
    this.align = align;
  }

  /** Adds what a tree asks; it goes to `yes` or `no` then. */
  add(tree: MatchTree, yes: number, no: number): void {
    const first = this.instructions.length;
    this.addTree(tree);
    this.redirect(first, this.instructions.length, yes, no);
  }

  /** Adds rules in order; a packet that none holds for goes to `otherwise`. */
  addRules(
    rules: readonly { readonly when: MatchTree | undefined; readonly output: number }[],
    otherwise: number,
  ): void {
    const starts: number[] = [];
    for (const { when, output } of rules) {
      if (!when) continue;
      starts.push(this.instructions.length);
      this.add(when, -output, failure);
    }
    starts.forEach((start, i) => {
      const next = starts[i + 1];
      this.redirect(start, next ?? this.instructions.length, success, next ?? otherwise);
    });
  }

  private addTree(tree: MatchTree): void {
    const first = this.instructions.length;
    if (tree.kind === "word") {
      this.instructions.push(new Instruction(tree.offset, tree.mask, tree.value));
      this.everything = -1;
    } else if (tree.kind === "greater") {
      const words = wordsOf(tree);
      if (words) this.addTree(words);
    } else if (tree.kind === "not") {
      this.addTree(tree.of);
      for (const i of this.instructions.slice(first)) {
        const other = (to: number): number => (to === success ? failure : to === failure ? success : to);
        [i.yes, i.no] = [other(i.yes), other(i.no)];
        if (tree.short) i.short = !i.short;
      }
    } else {
      const starts = tree.list.map((part) => {
        const start = this.instructions.length;
        this.addTree(part);
        return start;
      });
      const end = (i: number): number => starts[i] ?? this.instructions.length;
      for (let i = 0; i < starts.length; i++) {
        const [at, next] = [end(i), end(i + 1)];
        const left = starts.length - 1 - i;
        if (left === 0) continue;
        if (tree.kind === "or") this.redirect(at, next, success, next);
        else if (tree.kind === "and" || left === 1) this.redirect(at, next, next, failure);
        else {
          this.redirect(at, next, next, end(i + 2));
          i++;
        }
      }
    }
  }

  private redirect(first: number, end: number, yes: number, no: number): void {
    const to = (from: number): number => (from === success ? yes : from === failure ? no : from);
    for (let i = first; i < end; i++) {
      const instruction = this.instructions[i] as Instruction;
      instruction.yes = to(instruction.yes);
      instruction.no = to(instruction.no);
    }
  }

  /** Puts another program where this one goes when nothing holds. */
  append(next: MatchProgram): void {
    this.blurred ||= next.blurred;
    if (this.everything >= 0 && this.everything !== -failure) return;
    const at = this.instructions.length;
    this.finish(next.everything < 0 ? at : -next.everything);
    const moved = (to: number): number => (to > 0 ? to + at : to);
    for (const i of next.instructions) this.instructions.push(i.copy(moved(i.yes), moved(i.no)));
  }

  /** Says where a packet goes for which nothing holds. */
  finish(otherwise: number): void {
    if (this.everything === -failure) this.everything = -otherwise;
    this.redirect(0, this.instructions.length, success, otherwise);
  }

  optimize(order: WordOrder = new Map()): void {
    this.sort(order);
    new DominatorOptimizer(this.instructions).run();
    this.combine();
    this.removeUnused();
    const { instructions } = this;
    if (instructions.length === 0 && this.everything < 0) this.everything = -nowhere;
    else if (this.everything >= 0) this.instructions = [];
    const length = this.instructions.reduce((n, i) => Math.max(n, i.requiredLength), 0);
    this.safeLength = (length - this.align) >>> 0;
  }

  /** Brings tests into order that lead to one another and fail alike: bubble sort along the branches. */
  sort(order: WordOrder): void {
    const { instructions } = this;
    const entered = this.onlyPredecessors();
    const place = (offset: number): number => order.get(offset) ?? offset;
    for (let i = 0; i < instructions.length; i++) {
      const one = instructions[i] as Instruction;
      for (const way of ["no", "yes"] as const) {
        const to = one[way];
        if (to <= 0 || (entered[to] as number) <= 0) continue;
        const two = instructions[to] as Instruction;
        const other = way === "yes" ? "no" : "yes";
        if (one[other] !== two[other]) continue;
        const [a, b] = [place(one.offset), place(two.offset)];
        const after = a > b || (a === b && (one.mask > two.mask || (one.mask === two.mask && one.value > two.value)));
        if (!after) continue;
        const second = two.copy(two.yes, two.no);
        const next = two[way];
        two.become(one);
        two[way] = next;
        one.become(second);
        one[way] = to;
        const from = entered[i] as number;
        i = from > 0 ? from - 1 : i - 1;
        break;
      }
    }
  }

  /** By instruction: the one that leads there; 0 for several, -1 for none. */
  private onlyPredecessors(): number[] {
    const entered: number[] = new Array(this.instructions.length).fill(-1);
    this.instructions.forEach(({ yes, no }, i) => {
      for (const to of [no, yes]) if (to > 0) entered[to] = (entered[to] as number) >= 0 ? 0 : i;
    });
    return entered;
  }

  /**
   * Makes one test of two of the same word. What comes of a packet that is too short is what the first says, even where it would
   * have come to the second.
   */
  private combine(): void {
    const { instructions } = this;
    for (let i = instructions.length - 1; i >= 0; i--) {
      const one = instructions[i] as Instruction;
      if (one.no > 0) {
        const next = instructions[one.no] as Instruction;
        const turned = one.flippable && next.compatible(one, false);
        if (turned) one.flip();
        const bit = turned ? undefined : one.needlessBit(next);
        if (bit !== undefined) {
          one.value = (one.value & ~bit) >>> 0;
          one.mask = (one.mask & ~bit) >>> 0;
          one.no = next.no;
          i++;
          continue;
        }
      }
      if (one.yes <= 0) continue;
      const next = instructions[one.yes] as Instruction;
      if (one.no === next.yes && next.flippable) next.flip();
      if (one.no !== next.no || !next.compatible(one, true)) continue;
      const [needs, nextNeeds] = [one.requiredLength, next.requiredLength];
      if (one.short ? !next.short || needs !== nextNeeds : next.short && nextNeeds > needs) this.blurred = true;
      one.yes = next.yes;
      if (one.mask === 0) (one as { offset: number }).offset = next.offset;
      one.value = ((one.value & one.mask) | (next.value & next.mask)) >>> 0;
      one.mask = (one.mask | next.mask) >>> 0;
      i++;
    }
  }

  /** Takes out what decides nothing, and what nothing leads to. */
  private removeUnused(): void {
    const { instructions } = this;
    if (instructions.length === 0) return;
    const instead: number[] = new Array(instructions.length).fill(-1);
    const shortcut = (to: number): number => (to > 0 ? (instead[to] as number) : to);
    for (let i = instructions.length - 1; i >= 0; i--) {
      const one = instructions[i] as Instruction;
      one.no = shortcut(one.no);
      one.yes = shortcut(one.yes);
      const decides = one.yes !== one.no && one.mask !== 0;
      instead[i] = decides ? i : one.yes <= 0 ? one.yes : (instead[one.yes] as number);
    }
    // Place 0 is both the first instruction and output 0.
    this.everything = -1;
    const first = instructions[0] as Instruction;
    const start = instead[0] as number;
    if (start > 0) first.become(instructions[start] as Instruction);
    else if (start < 0) this.everything = -start;
    else if (first.yes === 0 && (first.no === 0 || first.mask === 0)) this.everything = 0;

    const places: number[] = new Array(instructions.length).fill(-1);
    if (this.everything < 0) places[0] = 0;
    const kept = instructions.filter((one, i) => {
      if ((places[i] as number) < 0) return false;
      for (const to of [one.no, one.yes]) if (to > 0) places[to] = 0;
      return true;
    });
    let place = 0;
    for (let i = 0; i < places.length; i++) if ((places[i] as number) >= 0) places[i] = place++;
    for (const one of kept) {
      if (one.no > 0) one.no = places[one.no] as number;
      if (one.yes > 0) one.yes = places[one.yes] as number;
    }
    this.instructions = kept;
  }

  /** Which outputs packets may reach. */
  reaches(output: number): boolean {
    if (this.everything >= 0) return this.everything === output;
    return this.instructions.some(({ yes, no }) => -yes === output || -no === output);
  }
}
