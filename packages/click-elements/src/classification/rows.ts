/** Sparse rows in one array, each shifted so that no two have an entry in one place ("row displacement", Tarjan and Yao 1979). */

export interface Displaced {
  /** Where each row starts; one without entries at 0. */
  readonly starts: readonly number[];
  /** One more than the last place that is taken. */
  readonly length: number;
}

/** A row is tried at so many times 32 starts before it is put behind all others. */
const tries = 2048;

/** Finds a start for each row. A row is the places of its entries, counted from its start. */
export function displace(rows: readonly (readonly number[])[]): Displaced {
  const starts = rows.map(() => 0);
  const order = rows.flatMap(({ length }, i) => (length > 0 ? i : []));
  order.sort((a, b) => (rows[b] as readonly number[]).length - (rows[a] as readonly number[]).length);
  const width = rows.reduce((most, row) => row.reduce((m, p) => Math.max(m, p), most), 0) + 1;
  const taken = new Bits(width + rows.reduce((sum, row) => sum + row.length, 0) * 2);
  let length = 0;
  /** Starts before it are not tried: where others of as many entries found no place. */
  let from = 0;
  let size = 0;
  for (const i of order) {
    const row = rows[i] as readonly number[];
    if (row.length !== size) from = Math.min(from, row.length > 1 ? from >> 1 : 0);
    size = row.length;
    const last = Math.min(from + tries * 32, length);
    let start = from;
    let free = 0;
    for (; start < last; start += 32) {
      let closed = 0;
      for (const p of row) {
        closed |= taken.window(start + p);
        if (closed === -1) break;
      }
      free = ~closed;
      if (free !== 0) break;
    }
    start = start < last ? start + (31 - Math.clz32(free & -free)) : length;
    from = start < last || row.length === 1 ? start & ~31 : from;
    if (row.length > 1 && start === length) from = Math.min(from + tries * 16, length);
    starts[i] = start;
    for (const p of row) {
      taken.set(start + p);
      length = Math.max(length, start + p + 1);
    }
  }
  return { starts, length };
}

/** A set of numbers that grows. */
class Bits {
  private words: Int32Array;

  constructor(size: number) {
    this.words = new Int32Array((size >> 5) + 2);
  }

  /** Which of 32 numbers from `at` on are in the set: the first is the lowest bit. */
  window(at: number): number {
    const word = at >> 5;
    const shift = at & 31;
    const low = this.words[word] ?? 0;
    return shift === 0 ? low : (low >>> shift) | ((this.words[word + 1] ?? 0) << (32 - shift));
  }

  set(at: number): void {
    if (at >> 5 >= this.words.length) {
      const more = new Int32Array((at >> 4) + 2);
      more.set(this.words);
      this.words = more;
    }
    const word = at >> 5;
    this.words[word] = (this.words[word] as number) | (1 << (at & 31));
  }
}
