/** Ethernet addresses that elements keep: arguments that may be written while the router runs, and positions in packets. */
import {
  type ArgumentType,
  arg,
  formatEtherAddress,
  type LiveType,
  live,
  Mistake,
  type StoredType,
} from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { type U64Field, u64 } from "@clickos/layout";
import { storedBytes } from "@clickos/wire";
import { ethernet } from "@clickos/wire/ethernet";

/** An address of which `stored` is how it stands in memory. */
export const storedEther = (stored: bigint): Uint8Array =>
  Uint8Array.from({ length: 6 }, (_, i) => Number((stored >> BigInt(8 * i)) & 0xffn));

const keptAddress: StoredType<Uint8Array, U64Field> = {
  ...arg.etherAddress,
  stored: {
    field: u64,
    kind: "text",
    refusal: "expected Ethernet address",
    store: storedBytes,
    show: (stored) => formatEtherAddress(storedEther(stored)),
  },
};

/** An address that may be written. */
export const liveEther: LiveType<Uint8Array, U64Field> = live(keptAddress, { written() {} });

/** Where an address is in a frame: `src`, `dst`, or a number of bytes. */
export const addressOffset: ArgumentType<number | undefined> = {
  expects: "'src', 'dst' or an offset",
  parse(text, scope) {
    const word = unquote(text).toLowerCase();
    if (/\s/.test(text)) return undefined;
    if (word === "src") return ethernet.fields.source.offset;
    if (word === "dst") return ethernet.fields.destination.offset;
    const offset = arg.u32.parse(unquote(text), scope);
    // The element says what is wrong with a word that is neither.
    return offset === undefined || offset instanceof Mistake ? Number.NaN : offset;
  },
};

/** What is said of an offset that is none; one so large that an address there has no end is none either. */
export function checkOffset(offset: number | undefined, error: (message: string) => void): number {
  if (offset === undefined) return 0;
  if (Number.isNaN(offset) || offset + 6 > 0xffffffff) error("type mismatch: bad OFFSET");
  return Number.isNaN(offset) ? 0 : Math.min(offset, 0x7ffffff0);
}
