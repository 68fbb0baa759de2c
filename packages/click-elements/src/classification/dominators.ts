/**
 * Shortens the ways through a program: an instruction whose result is known from those before it, on every way there, is gone
 * round. For each instruction a few lists are kept of branches that come before it; every way to it has all branches of one of
 * the lists. There are at most four lists: of more, only what they have in common is kept.
 *
 * It is Click's optimizer step by step, with its order of predecessors: what is known depends on which list is kept, and what is
 * shown is to be Click's program.
 */
import type { Instruction } from "./match-program.ts";

const mostLists = 4;
/** Every instruction copies what is before it: of a program so long that there are more branches, the rest stays as it is. */
const mostBranches = 1 << 22;
const never = -2147483647;

/** A branch: an instruction's number, doubled, and one more for the way of packets that pass its test. */
const branchOf = (at: number, yes: boolean): number => at * 2 + (yes ? 1 : 0);

/** Part of `branches`, end excluded. The last branch is the instruction's own; which way is set as it is needed. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export class DominatorOptimizer {
  private readonly instructions: readonly Instruction[];
  /** Bytes that a packet is known to have. */
  private readonly known: number[];
  /** The first instruction with the same test. */
  private readonly ids: number[];
  private readonly branches: number[] = [];
  /** By instruction. */
  private readonly lists: Span[][] = [];
  private readonly predecessors: Predecessors;

  constructor(instructions: readonly Instruction[]) {
    this.instructions = instructions;
    this.predecessors = new Predecessors(instructions);
    this.known = new Array(instructions.length).fill(0x7fffffff);
    if (instructions.length > 0) this.known[0] = 0;
    const tests = new Map<string, number>();
    this.ids = instructions.map((one, i) => {
      const known = this.known[i] as number;
      const tested = Math.max(one.requiredLength, known);
      const [long, short] = one.short ? [one.no, one.yes] : [one.yes, one.no];
      if (long > 0) this.known[long] = Math.min(tested, this.known[long] as number);
      if (short > 0) this.known[short] = Math.min(known, this.known[short] as number);
      const key = `${one.offset} ${one.short} ${one.mask} ${one.value}`;
      const id = tests.get(key) ?? i;
      tests.set(key, id);
      return id;
    });
  }

  run(): void {
    for (let at = 0; at < this.instructions.length && this.branches.length <= mostBranches; at++) {
      this.lists.push(this.dominate(at));
      this.shift(at, true);
      this.shift(at, false);
    }
  }

  private instruction(at: number): Instruction {
    return this.instructions[at] as Instruction;
  }

  private lead(at: number, yes: boolean, to: number): void {
    const one = this.instruction(at);
    this.predecessors.move(branchOf(at, yes), yes ? one.yes : one.no, to);
    if (yes) one.yes = to;
    else one.no = to;
  }

  /** The lists of an instruction; none where no packet comes there, or none needs to. */
  private dominate(at: number): Span[] {
    const { branches, ids } = this;
    const entering = this.predecessors.of(at);
    const before: { start: number; end: number }[] = [];
    entering.forEach((branch, i) => {
      const from = branch >> 1;
      if (i > 0 && (entering[i - 1] as number) >> 1 === from) {
        // Both ways lead here: what the test says is not known.
        const last = before.at(-1);
        if (last) last.end--;
        return;
      }
      const known = branchOf(ids[from] as number, (branch & 1) === 1);
      for (const { start, end } of this.lists[from] as Span[]) {
        let possible = true;
        for (let k = start; k < end - 1 && possible; k++) possible = ((branches[k] as number) ^ known) !== 1;
        if (!possible) continue;
        before.push({ start, end });
        branches[end - 1] = known;
      }
    });
    const own = branchOf(ids[at] as number, false);
    const unreachable = (): Span[] => {
      if (at > 0) {
        this.lead(at, false, never);
        this.lead(at, true, never);
        return [];
      }
      const start = branches.length;
      branches.push(branchOf(at, false));
      return [{ start, end: start + 1 }];
    };
    if (before.length === 0) return unreachable();
    const begin = branches.length;
    if (before.length > mostLists) {
      intersect(branches, before, branches);
      branches.push(own);
      return [{ start: begin, end: branches.length }];
    }
    const lists: Span[] = [];
    /** The way that all lists know this instruction to go; -1 where one does not. */
    let knownBy = 0;
    let way = own;
    for (const { start, end } of before) {
      const from = branches.length;
      const last = branches[end - 1] as number;
      let here = -1;
      for (let k = start; k < end; k++) {
        const branch = branches[k] as number;
        if (k < end - 1 && (branch ^ last) <= 1) continue;
        if ((branch ^ way) <= 1) here = branch;
        branches.push(branch);
      }
      if (knownBy >= 0 && here >= 0 && (knownBy === 0 || way === here)) {
        way = here;
        knownBy++;
      } else knownBy = -1;
      branches.push(way);
      lists.push({ start: from, end: branches.length });
    }
    if (knownBy <= 0) return lists;
    const { yes, no } = this.instruction(at);
    for (const branch of entering) this.lead(branch >> 1, (branch & 1) === 1, (way & 1) === 1 ? yes : no);
    branches.length = begin;
    return unreachable();
  }

  /** Moves a branch past instructions whose results are known on all ways. */
  private shift(at: number, yes: boolean): void {
    const lists = this.lists[at] as Span[];
    const one = this.instruction(at);
    const to = yes ? one.yes : one.no;
    if (lists.length === 0 || to <= 0) return;
    const branch = branchOf(at, yes);
    let target: number;
    if (lists.length === 1) target = this.follow(branch, to, lists[0] as Span);
    else {
      const passed: number[] = [];
      const ways = lists.map((list) => {
        const start = passed.length;
        this.follow(branch, to, list, passed);
        return { start, end: passed.length };
      });
      target = lastInCommon(passed, ways);
    }
    if (target !== to) this.lead(at, yes, target);
  }

  /** Where a branch may lead at the furthest, by one list; `passed` is told of all places on the way. */
  private follow(branch: number, to: number, { start, end }: Span, passed?: number[]): number {
    const { branches } = this;
    branches[end - 1] = branchOf(this.ids[branch >> 1] as number, (branch & 1) === 1);
    passed?.push(to);
    let target = to;
    while (target > 0) {
      let next: number | undefined;
      for (let k = end - 1; k >= start && next === undefined; k--) next = this.leadsTo(branches[k] as number, target);
      if (next === undefined) break;
      target = next;
      passed?.push(target);
    }
    return target;
  }

  /** Where an instruction leads, as it is known from a branch before; `undefined` where it is not. */
  private leadsTo(branch: number, at: number): number | undefined {
    const from = this.instruction(branch >> 1);
    const x = this.instruction(at);
    const known = this.known[branch >> 1] as number;
    if ((branch & 1) === 1) {
      if (implies(from, x, known)) return x.yes;
      return impliesNot(from, x, known) ? x.no : undefined;
    }
    if (notImplies(from, x, known)) return x.yes;
    return notImpliesNot(from, x, known) ? x.no : undefined;
  }
}

