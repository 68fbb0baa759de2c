/** A header in staged code: its fields by name, and the spans after it. Had from a span, which knows its bytes. */
import { type FunctionBuilder, I32, type I32Like } from "@clickos/codegen";
import { WireError } from "./error.ts";
import type { Format, HeaderValues } from "./format.ts";
import type { Otherwise, Span } from "./span.ts";
import {
  containerOf,
  equalBytes,
  readBytes,
  type StagedAddress,
  type StagedBits,
  type StagedBytes,
  stagedBits,
  stagedBytes,
  storeBytes,
  valueIn,
} from "./staged-field.ts";
import type { BytesSpec, Field, Table } from "./table.ts";

/** Bytes that are a number of 64 bits at most. */
export type ShortBytes = BytesSpec & { readonly bytes: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 };

/** The fields of a header in staged code. */
export type StagedHeaderFields<T extends Table> = {
  readonly [K in keyof T["fields"]]: T["fields"][K] extends ShortBytes
    ? StagedAddress
    : T["fields"][K] extends BytesSpec
      ? StagedBytes
      : StagedBits;
};

/** The fields that have a number, in staged code. */
export type BitsNames<T extends Table> = {
  [K in keyof T["fields"]]: T["fields"][K] extends BytesSpec ? never : K;
}[keyof T["fields"]];

/** What a header is written from; a field that is not given is 0, or what the table says it usually is. */
export type StagedValues<T extends Table> = {
  readonly [K in keyof T["fields"]]?: T["fields"][K] extends ShortBytes
    ? Parameters<StagedAddress["set"]>[0]
    : T["fields"][K] extends BytesSpec
      ? Parameters<StagedBytes["set"]>[0]
      : I32Like;
};

/** What every header has in staged code. */
export interface StagedHeaderParts<T extends Table> {
  /** The bytes from the header's start to the end of what there is. */
  readonly span: Span;
  readonly address: I32;
  /** Bytes of the whole header, as it says. */
  readonly headerLength: I32;
  /**
   * What follows the table's fields: the header's options, and the payload. One comparison where the header says how long
   * it is; none elsewhere.
   */
  parts(wrong?: Otherwise): { readonly headerLength: I32; readonly options: Span; readonly payload: Span };
  /** What follows the header. */
  payload(wrong?: Otherwise): Span;
  /** The same header in a span that ends where the packet says; `wrong` where it says more than there is, or less than its fields. */
  clip(wrong: Otherwise): StagedHeader<T>;
  /** The values of some fields, which have the bytes that they share loaded once. */
  load<K extends BitsNames<T>>(...names: readonly K[]): { readonly [N in K]: I32 };
  /** Not 0 where one of some flags is set; those that share a byte are looked at together. */
  anySet(...names: readonly BitsNames<T>[]): I32;
  /** Writes every byte of the table's fields. */
  emit(values: StagedValues<T>): void;
  /** 1 where the fields that the format fixes have their values. */
  wellFormed(): I32;
}

/** A header in memory. */
export type StagedHeader<T extends Table> = StagedHeaderFields<T> & StagedHeaderParts<T>;

type HeaderClass = new (span: Span) => StagedHeaderParts<Table>;
const classes = new WeakMap<Format, HeaderClass>();

/** The header at the start of a span that knows its bytes. */
export function stagedHeader<T extends Table>(format: Format<T>, span: Span): StagedHeader<T> {
  let Header = classes.get(format);
  if (!Header) {
    Header = headerClass(format);
    classes.set(format, Header);
  }
  return new Header(span) as unknown as StagedHeader<T>;
}

