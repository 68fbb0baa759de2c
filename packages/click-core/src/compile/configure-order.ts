/**
 * The order in which elements are configured and initialized: that of their phases, as Click's sort (lib/glue.cc) leaves it, a
 * quicksort that does not keep the order of equals. It decides the order of messages, of tasks that start scheduled, and of timers.
 * The sort is Bentley and McIlroy's, Engineering a Sort Function, 1993.
 */

/** Of most elements, as in Click. */
export const defaultPhase = 100;

/** Numbers 0 to n - 1 in the order of `phases`. */
export function configureOrder(phases: readonly number[]): number[] {
  const list = phases.map((_, i) => i);
  const phase = (at: number): number => phases[list[at] as number] as number;
  const swap = (a: number, b: number): void => {
    [list[a], list[b]] = [list[b] as number, list[a] as number];
  };
  const swapRanges = (a: number, b: number, count: number): void => {
    for (let i = 0; i < count; i++) swap(a + i, b + i);
  };
  const middleOf = (a: number, b: number, c: number): number => {
    const [x, y, z] = [phase(a), phase(b), phase(c)];
    if (x < y) return y < z ? b : x < z ? c : a;
    return y > z ? b : x > z ? c : a;
  };
  const work: [from: number, to: number][] = [[0, list.length]];
  for (let range = work.pop(); range; range = work.pop()) {
    const [from, to] = range;
    const n = to - from;
    if (n < 7) {
      for (let i = from + 1; i < to; i++) for (let j = i; j > from && phase(j - 1) > phase(j); j--) swap(j, j - 1);
      continue;
    }
    let pivot = from + (n >> 1);
    if (n > 7) {
      let [low, high] = [from, to - 1];
      if (n > 40) {
        const step = n >> 3;
        low = middleOf(low, low + step, low + 2 * step);
        pivot = middleOf(pivot - step, pivot, pivot + step);
        high = middleOf(high - 2 * step, high - step, high);
      }
      pivot = middleOf(low, pivot, high);
    }
    const value = phase(pivot);
    swap(from, pivot);
    // Equals are gathered at both ends, smaller ones and larger ones between them.
    let [a, b, c, d] = [from + 1, from + 1, to - 1, to - 1];
    for (;;) {
      for (; b <= c && phase(b) <= value; b++) if (phase(b) === value) swap(a++, b);
      for (; c >= b && phase(c) >= value; c--) if (phase(c) === value) swap(c, d--);
      if (b > c) break;
      swap(b++, c--);
    }
    const left = Math.min(a - from, b - a);
    swapRanges(from, b - left, left);
    const right = Math.min(d - c, to - d - 1);
    swapRanges(b, to - right, right);
    if (b === a && d === c) continue;
    work.push([to - (d - c), to], [from, from + (b - a)]);
  }
  return list;
}
