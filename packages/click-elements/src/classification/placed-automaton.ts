/** An automaton's tables in memory, and code that goes by them. */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { LastStage, Stage } from "./automaton.ts";
import { words16 } from "./class-table.ts";
import type { TestedField } from "./field-tests.ts";
import type { PlaceData } from "./range-table.ts";
import type { Reading } from "./readings.ts";
import { displace } from "./rows.ts";
import type { Automaton, AutomatonField } from "./rule-tables.ts";

/** A stage that is a plain table has no more entries than that, or than a few times those that it needs. */
const denseEntries = 8192;

/** How a state is written where it is come to: a place in the next stage's table. */
type Encoding = (state: number) => number;

/** Goes on from a state by a symbol. */
type Step = (c: FunctionBuilder, state: I32 | undefined, symbol: I32) => I32;

/** A stage in memory. */
interface PlacedStage {
  readonly reading: Reading;
  readonly encoding: Encoding;
  readonly step: Step;
}

/** An automaton's tables in memory. */
export class PlacedAutomaton {
  readonly automaton: Automaton;
  /** A first stage of one field has no table: its symbols are the states that they lead to. */
  private readonly fused: { readonly field: TestedField; readonly states: readonly number[] } | undefined;
  private readonly stages: readonly (PlacedStage & { readonly table: number | undefined })[];
  private readonly strides = new Map<TestedField, number>();

  constructor(place: PlaceData, automaton: Automaton) {
    this.automaton = automaton;
    const { stages, last } = automaton;
    for (const { reading } of [...stages, last])
      for (const { field, stride } of reading.parts) this.strides.set(field, stride);
    let following = stages.length > 0 ? placeLast(place, last) : undefined;
    const placed = following ? [following] : [];
    for (const [i, stage] of [...stages.entries()].reverse()) {
      const encoding = following?.encoding as Encoding;
      const field = i === 0 && onlyField(stage.reading);
      if (field) this.fused = { field, states: rowOf(stage, 0, encoding) };
      else {
        following = placeStage(place, stage, encoding);
        placed.unshift(following);
      }
    }
    if (stages.length === 0) {
      const field = onlyField(last.reading);
      const states = resultsOf(last);
      if (field) this.fused = { field, states };
      else placed.push(dense(place, last.reading, states));
    }
    this.stages = placed.map((stage) => {
      const { table } = stage.reading;
      return { ...stage, table: table && place(words16(table), 4) };
    });
  }

  /** What is read for a class of a field. */
  symbol({ field, local }: AutomatonField, k: number): number {
    const own = local[k] as number;
    if (this.fused?.field === field) return this.fused.states[own] as number;
    return own * (this.strides.get(field) as number);
  }

  /** One more than the result of the first conjunct that holds, or 0. */
  stage(c: FunctionBuilder, symbolOf: (field: TestedField) => I32): I32 {
    let state = this.fused && symbolOf(this.fused.field);
    for (const { reading, table, step } of this.stages) {
      const sum = reading.parts.map(({ field }) => symbolOf(field)).reduce((all, s) => all.add(s));
      state = step(c, state, table === undefined ? sum : c.load16(sum.shl(1), table));
    }
    return state as I32;
  }
}

function onlyField({ parts, table }: Reading): TestedField | undefined {
  return parts.length === 1 && !table ? parts[0]?.field : undefined;
}

/** One more than the result for each symbol, where there is one state. */
function resultsOf({ reading: { size }, states, rows }: LastStage): number[] {
  const { results } = states[0] as LastStage["states"][number];
  const { symbols, places } = rows[0] as LastStage["rows"][number];
  const all = new Array<number>(size).fill((results[0] as number) + 1);
  symbols.forEach((s, i) => {
    all[s] = (results[places[i] as number] as number) + 1;
  });
  return all;
}

/** Where all symbols of a state lead. */
function rowOf({ reading, states }: Stage, state: number, following: Encoding): number[] {
  const { otherwise, symbols, next } = states[state] as Stage["states"][number];
  const row = new Array<number>(reading.size).fill(following(otherwise));
  symbols.forEach((s, i) => {
    row[s] = following(next[i] as number);
  });
  return row;
}

