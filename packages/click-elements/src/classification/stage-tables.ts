/**
 * Tables of rules in memory, and code that looks packets up in them: each field's value is made a number by a table, and automata go from
 * state to state. No branch depends on what is looked up but which automata are run, so that little is guessed wrong.
 *
 * Budget: 3 ns a field and 2 ns a stage, while the tables are in the first two caches.
 */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { type ClassTable, classTable, words16 } from "./class-table.ts";
import type { FieldClasses } from "./field-classes.ts";
import { PlacedAutomaton } from "./placed-automaton.ts";
import type { PlaceData } from "./range-table.ts";
import type { AutomatonField, RuleTables } from "./rule-tables.ts";
import { type KnownLengths, type LookupInput, readField } from "./stage-tree.ts";

/** So many automata are all run: to guess which takes longer. */
const alwaysRun = 3;

/** Looks up a packet; the result is that of the first conjunct that holds, or -1. */
export type TableLookup = (c: FunctionBuilder, input: LookupInput, known: KnownLengths) => I32;

/** Places tables. */
export function placeTables(place: PlaceData, { fields, automata }: RuleTables): TableLookup {
  const placed = automata.map((automaton) => new PlacedAutomaton(place, automaton));
  const [only] = placed;
  if (!only || placed.length > 1) return placeSeveral(place, fields, placed);
  const readers = only.automaton.fields.map((of) => {
    const classes = fields.get(of.field) as FieldClasses;
    return { field: of.field, read: placeField(place, classes, (k) => only.symbol(of, k)) };
  });
  return (c, input, known) => {
    const symbols = new Map(readers.map(({ field, read }) => [field, read(c, input, known)]));
    return only.stage(c, (field) => symbols.get(field) as I32).sub(1);
  };
}

/** So many bytes are placed. */
export function sizeOfTables(tables: RuleTables): number {
  let size = 0;
  placeTables((bytes) => {
    size += bytes.length;
    return 0;
  }, tables);
  return size;
}

/** Runs those automata in which a conjunct may hold; what the first conjunct says counts. */
function placeSeveral(place: PlaceData, fields: RuleTables["fields"], placed: readonly PlacedAutomaton[]): TableLookup {
  // A row for each class of a field: where not all automata are run, a bit for each in which something may hold; its symbols for each.
  const masked = placed.length > alwaysRun;
  const start = masked ? 4 : 0;
  const rows = [...fields].map(([field, classes]) => {
    const users = placed.flatMap((one) => {
      const of = one.automaton.fields.find((f) => f.field === field);
      return of ? { one, of } : [];
    });
    const size = masked ? (start + 2 * users.length + 3) & ~3 : 2 * users.length;
    const bytes = new DataView(new ArrayBuffer(classes.count * size));
    for (let k = 0; k < classes.count; k++) {
      if (masked) bytes.setUint32(k * size, maskOf(placed, users, k), true);
      users.forEach(({ one, of }, i) => {
        bytes.setUint16(k * size + start + 2 * i, one.symbol(of, k), true);
      });
    }
    const address = place(new Uint8Array(bytes.buffer), 4);
    const offsets = new Map(users.map(({ one }, i) => [one, address + start + 2 * i]));
    return { field, size, address, offsets, read: placeField(place, classes, (k) => k) };
  });
  return (c, input, known) => {
    const found = new Map(rows.map(({ field, size, read }) => [field, read(c, input, known).mul(size)]));
    const run = (one: PlacedAutomaton): I32 =>
      one
        .stage(c, (field) => {
          const { offsets } = rows.find((r) => r.field === field) as (typeof rows)[number];
          return c.load16(found.get(field) as I32, offsets.get(one) as number);
        })
        .sub(1);
    // No result is the greatest number without a sign.
    const least = (a: I32, b: I32): I32 => c.select(a.ltU(b), a, b);
    if (!masked) return placed.map(run).reduce(least);
    const masks = rows.map(({ field, address }) => c.load32(found.get(field) as I32, address));
    const all = masks.reduce((left, mask) => left.and(mask));
    const left = c.var("i32", all, "left");
    const best = c.var("i32", -1, "best");
    c.while(
      () => left.get().ne(0),
      () => {
        const mask = left.get();
        left.set(mask.and(mask.sub(1)));
        c.switch(
          mask.ctz(),
          placed.map((one) => () => best.set(least(run(one), best.get()))),
        );
      },
    );
    return best.get();
  };
}

/** A bit for each automaton that does not read the field, or in which a conjunct may hold in a class of it. */
function maskOf(
  placed: readonly PlacedAutomaton[],
  users: readonly { readonly one: PlacedAutomaton; readonly of: AutomatonField }[],
  k: number,
): number {
  let mask = 0;
  placed.forEach((one, a) => {
    const user = users.find((u) => u.one === one);
    if (!user || user.of.possible[k]) mask |= 1 << a;
  });
  return mask >>> 0;
}

/** Reads the number that a field's class has. */
function placeField(
  place: PlaceData,
  { field: { field, values }, ends, classes, unreadable }: FieldClasses,
  number: (k: number) => number,
): TableLookup {
  const bits = (field.width * 8) as 8 | 16 | 32;
  const top = 2 ** bits - 1;
  const count = ends.findIndex((end) => end >= top) + 1;
  const ranges = { ends: [...ends.slice(0, count - 1), top], numbers: classes.slice(0, count).map(number) };
  const table = classTable(place, bits, ranges) as ClassTable;
  const none = number(unreadable);
  // Packets that end with the first byte.
  const partial = Array.from({ length: values - top - 1 }, (_, i) => {
    const range = ends.findIndex((end) => end >= top + 1 + i);
    return number(classes[range] as number);
  });
  const partialAt = partial.some((n) => n !== none) ? place(words16(partial), 2) : undefined;
  return (c, input, known) => {
    const read = (): I32 => table(c, readField(c, input, field));
    if (field.base === "value") return read();
    const needed = field.offset + field.width;
    if ((known[field.base] ?? 0) >= needed) return read();
    const { length } = input[field.base] as { length: I32 };
    const found = c.var("i32", none, "class");
    c.if(
      length.geS(needed),
      () => found.set(read()),
      () => {
        if (partialAt === undefined) return;
        c.if(length.geS(needed - 1), () => {
          const byte = readField(c, input, { ...field, width: 1, mask: 255 });
          found.set(c.load16(byte.shl(1), partialAt));
        });
      },
    );
    return found.get();
  };
}
