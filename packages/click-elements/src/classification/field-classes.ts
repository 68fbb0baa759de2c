/** Classes of a field's values: two values are of one class where the same tests hold for both. */
import type { FieldTest, TestedField } from "./field-tests.ts";

export interface FieldClasses {
  readonly field: TestedField;
  /** All values, in order: ranges end with these. */
  readonly ends: readonly number[];
  /** The class of each range. */
  readonly classes: readonly number[];
  /** The class of packets that do not have the field. */
  readonly unreadable: number;
  /** How many there are. In class 0 no test holds. */
  readonly count: number;
  /** In which classes a test holds. */
  readonly of: ReadonlyMap<FieldTest, readonly number[]>;
}

/**
 * The classes that tests of a field make.
 * @param spend told of steps; it throws where they are too many.
 */
export function fieldClasses(
  field: TestedField,
  tests: Iterable<FieldTest>,
  spend: (steps: number) => void,
): FieldClasses {
  const list = [...new Set(tests)];
  const changes = new Map<number, number[]>([[0, []]]);
  list.forEach(({ points }, test) => {
    spend(points.length);
    for (const point of points) {
      const there = changes.get(point);
      if (there) there.push(test);
      else changes.set(point, [test]);
    }
  });
  const of = list.map((): number[] => []);
  const sets: Uint32Array[] = [];
  const known = new Map<number, number[]>();
  const active = new Set<number>();
  let hash = 0;
  const classOf = (): number => {
    const alike = known.get(hash) ?? [];
    for (const c of alike) {
      const set = sets[c] as Uint32Array;
      spend(active.size);
      if (set.length === active.size && set.every((test) => active.has(test))) return c;
    }
    spend(active.size);
    const added = sets.push(Uint32Array.from(active)) - 1;
    for (const test of active) of[test]?.push(added);
    known.set(hash, [...alike, added]);
    return added;
  };
  const toggle = (test: number): void => {
    hash = (hash ^ scattered(test)) >>> 0;
    if (!active.delete(test)) active.add(test);
  };
  classOf();
  const points = [...changes.keys()].sort((a, b) => a - b);
  const ends: number[] = [];
  const classes: number[] = [];
  points.forEach((point, p) => {
    for (const test of changes.get(point) as number[]) toggle(test);
    const last = classOf();
    const end = p + 1 < points.length ? (points[p + 1] as number) - 1 : field.values - 1;
    if (classes.at(-1) === last) ends[ends.length - 1] = end;
    else {
      ends.push(end);
      classes.push(last);
    }
  });
  for (const test of [...active]) toggle(test);
  list.forEach(({ unreadable }, test) => {
    if (unreadable) toggle(test);
  });
  const unreadable = classOf();
  return {
    field,
    ends,
    classes,
    unreadable,
    count: sets.length,
    of: new Map(list.map((test, i) => [test, of[i] as number[]])),
  };
}

/** Well mixed bits of a small number. */
function scattered(n: number): number {
  let bits = Math.imul(n + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  return (bits ^ (bits >>> 13)) >>> 0;
}