function placeStage(place: PlaceData, stage: Stage, following: Encoding): PlacedStage {
  const { reading, states } = stage;
  const { size } = reading;
  const entries = size * states.length;
  const sparse = states.reduce((sum, { symbols }) => sum + symbols.length, 0) * 2 + states.length * 4;
  if (states.length > 1 && entries > denseEntries && (entries > 4 * denseEntries || entries > sparse))
    return sparseStage(place, stage, following);
  return dense(
    place,
    reading,
    states.flatMap((_, state) => rowOf(stage, state, following)),
  );
}

/** A row of all symbols for each state. */
function dense(place: PlaceData, reading: Reading, rows: readonly number[]): PlacedStage {
  const address = place(words16(rows), 4);
  return {
    reading,
    encoding: (state) => state * reading.size,
    step: (c, state, symbol) => c.load16((state ? state.add(symbol) : symbol).shl(1), address),
  };
}

/**
 * States as rows of one array, in which each entry has the number of its state in the high half; the others of a state lead to
 * one place.
 */
function sparseStage(place: PlaceData, { reading, states }: Stage, following: Encoding): PlacedStage {
  const { starts, length } = displace(states.map(({ symbols }) => symbols));
  const slots = new Slots(length + reading.size);
  const records = new Uint32Array(states.length * 2);
  states.forEach(({ otherwise, symbols, next }, s) => {
    const start = starts[s] as number;
    records[s * 2] = start;
    records[s * 2 + 1] = following(otherwise);
    slots.fill(s, start, symbols, next.map(following));
  });
  const slotsAt = place(slots.bytes, 4);
  const recordsAt = place(words32(records), 8);
  return {
    reading,
    encoding: (state) => state,
    step(c, state, symbol) {
      const from = state ?? c.i32(0);
      const record = from.shl(3);
      const slot = c.load32(c.load32(record, recordsAt).add(symbol).shl(2), slotsAt);
      return c.select(slot.shrU(16).eq(from), slot.and(0xffff), c.load32(record, recordsAt + 4));
    },
  };
}

/**
 * The rows in one array, and a record for each state, which is known by its place in units of four bytes:
 *
 *   0  start u32 of its row   4  row u16   6  one more than each result u16...
 */
function placeLast(place: PlaceData, { reading, states, rows }: LastStage): PlacedStage {
  const { starts, length } = displace(rows.map(({ symbols }) => symbols));
  const slots = new Slots(length + reading.size);
  rows.forEach(({ symbols, places }, row) => {
    slots.fill(row, starts[row] as number, symbols, places);
  });
  const ats: number[] = [];
  let size = 0;
  for (const { results } of states) {
    ats.push(size / 4);
    size += (6 + results.length * 2 + 3) & ~3;
  }
  const records = new DataView(new ArrayBuffer(size));
  states.forEach(({ row, results }, s) => {
    const at = (ats[s] as number) * 4;
    records.setUint32(at, starts[row] as number, true);
    records.setUint16(at + 4, row, true);
    results.forEach((result, i) => {
      records.setUint16(at + 6 + i * 2, result + 1, true);
    });
  });
  const slotsAt = place(slots.bytes, 4);
  const recordsAt = place(new Uint8Array(records.buffer), 8);
  return {
    reading,
    encoding: (state) => ats[state] as number,
    step(c, state, symbol) {
      const record = (state as I32).shl(2);
      const slot = c.load32(c.load32(record, recordsAt).add(symbol).shl(2), slotsAt);
      const found = c.select(slot.shrU(16).eq(c.load16(record, recordsAt + 4)), slot.and(0xffff), c.i32(0));
      return c.load16(record.add(found.shl(1)), recordsAt + 6);
    },
  };
}

/** Entries of rows, which say in their high half whose they are. */
class Slots {
  private readonly words: Uint32Array;

  constructor(length: number) {
    this.words = new Uint32Array(length).fill(0xffff0000);
  }

  fill(row: number, start: number, symbols: readonly number[], values: readonly number[]): void {
    symbols.forEach((s, i) => {
      this.words[start + s] = ((row << 16) | (values[i] as number)) >>> 0;
    });
  }

  get bytes(): Uint8Array {
    return words32(this.words);
  }
}

function words32(words: Uint32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    bytes.setUint32(i * 4, word, true);
  });
  return new Uint8Array(bytes.buffer);
}
