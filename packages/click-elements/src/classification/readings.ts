/** What automata read: which fields are one symbol together, and in which order symbols come. */
import type { Conjunct } from "./conjuncts.ts";
import type { TestedField } from "./field-tests.ts";
import { refine } from "./refine.ts";

/** The classes of a field, as some conjuncts tell them apart. */
export interface LocalClasses {
  readonly field: TestedField;
  readonly count: number;
  /** In which classes the test of each conjunct holds; `undefined` where it has none. */
  readonly of: readonly (readonly number[] | undefined)[];
}

/** Fields that are one symbol: `sum of (class of field i) * stride i`, or what a table has there. */
export interface Reading {
  readonly parts: readonly { readonly field: TestedField; readonly stride: number }[];
  readonly table: Uint32Array | undefined;
  /** How many symbols there are. */
  readonly size: number;
  /** With which symbols each conjunct may hold; `undefined` where with any. */
  readonly of: readonly (readonly number[] | undefined)[];
}

/** Entries of a table that is a whole list of rules: so many, and for each conjunct. */
const oneTable = 256;
const oneTableEach = 128;
const oneTableMost = 8192;
/** Classes of fields together, from which a table makes fewer symbols. */
const combinedEach = 32;
const combinedMost = 32_768;
const combinedSteps = 500_000;

/** All fields at once where there are few classes. Otherwise those with few classes are one symbol, and come last. */
export function readingsOf(conjuncts: readonly Conjunct[], fields: readonly LocalClasses[]): Reading[] {
  if (
    fields.reduce((n, { count }) => n * count, 1) <= Math.min(oneTable + conjuncts.length * oneTableEach, oneTableMost)
  )
    return [together(fields)];
  const order = [...fields].sort((a, b) => a.count - b.count);
  const most = Math.min(conjuncts.length * combinedEach, combinedMost);
  let few = 0;
  for (let product = 1; few + 1 < fields.length; few++) {
    product *= (order[few] as LocalClasses).count;
    if (product > most || stepsOf(conjuncts.length, order.slice(0, few + 1)) > combinedSteps) break;
  }
  const small = few > 1 ? order.slice(0, few) : [];
  const weight = ({ of, count }: LocalClasses): number =>
    (of.reduce((n, classes) => n + (classes ? 1 : 0), 0) / conjuncts.length) * Math.log2(count);
  const alone = fields.filter((f) => !small.includes(f)).sort((a, b) => weight(b) - weight(a));
  return [...alone.map((f) => together([f])), ...(small.length > 0 ? [combine(conjuncts.length, small)] : [])];
}

function together(fields: readonly LocalClasses[]): Reading {
  let size = 1;
  const parts = fields.map(({ field, count }) => {
    const stride = size;
    size *= count;
    return { field, stride };
  });
  const [first, ...more] = fields;
  if (first && more.length === 0) return { parts, table: undefined, size, of: first.of };
  const of = (first as LocalClasses).of.map((_, r) => {
    if (fields.every((f) => !f.of[r])) return undefined;
    let list: readonly number[] = [0];
    fields.forEach(({ count, of }, i) => {
      const { stride } = parts[i] as { stride: number };
      const each = of[r] ?? Array.from({ length: count }, (_, k) => k);
      list = list.flatMap((n) => each.map((k) => n + k * stride));
    });
    return list;
  });
  return { parts, table: undefined, size, of };
}

/** What conjuncts ask of some fields: those that ask for the same are together. */
function alike(conjuncts: number, fields: readonly LocalClasses[]): readonly (readonly number[])[] {
  const ids = new Map<readonly number[] | undefined, number>([[undefined, 0]]);
  const groups = new Map<string, number[]>();
  for (let r = 0; r < conjuncts; r++) {
    let key = "";
    let open = true;
    for (const { of } of fields) {
      const list = of[r];
      let id = ids.get(list);
      if (id === undefined) {
        id = ids.size;
        ids.set(list, id);
      }
      if (id > 0) open = false;
      key += `${id} `;
    }
    if (open) continue;
    const group = groups.get(key);
    if (group) group.push(r);
    else groups.set(key, [r]);
  }
  return [...groups.values()];
}

/** How many classes of the fields together there are in which conjuncts hold, all in all. */
function stepsOf(conjuncts: number, fields: readonly LocalClasses[]): number {
  let sum = 0;
  for (const [r] of alike(conjuncts, fields))
    sum += fields.reduce((n, { of, count }) => n * (of[r as number]?.length ?? count), 1);
  return sum;
}

/** Symbols for those classes of fields together that conjuncts tell apart. */
function combine(conjuncts: number, fields: readonly LocalClasses[]): Reading {
  const groups = alike(conjuncts, fields);
  const {
    parts,
    size,
    of: lists,
  } = together(fields.map((f) => ({ ...f, of: groups.map(([r]) => f.of[r as number]) })));
  const refined = refine(size, lists as readonly (readonly number[])[]);
  const of = new Array<readonly number[] | undefined>(conjuncts).fill(undefined);
  groups.forEach((group, g) => {
    for (const r of group) of[r] = refined.of[g];
  });
  return { parts, table: refined.groups, size: refined.count, of };
}
