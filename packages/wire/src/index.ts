/**
 * Header formats as field tables: a table in the order of the RFC's diagram gives views of bytes on the host, headers in
 * staged code, and the names and places that filters and summaries use. Each protocol is an entry of its own, such as
 * `@clickos/wire/ipv4`; this one has what formats are made of.
 *
 * @packageDocumentation
 */
export { WireError, type WireErrorCode } from "./error.ts";
export { type Format, format, type HeaderProblem, type HeaderResult, type HeaderValues } from "./format.ts";
export { type HeaderOption, type OptionList, type OptionTable, optionList, type StagedOption } from "./option-list.ts";
export { type Otherwise, type Span, span } from "./span.ts";
export {
  type StagedAddress,
  type StagedBits,
  type StagedBytes,
  storeBytes,
  stored16,
  stored32,
  storedBytes,
} from "./staged-field.ts";
export type {
  BitsNames,
  ShortBytes,
  StagedHeader,
  StagedHeaderFields,
  StagedHeaderParts,
  StagedValues,
} from "./staged-header.ts";
export {
  type BitsSpec,
  type BytesSpec,
  type Field,
  type FieldSpec,
  type OverSpec,
  readField,
  type Table,
} from "./table.ts";
export type { HeaderFields, HeaderParts, HeaderView } from "./view.ts";
