/**
 * Automata that classify: the first symbol leads from the start to a state, each further one on to another, and the last to the
 * first of some conjuncts that holds. A symbol is the classes of one field's value, or of a few fields' together. A state is the
 * conjuncts that may still hold; where most symbols lead to the same state as all others, only those that do not are kept.
 *
 * At the last symbol many states ask for the same and differ in what they find: what they ask for is one row.
 */
import type { Conjunct } from "./conjuncts.ts";
import type { Reading } from "./readings.ts";

export interface State {
  /** Where symbols lead that are not in the list. */
  readonly otherwise: number;
  readonly symbols: readonly number[];
  /** Where each of those leads. */
  readonly next: readonly number[];
}

/** Its states lead to those of the next stage, by their numbers. */
export interface Stage {
  readonly reading: Reading;
  readonly states: readonly State[];
}

/** What the last symbol decides: a row says for it which of a state's results is found. */
export interface LastStage {
  readonly reading: Reading;
  readonly states: readonly { readonly row: number; readonly results: readonly number[] }[];
  /** The place among the results for each symbol in the list; for others the first, which is -1 where nothing holds. */
  readonly rows: readonly { readonly symbols: readonly number[]; readonly places: readonly number[] }[];
}

/** Why an automaton is not made: how often each conjunct was put into a list. */
export class TooMany {
  readonly times: Uint32Array;
  constructor(times: Uint32Array) {
    this.times = times;
  }
}

/** Lists of numbers, each known by a number. */
class Lists {
  readonly all: (readonly number[])[] = [];
  private readonly known = new Map<number, number[]>();

  number(list: readonly number[]): number {
    let hash = list.length;
    for (const r of list) hash = (Math.imul(hash, 0x01000193) ^ (r + 0x9e37)) | 0;
    const alike = this.known.get(hash);
    if (alike)
      for (const n of alike) {
        const other = this.all[n] as readonly number[];
        if (other.length === list.length && other.every((r, i) => r === list[i])) return n;
      }
    const added = this.all.push(list) - 1;
    if (alike) alike.push(added);
    else this.known.set(hash, [added]);
    return added;
  }
}

/** In longer lists it is not looked whether a conjunct that comes later asks for the same as one before. */
const mostCompared = 16;
/** Of a stage. */
const mostStates = 65_000;

/**
 * Makes the stages of an automaton.
 * @param mostEntries how many conjuncts may be put into lists of states, all in all
 * @throws {TooMany} where they are more
 */
export function makeStages(
  conjuncts: readonly Conjunct[],
  readings: readonly Reading[],
  mostEntries: number,
): { readonly stages: readonly Stage[]; readonly last: LastStage } {
  return new Making(conjuncts, mostEntries).all(readings);
}

class Making {
  private readonly conjuncts: readonly Conjunct[];
  private readonly times: Uint32Array;
  private left: number;

  constructor(conjuncts: readonly Conjunct[], mostEntries: number) {
    this.conjuncts = conjuncts;
    this.times = new Uint32Array(conjuncts.length);
    this.left = mostEntries;
  }

  all(readings: readonly Reading[]): { readonly stages: readonly Stage[]; readonly last: LastStage } {
    let lists: readonly (readonly number[])[] = [this.conjuncts.map((_, r) => r)];
    const rests = this.rests(readings);
    const stages = readings.slice(0, -1).map((reading, i) => {
      const following = new Lists();
      const rest = rests[i] as readonly number[];
      /** Which list each symbol has in a state; 0 between states. */
      const place = new Uint32Array(reading.size);
      const states = lists.map((list) => this.state(list, reading, rest, place, (to) => following.number(to)));
      lists = following.all;
      if (lists.length > mostStates) throw new TooMany(this.times);
      return { reading, states };
    });
    return { stages, last: this.last(lists, readings.at(-1) as Reading) };
  }

