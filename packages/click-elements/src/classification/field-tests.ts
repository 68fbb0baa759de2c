/**
 * Tests of whole fields. Tests of some bits of a field, and of its first byte, are made tests of all of it, so that they are
 * decided together: a field of two bytes has a value besides for each byte that a packet may end with.
 */
import type { Field } from "./expression.ts";
import { holds, type Term, type Terms } from "./terms.ts";

/** A field that is read as a whole, known by identity. */
export interface TestedField {
  readonly field: Field;
  /** How many values it has: those of packets that end after its first byte come last. */
  readonly values: number;
}

/** Interned: equal ones are one object. */
export interface FieldTest {
  readonly field: TestedField;
  /** The values at which it changes, in order; it does not hold below the first. */
  readonly points: readonly number[];
  /** Whether it holds for packets without the field. */
  readonly unreadable: boolean;
  readonly always: boolean;
  readonly never: boolean;
}

/** A test of some bits is one of the whole field where it is of no more ranges than that. */
const mostRanges = 64;
/** So many such tests of long fields are tried: each takes a step for each value. */
const mostWidened = 256;

const whole = (field: Field): number => 2 ** (field.width * 8) - 1;

export class FieldTests {
  private readonly terms: Terms;
  /** By the places of fields of two bytes, for tests of their first. */
  private readonly fields = new Map<string, TestedField>();
  private readonly known = new Map<Term, FieldTest>();
  private readonly tests = new Map<TestedField, Map<string, FieldTest>>();
  private widenings = mostWidened;

  /** `terms` has the fields of all tests in a list. */
  constructor(terms: Terms, list: readonly Term[]) {
    this.terms = terms;
    const long: Field[] = [];
    const seen = new Set<string>();
    terms.each(list, ({ field }) => {
      if (field === undefined || seen.has(field)) return;
      seen.add(field);
      const of = terms.field(field);
      if (of.width === 2 && of.base !== "value") long.push(of);
    });
    for (const field of long) this.wholeField(field);
  }

  /** What a test asks for. */
  of(term: Term): FieldTest {
    let test = this.known.get(term);
    if (!test) {
      test = this.make(term, this.terms.field(term.field as string));
      this.known.set(term, test);
    }
    return test;
  }

  combined(kind: "and" | "or", a: FieldTest, b: FieldTest): FieldTest {
    const points: number[] = [];
    let [i, j] = [0, 0];
    while (i < a.points.length || j < b.points.length) {
      const at = Math.min(a.points[i] ?? Number.POSITIVE_INFINITY, b.points[j] ?? Number.POSITIVE_INFINITY);
      if (a.points[i] === at) i++;
      if (b.points[j] === at) j++;
      const [inA, inB] = [i % 2 === 1, j % 2 === 1];
      if ((kind === "and" ? inA && inB : inA || inB) !== (points.length % 2 === 1)) points.push(at);
    }
    return this.test(a.field, points, kind === "and" ? a.unreadable && b.unreadable : a.unreadable || b.unreadable);
  }

  private make(term: Term, field: Field): FieldTest {
    const { points, unreadable } = term;
    const long = field.width === 1 && this.fields.get(`${field.base}+${field.offset}:2`);
    if (long) {
      const bytes = rangesUnder(term, field) ?? [];
      const ranges = [
        ...bytes.map(([low, high]) => [low << 8, (high << 8) | 255] as const),
        ...bytes.map(([low, high]) => [0x10000 + low, 0x10000 + high] as const),
      ];
      return this.test(long, changes(ranges), unreadable);
    }
    const of = this.wholeField(field);
    // Of a field of two bytes packets with one have none.
    const rest = field.width === 2 && field.base !== "value" && unreadable ? [[0x10000, 0x100ff] as const] : [];
    if (field.mask === whole(field)) {
      const limited = points.length % 2 === 1 ? [...points, 2 ** (field.width * 8)] : points;
      return this.test(of, changes([...pairs(limited), ...rest]), unreadable);
    }
    const ranges =
      field.width < 4 &&
      field.base !== "value" &&
      (field.width === 1 || this.widenings-- > 0) &&
      rangesUnder(term, field);
    if (ranges) return this.test(of, changes([...ranges, ...rest]), unreadable);
    return this.test(
      this.fieldOf(`${term.field}`, field, 2 ** (field.width * 8)),
      points.length % 2 === 1 ? [...points, 2 ** (field.width * 8)] : points,
      unreadable,
    );
  }

  private wholeField(field: Field): TestedField {
    const { base, offset, width } = field;
    if (base === "value") return this.fieldOf(`value&${field.mask}`, field, 2 ** 32);
    const values = width === 2 ? 0x10100 : 2 ** (width * 8);
    return this.fieldOf(`${base}+${offset}:${width}`, { ...field, mask: whole(field) }, values);
  }

  private fieldOf(key: string, field: Field, values: number): TestedField {
    let known = this.fields.get(key);
    if (!known) {
      known = { field, values };
      this.fields.set(key, known);
    }
    return known;
  }

  private test(field: TestedField, points: readonly number[], unreadable: boolean): FieldTest {
    let known = this.tests.get(field);
    if (!known) {
      known = new Map();
      this.tests.set(field, known);
    }
    const key = `${unreadable ? 1 : 0} ${points.join()}`;
    let test = known.get(key);
    if (!test) {
      const all = points.length === 2 && points[0] === 0 && points[1] === field.values;
      test = { field, points, unreadable, always: all && unreadable, never: points.length === 0 && !unreadable };
      known.set(key, test);
    }
    return test;
  }
}

type Range = readonly [number, number];

function pairs(points: readonly number[]): Range[] {
  return Array.from({ length: points.length >> 1 }, (_, i) => [
    points[i * 2] as number,
    (points[i * 2 + 1] as number) - 1,
  ]);
}

/** The points at which ranges, in order, begin and end. */
function changes(ranges: readonly Range[]): number[] {
  const points: number[] = [];
  for (const [low, high] of ranges) {
    if (points.at(-1) === low) points.pop();
    else points.push(low);
    points.push(high + 1);
  }
  return points;
}

/** The ranges of a whole field in which a test of some of its bits holds; `undefined` where they are many. */
function rangesUnder(test: Term, { width, mask }: Field): readonly Range[] | undefined {
  // Bits below the lowest under the mask change nothing, and those above the highest repeat everything.
  const step = mask & -mask;
  const period = 2 ** (32 - Math.clz32(mask));
  const values = 2 ** (width * 8);
  const most = width === 1 ? values : mostRanges;
  const ranges: [number, number][] = [];
  const add = (low: number, high: number): boolean => {
    const last = ranges.at(-1);
    if (last && last[1] === low - 1) last[1] = high;
    else ranges.push([low, high]);
    return ranges.length <= most;
  };
  for (let value = 0; value < period; value += step)
    if (holds(test, value & mask) && !add(value, value + step - 1)) return undefined;
  const once = ranges.map(([low, high]) => [low, high] as const);
  for (let from = period; from < values; from += period)
    for (const [low, high] of once) if (!add(from + low, from + high)) return undefined;
  return ranges;
}
