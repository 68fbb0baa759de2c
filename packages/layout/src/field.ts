/**
 * What a field of a layout is: its place, how the host reads and writes it, and its kind, from which views, tables
 * and code generators derive what they need.
 */

/** What a field is made of. A field of kind `other` is known only to those who declared it. */
export type FieldKind = "integer" | "bytes" | "array" | "struct" | "other";

/** The type of a field. `Host` is what a view gives for it. */
export interface FieldType<Host = unknown> {
  readonly kind: FieldKind;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly align: number;
  read(data: DataView, offset: number): Host;
  write(data: DataView, offset: number, value: Host): void;
}

/** Little or big endian. */
export type ByteOrder = "le" | "be";

/** A whole number; of 64 bits it is a `bigint`. */
export interface IntegerField<Host extends number | bigint> extends FieldType<Host> {
  readonly kind: "integer";
  /** Bits. */
  readonly width: 8 | 16 | 32 | 64;
  readonly order: ByteOrder;
  readonly signed: boolean;
}

/** Integers of up to 32 bits. */
export type U32Field = IntegerField<number>;
/** Integers of 64 bits. */
export type U64Field = IntegerField<bigint>;

/** Bytes without further structure; a view gives a `Uint8Array` over them. */
export interface BytesField extends FieldType<Uint8Array> {
  readonly kind: "bytes";
}

/** `count` elements of one type, `stride` bytes apart. A view gives a list whose elements are memory, read and written. */
export interface ArrayField<T extends FieldType<any>> extends FieldType<HostOf<T>[]> {
  readonly kind: "array";
  readonly element: T;
  readonly count: number;
  readonly stride: number;
}

/** What the host sees of a field. */
export type HostOf<T extends FieldType<any>> = T extends FieldType<infer H> ? H : never;

/** Fields by name, in order. */
export type Fields = Readonly<Record<string, FieldType<any>>>;
/** A live view: reading a property reads memory, setting one writes it. */
export type HostFields<F extends Fields> = { [K in keyof F]: HostOf<F[K]> };

/** The next multiple of `align`, a power of two. */
export function alignUp(n: number, align: number): number {
  return (n + align - 1) & -align;
}