function headerClass(format: Format): HeaderClass {
  const { rows, size, table, name } = format;
  const fields = format.fields as Readonly<Record<string, Field>>;
  const fixed = new Uint8Array(size);
  const fixedMask = new Uint8Array(size);
  const view = format.view(fixed) as Record<string, unknown>;
  const mask = format.view(fixedMask) as Record<string, unknown>;
  for (const row of rows)
    if (row.is !== undefined) {
      view[row.name] = row.is;
      mask[row.name] = row.mask;
    }

  class Header {
    readonly span: Span;
    readonly #c: FunctionBuilder;
    readonly #base: I32;
    readonly #start: number;
    constructor(span: Span) {
      this.span = span;
      this.#c = span.c;
      this.#base = span.place.base;
      this.#start = span.place.offset;
    }
    static {
      for (const row of rows)
        Object.defineProperty(this.prototype, row.name, {
          enumerable: true,
          get(this: Header) {
            return this.#field(row);
          },
        });
    }
    #field(row: Field): StagedBits | StagedAddress {
      return row.kind === "bits"
        ? stagedBits(this.#c, row, this.#base, this.#start)
        : stagedBytes(this.#c, row, this.#base, this.#start, size);
    }
    #value(field: string): I32 {
      return stagedBits(this.#c, fields[field] as Field, this.#base, this.#start).get();
    }

    get address(): I32 {
      return this.span.address;
    }
    get headerLength(): I32 {
      const { headerLength } = table;
      if (!headerLength) return this.#c.i32(size);
      const { unit, plus = 0 } = headerLength;
      if ("field" in headerLength) return scaled(this.#value(headerLength.field), unit).add(plus);
      let count = this.#c.i32(0);
      for (const flag of headerLength.flags) count = this.#value(flag).add(count);
      return scaled(count, unit).add(plus);
    }
    parts(wrong?: Otherwise): { headerLength: I32; options: Span; payload: Span } {
      const after = this.span.advance(size);
      const { headerLength } = this;
      if (!table.headerLength) return { headerLength, options: after.take(0), payload: after };
      if (!wrong)
        throw new WireError("UNPROVEN", `${name} says how long it is, and nothing is for where that is wrong`);
      // Below the fields' size the difference is a large number: one comparison for both ends.
      const options = headerLength.sub(size);
      if (wrong !== "stated") this.#c.leaveIf(options.gtU(after.length), wrong);
      return { headerLength, options: after.take(options, "stated"), payload: after.advance(options, "stated") };
    }
    payload(wrong?: Otherwise): Span {
      return this.parts(wrong).payload;
    }
    clip(wrong: Otherwise): StagedHeader<Table> {
      const { totalLength } = table;
      if (!totalLength) throw new WireError("BAD_TABLE", `${name} does not say where its packet ends`);
      const total = this.#value(totalLength.field);
      const payload = totalLength.counts === "all" ? total.sub(size) : total;
      if (wrong !== "stated") this.#c.leaveIf(payload.gtU(this.span.length.sub(size)), wrong);
      return this.span.take(payload.add(size), "stated").header(format, "stated");
    }
    load(...names: readonly string[]): Record<string, I32> {
      const containers = new Map<string, I32>();
      const values: Record<string, I32> = {};
      for (const name of names) {
        const row = fields[name] as Field;
        const key = `${row.offset} ${row.size}`;
        const container = containers.get(key) ?? containerOf(this.#c, row, this.#base, this.#start).get();
        containers.set(key, container);
        values[name] = valueIn(row, container);
      }
      return values;
    }
    anySet(...names: readonly string[]): I32 {
      const masks = new Map<string, { row: Field; mask: number }>();
      for (const name of names) {
        const row = fields[name] as Field;
        const key = `${row.offset} ${row.size}`;
        const known = masks.get(key) ?? { row, mask: 0 };
        known.mask = (known.mask | (row.mask << row.shift)) >>> 0;
        masks.set(key, known);
      }
      let any: I32 | undefined;
      for (const { row, mask } of masks.values()) {
        const set = containerOf(this.#c, row, this.#base, this.#start).get().and(mask);
        any = any ? any.or(set) : set;
      }
      return any ?? this.#c.i32(0);
    }
    emit(values: StagedValues<Table>): void {
      const known: Record<string, number | Uint8Array> = {};
      const later: (() => void)[] = [];
      const written = new Set<number>();
      for (const [name, value] of Object.entries(values as Record<string, unknown>)) {
        if (value === undefined) continue;
        const constant = value instanceof I32 ? value.constant : value;
        const row = fields[name] as Field;
        if (typeof constant === "number" || constant instanceof Uint8Array) known[name] = constant;
        else {
          later.push(setLater(this.#c, this.#field(row), value));
          if (row.whole) for (let i = 0; i < row.size; i++) written.add(row.offset + i);
        }
      }
      const bytes = format.bytes(known as HeaderValues<Table>);
      for (let from = 0, to: number; from < size; from = to + 1) {
        for (to = from; to < size && !written.has(to); ) to++;
        storeBytes(this.#c, this.#base, bytes.subarray(from, to), this.#start + from);
      }
      for (const set of later) set();
    }
    wellFormed(): I32 {
      return equalBytes(this.#c, this.#base, this.#start, 0, fixed, size, fixedMask);
    }
  }
  return Header as unknown as HeaderClass;
}

/** Sets a field when it is called; a field's bytes are read before, since the header may be written over them. */
function setLater(c: FunctionBuilder, field: StagedBits | StagedAddress, value: unknown): () => void {
  if (typeof value === "object" && value !== null && "address" in value) {
    const { address, size } = value as StagedBytes;
    if (size !== (field as StagedAddress).size)
      throw new WireError("OUT_OF_BOUNDS", `${size} bytes do not fit a field of ${(field as StagedAddress).size}`);
    const write = readBytes(c, address, size);
    return () => write((field as StagedAddress).address);
  }
  return () => (field as { set(v: unknown): void }).set(value);
}

function scaled(value: I32, unit: number): I32 {
  return unit & (unit - 1) ? value.mul(unit) : value.shl(31 - Math.clz32(unit));
}
