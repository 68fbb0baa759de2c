/**
 * Where an address falls among servers, by consistent hashing: each server has NNODES points on a line, drawn from a seed by its
 * number, and an address belongs to a point near its own. A server that comes or goes changes only what was or will be its.
 *
 * Points are looked up in a binary tree that is laid out by levels; which one is "near" follows from that, as in Click
 * (elements/ip/siphmapper.hh).
 */

/** Numbers of 31 bits as the C library's `random` gives them after `srandom(seed)`. */
export function* randomNumbers(seed: number): Generator<number> {
  const state = new Int32Array(34);
  state[0] = seed === 0 ? 1 : seed;
  for (let i = 1; i < 31; i++) {
    const value = Number((16807n * BigInt(state[i - 1] as number)) % 2147483647n);
    state[i] = value < 0 ? value + 2147483647 : value;
  }
  for (let i = 31; i < 34; i++) state[i] = state[i - 31] as number;
  const last = Array.from(state);
  const next = (): number => {
    const value = ((last[last.length - 31] as number) + (last[last.length - 3] as number)) | 0;
    last.push(value);
    last.shift();
    return value >>> 1;
  };
  for (let i = 0; i < 310; i++) next();
  for (;;) yield next();
}

/** A point: where it is, and the server's place by number. */
export interface ServerPoint {
  readonly key: number;
  readonly server: number;
}

/** Points of servers with these numbers, in the order of the tree's levels. */
export function serverTree(numbers: readonly number[], nodes: number, seed: number): ServerPoint[] {
  const wanted = [...new Set(numbers)].sort((a, b) => a - b);
  const random = randomNumbers(seed);
  const points: ServerPoint[] = [];
  for (let number = 0; number <= (wanted.at(-1) ?? -1); number++) {
    const server = wanted.indexOf(number);
    // Numbers are drawn for those that are not there, too.
    for (let i = 0; i < nodes; i++) {
      const { value } = random.next();
      if (server >= 0) points.push({ key: value as number, server });
    }
  }
  return byLevels(points.sort((a, b) => a.key - b.key));
}

/** Sorted points as a binary tree in an array, whose last level is filled from the left. */
function byLevels(points: readonly ServerPoint[]): ServerPoint[] {
  const size = points.length;
  const places = 2 ** (32 - Math.clz32(size));
  const firstLeaf = 2 * Math.floor((size + 1) / 2) - 2 * Math.trunc((places - 1 - size) / 2) + 1;
  const tree: ServerPoint[] = [];
  for (let step = places; step > 1 && tree.length < size; step /= 2)
    for (let x = step / 2; x < places && tree.length < size; x += step) {
      const from = x < firstLeaf ? x : Math.floor((x + firstLeaf - 1) / 2);
      tree.push(points[from - 1] as ServerPoint);
    }
  return tree;
}
