/**
 * Layouts in staged code: from the kind of a field follows how code reaches it. A field type of kind `other` brings its
 * own way, as a `StagedField`.
 */
import type { ArrayField, BytesField, Fields, FieldType, IntegerField, Struct } from "@clickos/layout";
import { CodegenError } from "./error.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import type { I32, I32Like, I64, I64Like, Ref } from "./values.ts";

/** A field type that says itself what staged code gets for it. */
export interface StagedField<S, H> extends FieldType<H> {
  stage(c: FunctionBuilder, base: I32Like, offset: number): S;
}

/** What staged code gets for an array: its elements by a run-time index, unchecked. */
export interface StagedArray<S> {
  at(index: I32Like): S;
}

/** What staged code gets for a field: for an integer a `Ref`, for bytes their address. */
export type StagedOf<T> =
  T extends StagedField<infer S, any>
    ? S
    : T extends Struct<infer F>
      ? StagedFields<F>
      : T extends ArrayField<infer E>
        ? StagedArray<StagedOf<E>>
        : T extends BytesField
          ? I32
          : T extends IntegerField<number>
            ? Ref<I32, I32Like>
            : T extends IntegerField<bigint>
              ? Ref<I64, I64Like>
              : never;
export type StagedFields<F extends Fields> = { readonly [K in keyof F]: StagedOf<F[K]> };

type Known = IntegerField<number | bigint> | BytesField | ArrayField<FieldType> | Struct<Fields>;

/** What is of a type at `address + offset`, to staged code. */
export function staged<T extends FieldType<any>>(
  c: FunctionBuilder,
  type: T,
  address: I32Like,
  offset = 0,
): StagedOf<T> {
  return stage(c, type, address, offset) as StagedOf<T>;
}

function stage(c: FunctionBuilder, type: FieldType<any>, base: I32Like, offset: number): unknown {
  if ("stage" in type) return (type as StagedField<unknown, unknown>).stage(c, base, offset);
  const known = type as Known;
  switch (known.kind) {
    case "integer":
      return known.width === 64 ? new LargeField(c, known, base, offset) : new SmallField(c, known, base, offset);
    case "bytes":
      return c.i32(base).add(offset);
    case "array":
      return elements(c, known, base, offset);
    case "struct":
      return new (accessorsOf(known))(c, base, offset);
    default:
      throw new CodegenError("BAD_FIELD", `staged code cannot reach a field of type '${type.name}'`);
  }
}

type Accessors = new (c: FunctionBuilder, base: I32Like, offset: number) => object;
const classes = new WeakMap<Struct<Fields>, Accessors>();

/** The class of what staged code gets for a layout: a field is made when it is asked for. */
function accessorsOf(layout: Struct<Fields>): Accessors {
  let known = classes.get(layout);
  if (!known) {
    known = accessors(layout);
    classes.set(layout, known);
  }
  return known;
}

function accessors({ fields, offsets }: Struct<Fields>): Accessors {
  class StagedStruct {
    readonly #c: FunctionBuilder;
    readonly #base: I32Like;
    readonly #offset: number;
    constructor(c: FunctionBuilder, base: I32Like, offset: number) {
      this.#c = c;
      this.#base = base;
      this.#offset = offset;
    }
    static {
      for (const [name, field] of Object.entries(fields)) {
        const at = offsets[name] as number;
        Object.defineProperty(this.prototype, name, {
          enumerable: true,
          get(this: StagedStruct) {
            return stage(this.#c, field, this.#base, this.#offset + at);
          },
        });
      }
    }
  }
  return StagedStruct;
}

/** A number of up to 32 bits in memory. */
class SmallField implements Ref<I32, I32Like> {
  private readonly c: FunctionBuilder;
  private readonly field: IntegerField<number | bigint>;
  private readonly base: I32Like;
  private readonly offset: number;
  constructor(c: FunctionBuilder, field: IntegerField<number | bigint>, base: I32Like, offset: number) {
    this.c = c;
    this.field = field;
    this.base = base;
    this.offset = offset;
  }
  get(): I32 {
    const { c, base, offset } = this;
    const { width, order, signed } = this.field;
    if (width === 32) return c.load32(base, offset, order);
    const value = width === 8 ? c.load8(base, offset) : c.load16(base, offset, order);
    return signed ? value.shl(32 - width).shrS(32 - width) : value;
  }
  set(value: I32Like): void {
    const { c, base, offset } = this;
    const { width, order } = this.field;
    if (width === 8) c.store8(base, value, offset);
    else if (width === 16) c.store16(base, value, offset, order);
    else c.store32(base, value, offset, order);
  }
  inc(by: I32Like = 1): void {
    this.set(this.get().add(by));
  }
}

/** A number of 64 bits in memory. */
class LargeField implements Ref<I64, I64Like> {
  private readonly c: FunctionBuilder;
  private readonly field: IntegerField<number | bigint>;
  private readonly base: I32Like;
  private readonly offset: number;
  constructor(c: FunctionBuilder, field: IntegerField<number | bigint>, base: I32Like, offset: number) {
    this.c = c;
    this.field = field;
    this.base = base;
    this.offset = offset;
  }
  get(): I64 {
    return this.c.load64(this.base, this.offset, this.field.order);
  }
  set(value: I64Like): void {
    this.c.store64(this.base, value, this.offset, this.field.order);
  }
  inc(by: I64Like = 1n): void {
    this.set(this.get().add(by));
  }
}

function elements(
  c: FunctionBuilder,
  { element, stride }: ArrayField<FieldType>,
  base: I32Like,
  offset: number,
): StagedArray<unknown> {
  return {
    at: (index) =>
      typeof index === "number"
        ? stage(c, element, base, offset + index * stride)
        : stage(
            c,
            element,
            stride & (stride - 1) ? index.mul(stride).add(base) : index.shl(31 - Math.clz32(stride)).add(base),
            offset,
          ),
  };
}
