/** Numbers by chance, as many drawn as Click draws (`click_random` of a range). */
import type { FunctionBuilder, I32 } from "@clickos/codegen";

/** How many numbers `chance` draws from. */
const range = 2 ** 31;

/** A number from 0 to `most`, each as probable as the others. */
export function draw(c: FunctionBuilder, chance: () => I32, most: number): I32 {
  if (most >= range) return drawWide(c, chance, most);
  return most === 1 ? chance().shrU(14).and(1) : drawBelow(c, chance, c.i32(most + 1));
}

/** A number below `count`, which is at least 1 and other than 2. */
export function drawBelow(c: FunctionBuilder, chance: () => I32, count: I32): I32 {
  const each = c.i32(range).divU(count);
  const limit = each.mul(count);
  const drawn = c.var("i32", chance(), "drawn");
  // Above the last multiple, another is drawn.
  c.while(
    () => drawn.get().geU(limit),
    () => drawn.set(chance()),
  );
  return drawn.get().divU(each);
}

/** One of more numbers than one draw has: of 32 bits, those that are not more than `most`. */
function drawWide(c: FunctionBuilder, chance: () => I32, most: number): I32 {
  const wide = (): I32 => {
    const high = c.var("i32", chance().shl(17), "high");
    return high.get().xor(chance().shrU(14));
  };
  const drawn = c.var("i32", wide(), "drawn");
  c.while(
    () => drawn.get().gtU(c.i32(most)),
    () => drawn.set(wide()),
  );
  return drawn.get();
}

/** On the host: a number from `low` to `high`, each as probable as the others. */
export function drawBetween(chance: () => number, low: number, high: number): number {
  const span = high - low;
  if (span >= range) {
    for (;;) {
      const drawn = ((chance() << 17) ^ (chance() >>> 14)) >>> 0;
      if (drawn <= span) return low + drawn;
    }
  }
  if (span === 1) return low + ((chance() >>> 14) & 1);
  const each = Math.floor(range / (span + 1));
  for (;;) {
    const drawn = chance();
    if (drawn < each * (span + 1)) return low + Math.floor(drawn / each);
  }
}
