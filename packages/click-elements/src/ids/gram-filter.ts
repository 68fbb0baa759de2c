/**
 * Where a text may be, found by looking at a few bytes of it at a time. Of each text `stride` windows of four bytes, one after the other, are in
 * a table of bits, by a hash; whoever searches looks at every `stride`-th window of what is searched, four in one turn, and has looked at one
 * of every text that is there. A window that is in the table is looked at again, with the four bytes behind it: the eight that begin with
 * a window of a text are in a second table; a text that has no eight there has its window in a third. Letters are not told apart from
 * their other case, nor from what differs from them in the same bit.
 *
 * A text of seven bytes or more has four windows, which a stride of four needs; the shortest text decides. Texts of fewer than four bytes make
 * the windows as short. Which of its windows stand for a text: those that are in the fewest texts, for what many have is likely in what is
 * searched, too.
 */
import type { FunctionBuilder, I32, Var } from "@clickos/codegen";

export interface GramFilter {
  /** The three tables, one after the other: a bit for each hash. */
  readonly bits: Uint8Array<ArrayBuffer>;
  readonly stride: number;
  /** The bytes of a window, of a word of four. */
  readonly mask: number;
  /** How far before a window its text begins at most. */
  readonly back: number;
}

const wordBytes = 4;
const longBytes = 8;
const longestStride = 4;
/** From the start of a text: what is before its windows is looked at byte by byte. */
const farthestWindow = 8;
/** Of the first table: 16 KiB, which stay in the nearest cache beside the data. */
const hashBits = 17;
/** Of the two others. */
const longHashBits = 16;
const shortHashBits = 13;
const longTable = 2 ** hashBits / 8;
const shortTable = longTable + 2 ** longHashBits / 8;
const tableBytes = shortTable + 2 ** shortHashBits / 8;
const multiplier = 0x9e3779b1;
const longMultiplier = 0x9e3779b97f4a7c15n;
/** The bit that a letter's two cases differ in, in each byte. */
const caseBits = 0x20202020;
const longCaseBits = 0x2020202020202020n;

/** The hash of a window, and of the eight bytes that begin with it where there are so many. */
interface Window {
  readonly hash: number;
  readonly long: number | undefined;
}

function windowAt(text: Uint8Array, at: number, mask: number): Window {
  const word = [...text.subarray(at, at + wordBytes)].reduce((sum, byte, i) => sum | (byte << (8 * i)), 0);
  const hash = Math.imul((word | caseBits) & mask, multiplier) >>> 0;
  const bytes = text.subarray(at, at + longBytes);
  if (bytes.length < longBytes) return { hash, long: undefined };
  const word64 = new DataView(bytes.slice().buffer).getBigUint64(0, true) | longCaseBits;
  return { hash, long: Number(BigInt.asUintN(64, word64 * longMultiplier) >> BigInt(64 - longHashBits)) };
}

export function gramFilter(texts: readonly Uint8Array[]): GramFilter {
  const shortest = Math.min(...texts.map((text) => text.length));
  const size = Math.min(wordBytes, shortest);
  const stride = Math.min(longestStride, shortest - size + 1);
  const mask = size === wordBytes ? 0xffffffff : 2 ** (size * 8) - 1;
  const windowsOf = texts.map((text) =>
    Array.from({ length: text.length - size + 1 }, (_, at) => windowAt(text, at, mask)),
  );
  const keyOf = ({ hash, long }: Window): string => (long === undefined ? `${hash}` : `${hash} ${long}`);
  /** How many texts have what is looked at of a window. */
  const common = new Map<string, number>();
  for (const windows of windowsOf)
    for (const key of new Set(windows.map(keyOf))) common.set(key, (common.get(key) ?? 0) + 1);
  const bits = new Uint8Array(tableBytes);
  const setBit = (table: number, bit: number): void => {
    bits[table + (bit >> 3)] = (bits[table + (bit >> 3)] as number) | (1 << (bit & 7));
  };
  let back = 0;
  for (const windows of windowsOf) {
    /** The more texts have one, and the shorter it is, the worse. */
    const worst = (from: number): number =>
      Math.max(
        ...windows
          .slice(from, from + stride)
          .map((w) => (common.get(keyOf(w)) as number) + (w.long === undefined ? 1 : 0)),
      );
    let best = 0;
    for (let from = 1; from <= Math.min(farthestWindow, windows.length - stride); from++)
      if (worst(from) < worst(best)) best = from;
    for (const { hash, long } of windows.slice(best, best + stride)) {
      setBit(0, hash >>> (32 - hashBits));
      if (long === undefined) setBit(shortTable, hash >>> (32 - shortHashBits));
      else setBit(longTable, long);
    }
    back = Math.max(back, best + stride - 1);
  }
  return { bits, stride, mask, back };
}

/** Windows of one turn. */
const together = 4;

/**
 * Moves `at`, where no text has begun, on to where one may begin first, or where the windows end; `until` is where what was looked at then ends. From `at` to `until`
 * it has to be looked at byte by byte.
 */
export function stageSkip(
  c: FunctionBuilder,
  { stride, mask, back }: GramFilter,
  bits: number,
  { at, until, base, length }: { at: Var<"i32">; until: Var<"i32">; base: I32; length: I32 },
): void {
  const first = at.get();
  /** In bit 0 the bit of a table, others beside it. */
  const bitOf = (table: number, hash: I32): I32 => c.load32(hash.shrU(5).shl(2), bits + table).shrU(hash);
  const hashAt = (address: I32, offset: number): I32 => {
    const folded = c.load32(address, offset).or(caseBits);
    return (mask === 0xffffffff ? folded : folded.and(mask)).mul(multiplier);
  };
  const mayBegin = (address: I32, offset: number): I32 => bitOf(0, hashAt(address, offset).shrU(32 - hashBits));
  /** The same of a window that is in the first table. */
  const mayGoOn = (address: I32): I32 => {
    const long = c
      .load64(address)
      .or(longCaseBits)
      .mul(longMultiplier)
      .shrU(BigInt(64 - longHashBits))
      .toI32();
    return bitOf(longTable, long).or(bitOf(shortTable, hashAt(address, 0).shrU(32 - shortHashBits)));
  };
  // Where the last window of a turn has its bytes, and where a single one has.
  const lastTurn = length.sub((together - 1) * stride + wordBytes);
  const last = length.sub(wordBytes);
  /** Looks at windows one by one, up to one that begins behind `end`. */
  const oneByOne = (end: I32, found: () => void): void =>
    c.loop(() => {
      c.if(at.get().gtS(end), () => c.break());
      const address = base.add(at.get());
      c.if(mayBegin(address, 0).and(1), () => {
        // At the end there are no eight bytes to look at.
        const near = at.get().gtS(length.sub(longBytes));
        c.if(near.or(mayGoOn(address).and(1)), () => {
          until.set(at.get().add(1));
          found();
        });
      });
      at.inc(stride);
    });
  c.block((done) => {
    const found = (): void => c.br(done);
    c.loop(() => {
      c.if(at.get().gtS(lastTurn), () => c.break());
      const address = base.add(at.get());
      let any = mayBegin(address, 0);
      for (let i = 1; i < together; i++) any = any.or(mayBegin(address, i * stride));
      c.if(
        any.and(1),
        () => oneByOne(at.get().add((together - 1) * stride), found),
        () => at.inc(together * stride),
      );
    });
    oneByOne(last, found);
    until.set(length);
  });
  if (back > 0) {
    const begin = at.get().sub(back);
    at.set(c.select(begin.gtS(first), begin, first));
  }
}
