/**
 * GRE. Three flags say which words follow, in this order: checksum, key, sequence number.
 *
 * @packageDocumentation
 */
import { type Format, format, type HeaderResult } from "./format.ts";
import type { HeaderView } from "./view.ts";

const table = {
  name: "GRE",
  reference: "RFC 2784 section 2.1",
  fields: {
    checksumPresent: { bits: 1, rfc: "Checksum Present" },
    reserved: { bits: 1, rfc: "Reserved0, bit 1" },
    keyPresent: { bits: 1, rfc: "Key Present", see: "RFC 2890 section 2" },
    sequencePresent: { bits: 1, rfc: "Sequence Number Present", see: "RFC 2890 section 2" },
    reserved0: { bits: 9, rfc: "Reserved0" },
    version: { bits: 3, rfc: "Version Number", is: 0 },
    protocolType: { bits: 16, rfc: "Protocol Type" },
  },
  headerLength: { flags: ["checksumPresent", "keyPresent", "sequencePresent"], unit: 4, plus: 4 },
} as const;
/** Its optional words are its options. */
export const gre: Format<typeof table> = format(table);

const wordTable = {
  name: "GRE optional word",
  reference: "RFC 2890 section 2",
  fields: { value: { bits: 32, rfc: "Key or Sequence Number" } },
} as const;
/** A key or a sequence number; a checksum is the high half of such a word. */
export const greWord: Format<typeof wordTable> = format(wordTable);

/** The optional words of a header that was read. */
export function greWords(header: HeaderView<typeof table>): {
  readonly checksum: number | undefined;
  readonly key: number | undefined;
  readonly sequenceNumber: number | undefined;
} {
  let at = 0;
  const next = (present: number): number | undefined => {
    if (!present) return undefined;
    const word: HeaderResult<HeaderView<typeof wordTable>> = greWord.read(header.options, at);
    at += greWord.size;
    return word.ok ? word.header.value : undefined;
  };
  const checksum = next(header.checksumPresent);
  return {
    checksum: checksum === undefined ? undefined : checksum >>> 16,
    key: next(header.keyPresent),
    sequenceNumber: next(header.sequencePresent),
  };
}
