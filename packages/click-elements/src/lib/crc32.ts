/**
 * The checksum of Click's SetCRC32 and CheckCRC32: the polynomial of Ethernet, the highest bit of a byte first, started with all
 * bits set and not turned around at the end. (Ethernet's own takes the lowest bit first.) Four bytes, in the machine's order.
 *
 * Budget: a load and a table look-up for each byte.
 */
import { type Func, type FunctionBuilder, type I32, type I32Like, type Ref, staged } from "@clickos/codegen";
import { u32 } from "@clickos/layout";

export const crcBytes = 4;
const polynomial = 0x04c11db7;

const table: Uint8Array = (() => {
  const words = new DataView(new ArrayBuffer(256 * 4));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ polynomial : crc << 1;
    words.setUint32(byte * 4, crc >>> 0, true);
  }
  return new Uint8Array(words.buffer);
})();

/** A staged function `(address, length, table)`. */
function crcFunction({ module }: FunctionBuilder): Func<"i32"> {
  return module.once("crc32", () =>
    module.func("crc32", { address: "i32", length: "i32", table: "i32" }, "i32", (c, { address, length, table }) => {
      const crc = c.var("i32", -1, "crc");
      c.for(0, length, 1, (i) => {
        const byte = crc
          .get()
          .shrU(24)
          .xor(c.load8(address.add(i)));
        crc.set(
          crc
            .get()
            .shl(8)
            .xor(c.load32(table.add(byte.shl(2)))),
        );
      });
      return crc.get();
    }),
  );
}

/** The checksum of bytes; `place` puts constants into memory. */
export function stageCrc32(
  c: FunctionBuilder,
  place: (bytes: Uint8Array, align?: number) => number,
  address: I32,
  length: I32,
): I32 {
  return c.call(crcFunction(c), address, length, place(table, 4));
}

/** The checksum that lies behind so many bytes of data. */
export function crcBehind(c: FunctionBuilder, data: I32, length: I32): Ref<I32, I32Like> {
  return staged(c, u32, data.add(length));
}
