/**
 * Layouts, declared once. From one table come the staged accessors, the views of the host, and the table of
 * offsets that documents it.
 */
import { CodegenError } from "./error.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import type { ByteOrder } from "./ir.ts";
import type { I32, I32Like, I64, I64Like, Ref } from "./values.ts";

/**
 * The type of a field: its size, how staged code reaches it and how the host does.
 * `Staged` is what an accessor gives inside the builder, `Host` what a view gives outside.
 */
export interface FieldType<Staged = unknown, Host = unknown> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly align: number;
  stage(c: FunctionBuilder, base: I32Like, offset: number): Staged;
  read(data: DataView, offset: number): Host;
  write(data: DataView, offset: number, value: Host): void;
}

export type Fields = Readonly<Record<string, FieldType<any, any>>>;
export type StagedOf<F extends FieldType<any, any>> = F extends FieldType<infer S, any> ? S : never;
export type HostOf<F extends FieldType<any, any>> = F extends FieldType<any, infer H> ? H : never;
export type StagedFields<F extends Fields> = { readonly [K in keyof F]: StagedOf<F[K]> };
export type HostFields<F extends Fields> = { [K in keyof F]: HostOf<F[K]> };

export type U32Field = FieldType<Ref<I32, I32Like>, number>;
export type U64Field = FieldType<Ref<I64, I64Like>, bigint>;

function small(name: string, width: 8 | 16 | 32, order: ByteOrder): U32Field {
  const bytes = width / 8;
  const little = order === "le";
  return {
    name,
    size: bytes,
    align: bytes,
    stage(c, base, offset) {
      const get = (): I32 =>
        width === 8
          ? c.load8(base, offset)
          : width === 16
            ? c.load16(base, offset, order)
            : c.load32(base, offset, order);
      const set = (value: I32Like): void => {
        if (width === 8) c.store8(base, value, offset);
        else if (width === 16) c.store16(base, value, offset, order);
        else c.store32(base, value, offset, order);
      };
      return { get, set, inc: (by = 1) => set(get().add(by)) };
    },
    read: (data, offset) =>
      width === 8
        ? data.getUint8(offset)
        : width === 16
          ? data.getUint16(offset, little)
          : data.getUint32(offset, little),
    write(data, offset, value) {
      if (width === 8) data.setUint8(offset, value);
      else if (width === 16) data.setUint16(offset, value, little);
      else data.setUint32(offset, value, little);
    },
  };
}

function large(name: string, order: ByteOrder): U64Field {
  const little = order === "le";
  return {
    name,
    size: 8,
    align: 8,
    stage(c, base, offset) {
      const get = (): I64 => c.load64(base, offset, order);
      const set = (value: I64Like): void => c.store64(base, value, offset, order);
      return { get, set, inc: (by = 1n) => set(get().add(by)) };
    },
    read: (data, offset) => data.getBigUint64(offset, little),
    write: (data, offset, value) => data.setBigUint64(offset, value, little),
  };
}

export const u8: U32Field = small("u8", 8, "le");
export const u16: U32Field = small("u16", 16, "le");
export const u32: U32Field = small("u32", 32, "le");
export const u64: U64Field = large("u64", "le");
export const u16be: U32Field = small("u16be", 16, "be");
export const u32be: U32Field = small("u32be", 32, "be");
export const u64be: U64Field = large("u64be", "be");

/** `size` bytes without further structure: staged, their address; on the host, a `Uint8Array` over them. */
export function bytes(size: number, align = 1): FieldType<I32, Uint8Array> {
  return {
    name: `bytes[${size}]`,
    size,
    align,
    stage: (c, base, offset) => c.i32(base).add(offset),
    read: (data, offset) => new Uint8Array(data.buffer, data.byteOffset + offset, size),
    write(data, offset, value) {
      if (value.length > size)
        throw new CodegenError("BAD_STRUCT", `${value.length} bytes do not fit a field of ${size}`);
      new Uint8Array(data.buffer, data.byteOffset + offset, size).set(value);
    },
  };
}

/** What staged code gets for an array: its elements by a run-time index, unchecked. */
export interface StagedArray<S> {
  at(index: I32Like): S;
}

/** `count` elements of one type, one after the other; on the host, a live list whose items are read and written in place. */
export function array<S, H>(element: FieldType<S, H>, count: number): FieldType<StagedArray<S>, H[]> {
  const stride = alignUp(element.size, element.align);
  const view = listView(element, count, stride);
  return {
    name: `${element.name}[${count}]`,
    size: stride * count,
    align: element.align,
    stage: (c, base, offset) => ({
      at: (index) =>
        typeof index === "number"
          ? element.stage(c, base, offset + index * stride)
          : element.stage(
              c,
              stride & (stride - 1) ? index.mul(stride).add(base) : index.shl(31 - Math.clz32(stride)).add(base),
              offset,
            ),
    }),
    read: view,
    write(data, offset, values) {
      Array.from(values).forEach((value, i) => {
        element.write(data, offset + i * stride, value);
      });
    },
  };
}

