/**
 * Search among very many ranges: the ranges lie in memory, not in code. An index by the value's highest bits says
 * where to look, and a binary search among few does the rest. About 6 bytes a range, and as many for the index.
 *
 * Budget: a load, and some loads more where many ranges share their highest bits. With few ranges code is faster.
 */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { Branch, TreeNode } from "./decision-tree.ts";

/** Places constant bytes in memory; returns their address. */
export type PlaceData = (bytes: Uint8Array, align: number) => number;

/** Ranges from which on they are searched in memory. */
const minimumRanges = 4096;
const maximumIndexBits = 16;

/** How a node is searched in memory, or `undefined` where it is not. */
export interface RangeTable {
  readonly ends: readonly number[];
  /** Where all ranges are decided: their results. */
  readonly results: readonly number[] | undefined;
  /** Otherwise: the nodes, and the number of each range's. */
  readonly nodes: readonly TreeNode[];
  readonly numbers: readonly number[];
}

export function rangeTable({ segments }: Branch): RangeTable | undefined {
  if (segments.length < minimumRanges) return undefined;
  const ends = segments.map((s) => s.upTo);
  const results = segments.flatMap((s) => (s.next.kind === "leaf" ? s.next.result : []));
  if (results.length === segments.length) return { ends, results, nodes: [], numbers: [] };
  const known = new Map<TreeNode | number, number>();
  const nodes: TreeNode[] = [];
  const numbers = segments.map(({ next }) => {
    const key = next.kind === "leaf" ? next.result : next;
    let number = known.get(key);
    if (number === undefined) {
      number = nodes.push(next) - 1;
      known.set(key, number);
    }
    return number;
  });
  // Where nearly every range has code of its own, a table before it saves nothing.
  return nodes.length <= 256 ? { ends, results: undefined, nodes, numbers } : undefined;
}

/** The number of the range that holds a value; a value is not greater than the last range's end. */
export function stageRangeSearch(c: FunctionBuilder, place: PlaceData, ends: readonly number[], value: I32): I32 {
  const bits = 32 - Math.clz32(ends.at(-1) as number);
  const indexBits = Math.min(maximumIndexBits, bits, Math.floor(Math.log2(ends.length)));
  const shift = bits - indexBits;
  // Entry k: the first range that reaches as far as values that begin with k.
  const index: number[] = [];
  let at = 0;
  for (let k = 0; k < 2 ** indexBits; k++) {
    while ((ends[at] as number) < k * 2 ** shift) at++;
    index.push(at);
  }
  index.push(ends.length - 1);
  const endsAt = place(words(ends), 4);
  const indexAt = place(words(index), 4);
  const entry = value.shrU(shift).shl(2);
  const low = c.var("i32", c.load32(entry, indexAt), "low");
  const high = c.var("i32", c.load32(entry, indexAt + 4), "high");
  c.while(
    () => low.get().ltU(high.get()),
    () => {
      const middle = low.get().add(high.get()).shrU(1);
      c.if(
        value.leU(c.load32(middle.shl(2), endsAt)),
        () => high.set(middle),
        () => low.set(middle.add(1)),
      );
    },
  );
  return low.get();
}

/** One of the numbers, by position. The least is -1. */
export function stageNumber(c: FunctionBuilder, place: PlaceData, numbers: readonly number[], position: I32): I32 {
  if (numbers.some((n) => n > 0xfffe)) return c.load32(position.shl(2), place(words(numbers), 4));
  // Two bytes each, one more than the number.
  const bytes = new Uint8Array(numbers.length * 2);
  numbers.forEach((n, i) => {
    bytes[i * 2] = n + 1;
    bytes[i * 2 + 1] = (n + 1) >> 8;
  });
  return c.load16(position.shl(1), place(bytes, 2)).sub(1);
}

function words(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  numbers.forEach((n, i) => {
    view.setUint32(i * 4, n, true);
  });
  return bytes;
}
