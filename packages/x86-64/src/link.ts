/** Puts pieces of code one behind the other at an address, and fills in what they say of each other. */
import type { Relocation } from "./assembler.ts";

/** A piece of code, as the back end or an `Assembler` makes it. */
export interface CodePiece {
  readonly code: Uint8Array | { bytes(): Uint8Array };
  readonly symbols: ReadonlyMap<string, number>;
  readonly relocations: readonly Relocation[];
}

export interface LinkedCode {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Addresses of all symbols. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Where the pieces begin. */
  readonly addresses: readonly number[];
}

export type LinkErrorCode = "UNDEFINED_SYMBOL" | "DUPLICATE_SYMBOL" | "OUT_OF_REACH";

export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;
  constructor(code: LinkErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * @param address of the first byte, a multiple of 16; so are those of the others.
 * @param symbols of what is elsewhere.
 * @throws {LinkError} where a symbol is nowhere, or in two pieces, or further than 2 GiB away.
 */
export function link(
  pieces: readonly CodePiece[],
  address: number,
  symbols: ReadonlyMap<string, number> = new Map(),
): LinkedCode {
  const all = new Map(symbols);
  const addresses: number[] = [];
  const contents = pieces.map(({ code }) => (code instanceof Uint8Array ? code : code.bytes()));
  let end = address;
  for (const [i, piece] of pieces.entries()) {
    addresses.push(end);
    for (const [name, offset] of piece.symbols) {
      if (all.has(name)) throw new LinkError("DUPLICATE_SYMBOL", `there are two of '${name}'`);
      all.set(name, end + offset);
    }
    end += ((contents[i] as Uint8Array).length + 15) & ~15;
  }
  const bytes = new Uint8Array(end - address);
  const view = new DataView(bytes.buffer);
  for (const [i, { relocations }] of pieces.entries()) {
    const start = addresses[i] as number;
    bytes.set(contents[i] as Uint8Array, start - address);
    for (const { at, symbol, addend } of relocations) {
      const target = all.get(symbol);
      if (target === undefined) throw new LinkError("UNDEFINED_SYMBOL", `there is no '${symbol}'`);
      const distance = target + addend - (start + at);
      if (distance !== (distance | 0))
        throw new LinkError("OUT_OF_REACH", `'${symbol}' is ${distance} bytes from where it is used`);
      view.setInt32(start + at - address, distance, true);
    }
  }
  return { bytes, symbols: all, addresses };
}
