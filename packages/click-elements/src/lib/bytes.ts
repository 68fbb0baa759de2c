/** Moves of a length known at build time. */
import type { FunctionBuilder, I32, I32Like, I64 } from "@clickos/codegen";

/** Copies `length` bytes in blocks of 16; up to 15 bytes after the end of both are touched too. */
export function copyBytes(c: FunctionBuilder, to: I32, from: I32Like, length: number): void {
  if (length > 512) c.copy(to, from, length);
  else for (let i = 0; i < length; i += 16) c.copy16(to, from, i, i);
}

/** The low bytes of four words of 16 bits. */
const lowBytes = 0x00ff00ff00ff00ffn;
/** So many words of bytes have code for each. */
const wordsAtOnce = 16;
/** So many bytes are loaded one by one: a wider load would wait for the stores of who has just written them. */
const bytesAtOnce = 16;

/** The sum of `length` bytes at `base + offset`, eight at a time where there are many. */
export function byteSum(c: FunctionBuilder, base: I32, offset: number, length: number): I32 {
  if (length <= bytesAtOnce) {
    let sum = c.i32(0);
    for (let i = 0; i < length; i++) sum = sum.add(c.load8(base, offset + i));
    return sum;
  }
  const total = c.var("i32", 0, "byteSum");
  const lanes = (word: I64): I64 => word.and(lowBytes).add(word.shrU(8n).and(lowBytes));
  const addUp = (sum: I64): void => total.inc(sum.mul(0x0001000100010001n).shrU(48n).toI32());
  const words = Math.floor(length / 8);
  if (words <= wordsAtOnce) {
    for (let i = 0; i < words; i += 1) addUp(lanes(c.load64(base, offset + i * 8)));
  } else c.for(0, words, 1, (i) => addUp(lanes(c.load64(base.add(i.shl(3)), offset))));
  for (let i = words * 8; i < length; i++) total.inc(c.load8(base, offset + i));
  return total.get();
}