  /** What each conjunct asks for after each stage, by a number; 0 where it is nothing. */
  private rests(readings: readonly Reading[]): readonly (readonly number[])[] {
    const all: (readonly number[])[] = [];
    let rest: readonly number[] = this.conjuncts.map(() => 0);
    for (const { of } of [...readings].reverse()) {
      all.unshift(rest);
      const numbers = new Map<string, number>([["0 0", 0]]);
      const lists = new Map<readonly number[] | undefined, number>([[undefined, 0]]);
      rest = rest.map((later, r) => numberIn(numbers, `${numberIn(lists, of[r])} ${later}`));
    }
    return all;
  }

  /** Where a state's symbols lead. Conjuncts behind one that asks for nothing more, or for the same, are never the first. */
  private state(
    list: readonly number[],
    { of }: Reading,
    rest: readonly number[],
    place: Uint32Array,
    target: (to: readonly number[]) => number,
  ): State {
    // The first list is of symbols that are not open.
    const symbols: number[] = [];
    const lists: number[][] = [[]];
    for (const r of list)
      for (const s of of[r] ?? []) {
        if (place[s] !== 0) continue;
        symbols.push(s);
        place[s] = lists.push([]) - 1;
      }
    const closed = new Uint8Array(lists.length);
    const add = (at: number, r: number): void => {
      if (closed[at]) return;
      const to = lists[at] as number[];
      const asked = rest[r] as number;
      if (to.length <= mostCompared) for (const x of to) if (rest[x] === asked) return;
      this.count(r);
      to.push(r);
      if (asked === 0) closed[at] = 1;
    };
    for (const r of list) {
      const only = of[r];
      if (only) for (const s of only) add(place[s] as number, r);
      else {
        this.left -= lists.length >> 3;
        for (let at = 0; at < lists.length; at++) add(at, r);
      }
    }
    const otherwise = target(lists[0] as number[]);
    const state = { otherwise, symbols: [] as number[], next: [] as number[] };
    symbols.forEach((s, i) => {
      place[s] = 0;
      const next = target(lists[i + 1] as number[]);
      if (next === otherwise) return;
      state.symbols.push(s);
      state.next.push(next);
    });
    return state;
  }

  private last(lists: readonly (readonly number[])[], reading: Reading): LastStage {
    const numbers = new Map<readonly number[] | undefined, number>([[undefined, 0]]);
    const asked = reading.of.map((symbols) => numberIn(numbers, symbols));
    const shapes = new Lists();
    const rows: { symbols: readonly number[]; places: readonly number[] }[] = [];
    const states = lists.map((list) => {
      const results = [-1];
      const shape: number[] = [];
      const places = new Map<number, number>();
      const kept: number[] = [];
      for (const r of list) {
        const asks = asked[r] as number;
        if (shape.includes(asks)) continue;
        shape.push(asks);
        const { result } = this.conjuncts[r] as Conjunct;
        if (asks === 0) {
          results[0] = result;
          break;
        }
        results.push(result);
        kept.push(r);
      }
      const row = shapes.number(shape);
      if (row === rows.length) {
        kept.forEach((r, i) => {
          for (const s of reading.of[r] as readonly number[]) {
            if (places.has(s)) continue;
            this.count(r);
            places.set(s, i + 1);
          }
        });
        rows.push({ symbols: [...places.keys()], places: [...places.values()] });
      }
      return { row, results };
    });
    if (rows.length > mostStates || states.reduce((sum, { results }) => sum + results.length + 5, 0) > mostStates * 2)
      throw new TooMany(this.times);
    return { reading, states, rows };
  }

  private count(r: number): void {
    if (this.left-- <= 0) throw new TooMany(this.times);
    this.times[r] = (this.times[r] as number) + 1;
  }
}

/** The number of a key; one that is not known gets the next. */
function numberIn<K>(numbers: Map<K, number>, key: K): number {
  let number = numbers.get(key);
  if (number === undefined) {
    number = numbers.size;
    numbers.set(key, number);
  }
  return number;
}