// ---- what one test says of another

/** Whether what is said holds for packets too short for a test: those that went on as `way` says, of which `x` takes `next`. */
function holdsShort(one: Instruction, way: boolean, x: Instruction, next: boolean, known: number): boolean {
  if (one.short !== way || one.offset + 4 <= known) return true;
  const needed = one.requiredLength;
  return needed <= known || (needed <= x.requiredLength && next === x.short);
}

/** All that pass the one pass the other. */
function implies(one: Instruction, x: Instruction, known: number): boolean {
  if (x.mask === 0) return true;
  if (x.offset !== one.offset || !holdsShort(one, true, x, true, known)) return false;
  const both = (one.mask & x.mask) >>> 0;
  return both === x.mask && (one.value & both) >>> 0 === x.value;
}

/** All that do not pass the one pass the other. */
function notImplies(one: Instruction, x: Instruction, known: number): boolean {
  if (x.mask === 0) return true;
  if (x.offset !== one.offset || !holdsShort(one, false, x, true, known)) return false;
  return (one.mask & (one.mask - 1)) === 0 && one.mask === x.mask && one.value !== x.value;
}

/** None that pass the one pass the other. */
function impliesNot(one: Instruction, x: Instruction, known: number): boolean {
  if (x.mask === 0 || x.offset !== one.offset || !holdsShort(one, true, x, false, known)) return false;
  const both = (one.mask & x.mask) >>> 0;
  return both === x.mask && (one.value & both) >>> 0 !== x.value;
}

