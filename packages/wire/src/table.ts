/**
 * What a header's table says, in the order of the RFC's diagram, and where its fields stand.
 *
 * A table is plain data: each field by name with its bits or bytes, the RFC's words for it, and the section if that is
 * another than the header's. All fields are in network order: most significant bit first.
 */
import { WireError } from "./error.ts";

/** A whole number of up to 32 bits. */
export interface BitsSpec {
  readonly bits: number;
  /** The RFC's name, where it is not the field's. */
  readonly rfc?: string;
  /** The specification, where it is not the header's. */
  readonly see?: string;
  /** The only value that it may have: reading refuses others. */
  readonly is?: number;
  /** What a header that is built has where nothing else is given; `is`, or 0. */
  readonly usual?: number;
}

/** Bytes without further structure, such as an address. */
export interface BytesSpec {
  readonly bytes: number;
  readonly rfc?: string;
  readonly see?: string;
}

/** Another name for neighbouring fields taken together, from the first to the last. */
export interface OverSpec {
  readonly over: readonly [first: string, last: string];
  readonly rfc?: string;
  readonly see?: string;
}

export type FieldSpec = BitsSpec | BytesSpec | OverSpec;

/** A header's table. */
export interface Table {
  readonly name: string;
  /** The specification with its section. */
  readonly reference: string;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  /** What says how long the whole header is: `field · unit + plus` bytes, or `plus` and `unit` for each flag that is set. */
  readonly headerLength?:
    | { readonly field: string; readonly unit: number; readonly plus?: number }
    | { readonly flags: readonly string[]; readonly unit: number; readonly plus?: number };
  /** The field that says where the packet ends: bytes of header and payload, or of what follows the table's fields. */
  readonly totalLength?: { readonly field: string; readonly counts: "all" | "payload" };
}

/** A field and where it stands: a row of a header's table. */
export interface Field {
  readonly name: string;
  readonly kind: "bits" | "bytes";
  /** The RFC's name of the field. */
  readonly rfc: string;
  readonly reference: string;
  /** First bit, counted from the start of the header, and how many. */
  readonly bit: number;
  readonly bits: number;
  /** The bytes that are read to get it: offset and size, 1, 2 or 4 for bits. */
  readonly offset: number;
  readonly size: number;
  /** The field is `(those bytes >>> shift) & mask`. */
  readonly shift: number;
  readonly mask: number;
  /** Whether the field is those bytes and nothing else. */
  readonly whole: boolean;
  readonly is: number | undefined;
  readonly usual: number;
}

/** A field of a header that starts at a place in bytes and may be cut off; `undefined` where the field is not there. */
export function readField(bytes: Uint8Array, at: number, { offset, size, shift, mask }: Field): number | undefined {
  const from = at + offset;
  if (from < 0 || from + size > bytes.length) return undefined;
  let word = 0;
  for (let i = 0; i < size; i++) word = word * 256 + (bytes[from + i] as number);
  return ((word >>> shift) & mask) >>> 0;
}

/** The rows of a table and the bytes that they take. */
export function placeFields({ name, reference, fields }: Table): { rows: readonly Field[]; size: number } {
  const bad = (field: string, what: string): WireError => new WireError("BAD_TABLE", `${name}.${field} ${what}`);
  const total = Object.values(fields).reduce(
    (n, spec) => n + ("bits" in spec ? spec.bits : "bytes" in spec ? spec.bytes * 8 : 0),
    0,
  );
  if (total % 8 !== 0) throw new WireError("BAD_TABLE", `${name} has ${total} bits, which are no whole bytes`);
  const size = total / 8;
  const rows = new Map<string, Field>();
  let next = 0;
  for (const [field, spec] of Object.entries(fields)) {
    if (reserved.has(field)) throw bad(field, "has the name of something that every header has");
    const text = { name: field, rfc: spec.rfc ?? field, reference: spec.see ?? reference };
    if ("bytes" in spec) {
      if (next % 8 !== 0) throw bad(field, `does not start at a byte, but at bit ${next}`);
      const offset = next / 8;
      const bits = spec.bytes * 8;
      rows.set(field, {
        ...text,
        kind: "bytes",
        bit: next,
        bits,
        offset,
        size: spec.bytes,
        shift: 0,
        mask: 0,
        whole: true,
        is: undefined,
        usual: 0,
      });
      next += bits;
      continue;
    }
    let [bit, bits] = [next, 0];
    if ("over" in spec) {
      const [first, last] = spec.over.map((n) => rows.get(n));
      if (!first || !last) throw bad(field, `is over fields that do not come before it: ${spec.over.join(", ")}`);
      bit = first.bit;
      bits = last.bit + last.bits - bit;
    } else {
      bits = spec.bits;
      next += bits;
    }
    const place = placeBits(bit, bits, size);
    if (!place) throw bad(field, `has ${bits} bits at ${bit}, which do not lie in 1, 2 or 4 bytes of the header`);
    const mask = 2 ** bits - 1;
    const { is, usual = is ?? 0 } = "bits" in spec ? spec : { is: undefined };
    if ((is ?? 0) > mask || usual > mask) throw bad(field, `has ${bits} bits, and a value that needs more`);
    rows.set(field, { ...text, kind: "bits", bit, bits, ...place, mask, is, usual });
  }
  return { rows: [...rows.values()], size };
}

/** The fewest bytes that hold some bits: 1, 2 or 4 of them, inside of the header, aligned where there is a choice. */
function placeBits(
  bit: number,
  bits: number,
  headerSize: number,
): Pick<Field, "offset" | "size" | "shift" | "whole"> | undefined {
  const first = bit >> 3;
  const last = (bit + bits - 1) >> 3;
  const span = last - first + 1;
  const size = span === 3 ? 4 : span;
  if (bits < 1 || bits > 32 || size > 4) return undefined;
  const starts = span === 3 ? [first & ~3, first, first - 1] : [first];
  const offset = starts.find((at) => at >= 0 && at <= first && last < at + size && at + size <= headerSize);
  if (offset === undefined) return undefined;
  const shift = (offset + size) * 8 - (bit + bits);
  return { offset, size, shift, whole: shift === 0 && bits === size * 8 };
}

/** Names that headers have besides their fields. */
const reserved: ReadonlySet<string> = new Set([
  "bytes",
  "headerLength",
  "options",
  "payload",
  "complete",
  "span",
  "address",
  "parts",
  "clip",
  "anySet",
  "load",
  "emit",
  "wellFormed",
]);