/** Makes views of lists: like arrays in all that reads them, with items that are read from memory and written to it. */
function listView<H>(
  element: FieldType<unknown, H>,
  count: number,
  stride: number,
): (data: DataView, offset: number) => H[] {
  const places = new WeakMap<object, { readonly data: DataView; readonly offset: number }>();
  let prototype: object | undefined;
  const make = (): object => {
    const made = Object.create(Array.prototype, { length: { value: count } });
    for (let i = 0; i < count; i++)
      Object.defineProperty(made, i, {
        enumerable: true,
        get(this: object) {
          const { data, offset } = places.get(this) as { data: DataView; offset: number };
          return element.read(data, offset + i * stride);
        },
        set(this: object, value: H) {
          const { data, offset } = places.get(this) as { data: DataView; offset: number };
          element.write(data, offset + i * stride, value);
        },
      });
    return made;
  };
  return (data, offset) => {
    prototype ??= make();
    const list = Object.create(prototype) as H[];
    places.set(list, { data, offset });
    return list;
  };
}

/** One row of a layout's table. */
export interface LayoutRow {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
}

/** A layout of named fields; itself a field type, so layouts nest. */
export interface Struct<F extends Fields> extends FieldType<StagedFields<F>, HostFields<F>> {
  readonly fields: F;
  readonly offsets: { readonly [K in keyof F]: number };
  readonly rows: readonly LayoutRow[];
  /** Staged accessors of the structure at an address. */
  at(c: FunctionBuilder, address: I32Like): StagedFields<F>;
  /** A live view on the host: reading a property reads memory, setting one writes it. */
  view(buffer: ArrayBufferLike, offset: number): HostFields<F>;
}

export interface StructOptions {
  readonly name?: string;
  /** Total size in bytes, when larger than the fields. */
  readonly size?: number;
  /** Offsets of fields that do not simply follow the one before, naturally aligned. */
  readonly at?: Readonly<Record<string, number>>;
}

/** Declares a layout. Fields follow one another, each naturally aligned unless `at` places it. */
export function struct<F extends Fields>(fields: F, options: StructOptions = {}): Struct<F> {
  const name = options.name ?? "struct";
  const offsets: Record<string, number> = {};
  const rows: LayoutRow[] = [];
  let end = 0;
  let align = 1;
  for (const [field, type] of Object.entries(fields)) {
    const offset = options.at?.[field] ?? alignUp(end, type.align);
    if (offset < end)
      throw new CodegenError(
        "BAD_STRUCT",
        `${name}.${field} at ${offset} overlaps the field before it, which ends at ${end}`,
      );
    offsets[field] = offset;
    rows.push({ name: field, type: type.name, offset, size: type.size });
    end = offset + type.size;
    align = Math.max(align, type.align);
  }
  if (options.size !== undefined && options.size < end)
    throw new CodegenError("BAD_STRUCT", `${name} is ${end} bytes, declared as ${options.size}`);
  const size = options.size ?? alignUp(end, align);

  class View {
    readonly #data: DataView;
    readonly #base: number;
    constructor(data: DataView, base: number) {
      this.#data = data;
      this.#base = base;
    }
    static {
      for (const [field, type] of Object.entries(fields)) {
        const offset = offsets[field] as number;
        Object.defineProperty(this.prototype, field, {
          enumerable: true,
          get(this: View) {
            return type.read(this.#data, this.#base + offset);
          },
          set(this: View, value: unknown) {
            type.write(this.#data, this.#base + offset, value);
          },
        });
      }
    }
  }

  const stage = (c: FunctionBuilder, base: I32Like, offset: number): StagedFields<F> => {
    const accessors = {};
    for (const [field, type] of Object.entries(fields))
      Object.defineProperty(accessors, field, {
        enumerable: true,
        get: () => type.stage(c, base, offset + (offsets[field] as number)),
      });
    return accessors as StagedFields<F>;
  };

  return {
    name,
    size,
    align,
    fields,
    offsets: offsets as Struct<F>["offsets"],
    rows,
    stage,
    read: (data, offset) => new View(data, offset) as unknown as HostFields<F>,
    write(data, offset, value) {
      for (const [field, type] of Object.entries(fields))
        if (field in value) type.write(data, offset + (offsets[field] as number), value[field]);
    },
    at: (c, address) => stage(c, address, 0),
    view: (buffer, offset) => new View(new DataView(buffer), offset) as unknown as HostFields<F>,
  };
}

/** The next multiple of `align`, a power of two. */
export function alignUp(n: number, align: number): number {
  return (n + align - 1) & -align;
}
