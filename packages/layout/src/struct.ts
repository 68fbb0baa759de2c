/** Layouts of named fields, declared once: their offsets, a table of them, and views of the host. */
import { LayoutError } from "./error.ts";
import { alignUp, type Fields, type FieldType, type HostFields } from "./field.ts";

/** One row of a layout's table. */
export interface LayoutRow {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
}

/** A layout of named fields; itself a field type, so layouts nest. */
export interface Struct<F extends Fields> extends FieldType<HostFields<F>> {
  readonly kind: "struct";
  readonly fields: F;
  readonly offsets: { readonly [K in keyof F]: number };
  readonly rows: readonly LayoutRow[];
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
      throw new LayoutError(`${name}.${field} at ${offset} overlaps the field before it, which ends at ${end}`);
    offsets[field] = offset;
    rows.push({ name: field, type: type.name, offset, size: type.size });
    end = offset + type.size;
    align = Math.max(align, type.align);
  }
  if (options.size !== undefined && options.size < end)
    throw new LayoutError(`${name} is ${end} bytes, declared as ${options.size}`);
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

  return {
    kind: "struct",
    name,
    size,
    align,
    fields,
    offsets: offsets as Struct<F>["offsets"],
    rows,
    read: (data, offset) => new View(data, offset) as unknown as HostFields<F>,
    write(data, offset, value) {
      for (const [field, type] of Object.entries(fields))
        if (field in value) type.write(data, offset + (offsets[field] as number), value[field]);
    },
    view: (buffer, offset) => new View(new DataView(buffer), offset) as unknown as HostFields<F>,
  };
}
