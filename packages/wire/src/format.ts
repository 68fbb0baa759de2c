/**
 * A header format: its table, and the host's ways to read, view and build headers in bytes.
 *
 * Reading bytes of a peer never throws: it gives the header, or what is wrong. Setting a field keeps the low bits of
 * the value, as memory does. Asking for a header where there are too few bytes is the caller's mistake, and throws.
 */
import { WireError } from "./error.ts";
import { type Field, placeFields, type Table } from "./table.ts";
import { type HeaderFields, type HeaderParts, type HeaderView, viewClass } from "./view.ts";

/** What to build a header of: its fields, and options where the header has room for some. */
export type HeaderValues<T extends Table> = Partial<HeaderFields<T>> & { readonly options?: Uint8Array };

/** What is wrong with bytes that should be a header. */
export interface HeaderProblem {
  readonly kind: "truncated" | "unexpected value" | "bad header length";
  /** The field that says so; `undefined` of a truncated header. */
  readonly field: string | undefined;
  /** The field's value, the header's length, or the bytes that there are. */
  readonly value: number;
  readonly text: string;
}

/** A header of some bytes, or what is wrong with them. */
export type HeaderResult<V> =
  | { readonly ok: true; readonly header: V }
  | { readonly ok: false; readonly problem: HeaderProblem };

/** A header format. */
export interface Format<T extends Table = Table> {
  readonly name: string;
  readonly reference: string;
  readonly table: T;
  /** Bytes of the table's fields; options come after them. */
  readonly size: number;
  readonly fields: { readonly [K in keyof T["fields"]]: Field };
  /** The fields in order. */
  readonly rows: readonly Field[];
  /** The header in bytes of a peer: there, with the values that the format fixes, and as long as it says. */
  read(bytes: Uint8Array, at?: number): HeaderResult<HeaderView<T>>;
  /** The header in bytes as they are. @throws {WireError} `OUT_OF_BOUNDS` where there are too few of them. */
  view(bytes: Uint8Array, at?: number): HeaderView<T>;
  /** Writes a header into bytes: every byte of it. @throws {WireError} `OUT_OF_BOUNDS` where it does not fit. */
  emit(bytes: Uint8Array, values: HeaderValues<T>, at?: number): HeaderView<T>;
  /** A header as bytes of its own. */
  bytes(values?: HeaderValues<T>): Uint8Array;
}

/** A table, worked out: its rows, where they are. @throws {WireError} `BAD_TABLE` */
function layOut<T extends Table>(table: T) {
  const { rows, size } = placeFields(table);
  const fields = Object.fromEntries(rows.map((row) => [row.name, row])) as unknown as Format<T>["fields"];
  for (const { field } of [table.headerLength, table.totalLength].flatMap(lengthFields))
    if (!Object.hasOwn(fields, field)) throw new WireError("BAD_TABLE", `${table.name} has no field '${field}'`);
  return { rows, size, fields, fixed: rows.filter((row) => row.is !== undefined) };
}

/**
 * Makes a format of its table, which is worked out when something of it is first asked for: programs start with many formats and use
 * few. What is wrong with the table is thrown then: `WireError` `BAD_TABLE`.
 */
export function format<const T extends Table>(table: T): Format<T> {
  const { name, reference } = table;
  let laidOut: ReturnType<typeof layOut<T>> | undefined;
  const layout = (): ReturnType<typeof layOut<T>> => {
    laidOut ??= layOut(table);
    return laidOut;
  };
  let View: ReturnType<typeof viewClass> | undefined;

  const view = (bytes: Uint8Array, at = 0): HeaderView<T> => {
    const { rows, size } = layout();
    if (!(at >= 0 && at + size <= bytes.length))
      throw new WireError("OUT_OF_BOUNDS", `${name} has ${size} bytes; ${Math.max(0, bytes.length - at)} are there`);
    View ??= viewClass(table, rows, size);
    return new View(bytes.subarray(at)) as unknown as HeaderView<T>;
  };

  const read = (bytes: Uint8Array, at = 0): HeaderResult<HeaderView<T>> => {
    const { size, fixed } = layout();
    const there = Math.max(0, bytes.length - at);
    if (!(at >= 0 && size <= there)) return problem("truncated", undefined, there, `${there} of ${size} bytes`);
    const header = view(bytes, at);
    const values = header as unknown as Record<string, number>;
    for (const row of fixed)
      if (values[row.name] !== row.is)
        return problem("unexpected value", row.name, values[row.name] as number, `${row.rfc} ${values[row.name]}`);
    const { headerLength } = header as HeaderParts;
    if (headerLength < size || headerLength > there) {
      const [{ field }] = lengthFields(table.headerLength) as [{ field: string }];
      return problem("bad header length", field, headerLength, `a header of ${headerLength} bytes, ${there} are there`);
    }
    return { ok: true, header };
  };
  const problem = (
    kind: HeaderProblem["kind"],
    field: string | undefined,
    value: number,
    text: string,
  ): HeaderResult<never> => ({ ok: false, problem: { kind, field, value, text: `${name}: ${text}` } });

  const emit = (bytes: Uint8Array, values: HeaderValues<T>, at = 0): HeaderView<T> => {
    const { rows, size } = layout();
    const { options } = values;
    const length = optionLength(table, size, options);
    if (!(at >= 0 && at + length.bytes <= bytes.length))
      throw new WireError("OUT_OF_BOUNDS", `${name} has ${length.bytes} bytes; ${bytes.length - at} are there`);
    bytes.fill(0, at, at + length.bytes);
    const header = view(bytes, at);
    const target = header as unknown as Record<string, unknown>;
    for (const row of rows) if (row.usual !== 0) target[row.name] = row.usual;
    if (length.field !== undefined) target[length.field] = length.value;
    for (const row of rows) {
      const value = (values as Record<string, unknown>)[row.name];
      if (value !== undefined) target[row.name] = value;
    }
    if (options) bytes.set(options, at + size);
    return header;
  };

  return {
    name,
    reference,
    table,
    get size() {
      return layout().size;
    },
    get fields() {
      return layout().fields;
    },
    get rows() {
      return layout().rows;
    },
    read,
    view,
    emit,
    bytes(values = {}) {
      const bytes = new Uint8Array(optionLength(table, layout().size, values.options).bytes);
      emit(bytes, values);
      return bytes;
    },
  };
}

/** The fields that a length is made of. */
function lengthFields(length: Table["headerLength"] | Table["totalLength"]): { field: string }[] {
  if (!length) return [];
  return "flags" in length ? length.flags.map((field) => ({ field })) : [{ field: length.field }];
}

/** Bytes of a header with options, and the field that says so. */
function optionLength(
  { name, headerLength }: Table,
  size: number,
  options: Uint8Array | undefined,
): { bytes: number; field?: string; value?: number } {
  if (!options?.length) return { bytes: size };
  if (!headerLength) throw new WireError("OUT_OF_BOUNDS", `${name} has no room for options of ${options.length} bytes`);
  // Flags are the caller's to set: they say which options these are.
  if ("flags" in headerLength) return { bytes: size + options.length };
  const { field, unit, plus = 0 } = headerLength;
  const value = Math.ceil((size + options.length - plus) / unit);
  return { bytes: value * unit + plus, field, value };
}
