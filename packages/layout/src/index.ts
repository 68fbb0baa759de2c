/**
 * Memory layouts as tables: a `struct` of named fields gives offsets, rows for documentation, and views that read and
 * write memory. Every field type says its kind, from which code generators and other tools derive the rest.
 *
 * @packageDocumentation
 */
export { LayoutError } from "./error.ts";
export {
  type ArrayField,
  alignUp,
  type ByteOrder,
  type BytesField,
  type FieldKind,
  type Fields,
  type FieldType,
  type HostFields,
  type HostOf,
  type IntegerField,
  type U32Field,
  type U64Field,
} from "./field.ts";
export { type LayoutRow, type Struct, type StructOptions, struct } from "./struct.ts";
export { array, bytes, i16, u8, u16, u16be, u32, u32be, u64, u64be } from "./types.ts";