/** None that do not pass the one pass the other. */
function notImpliesNot(one: Instruction, x: Instruction, known: number): boolean {
  if (one.mask === 0) return true;
  if (x.offset !== one.offset || !holdsShort(one, false, x, false, known)) return false;
  const both = (one.mask & x.mask) >>> 0;
  return both === one.mask && one.value === (x.value & both) >>> 0;
}

// ---- lists

/** Appends what is in all of some lists, whose numbers grow. */
function intersect(from: readonly number[], lists: readonly Span[], to: number[]): void {
  const [only] = lists;
  if (lists.length === 1 && only) {
    for (let k = only.start; k < only.end; k++) to.push(from[k] as number);
    return;
  }
  const at = lists.map((l) => l.start);
  for (let wanted = -1; ; wanted++) {
    let agreeing = 0;
    for (let l = 0; agreeing < lists.length; l = (l + 1) % lists.length) {
      const { end } = lists[l] as Span;
      while ((at[l] as number) < end && (from[at[l] as number] as number) < wanted) (at[l] as number)++;
      if ((at[l] as number) >= end) return;
      const found = from[at[l] as number] as number;
      if (found > wanted) {
        wanted = found;
        agreeing = 0;
      }
      agreeing++;
    }
    to.push(wanted);
  }
}

function lastInCommon(passed: readonly number[], ways: readonly Span[]): number {
  const ends = ways.map((w) => passed[w.end - 1] as number);
  const first = ends[0] as number;
  if (first <= 0 && ends.every((e) => e === first)) return first;
  const common: number[] = [];
  intersect(passed, ways, common);
  return common.at(-1) as number;
}

/** The branches that lead to each instruction, in Click's order: by number downwards, but for those that were moved. */
class Predecessors {
  private readonly first: number[];
  private readonly next: number[];
  private readonly previous: number[];

  constructor(instructions: readonly Instruction[]) {
    this.first = new Array(instructions.length).fill(-1);
    this.next = new Array(instructions.length * 2).fill(-1);
    this.previous = new Array(instructions.length * 2).fill(-1);
    instructions.forEach(({ yes, no }, at) => {
      for (const [to, branch] of [
        [no, branchOf(at, false)],
        [yes, branchOf(at, true)],
      ] as const) {
        if (to <= 0) continue;
        const before = this.first[to] as number;
        this.next[branch] = before;
        if (before >= 0) this.previous[before] = branch;
        this.first[to] = branch;
      }
    });
  }

  of(at: number): number[] {
    const list: number[] = [];
    for (let b = this.first[at] as number; b >= 0; b = this.next[b] as number) list.push(b);
    return list;
  }

  move(branch: number, from: number, to: number): void {
    const { first, next, previous } = this;
    if (from > 0) {
      const [before, after] = [previous[branch] as number, next[branch] as number];
      if (before >= 0) next[before] = after;
      else first[from] = after;
      if (after >= 0) previous[after] = before;
    }
    if (to <= 0) return;
    let before = -1;
    let after = first[to] as number;
    while (after >= 0 && after < branch) {
      before = after;
      after = next[after] as number;
    }
    previous[branch] = before;
    next[branch] = after;
    if (before >= 0) next[before] = branch;
    else first[to] = branch;
    if (after >= 0) previous[after] = branch;
  }
}
