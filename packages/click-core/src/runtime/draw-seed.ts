/** Seeds that were drawn together: to ask for one costs as much as to ask for many. */
const drawn = new BigUint64Array(64);
let next = drawn.length;

/** Draws a router's seed (`routerControl.seed`) when it boots; always the same one where runs are to be repeatable. */
export function drawSeed(repeatable: boolean): bigint {
  if (repeatable) return 0n;
  if (next === drawn.length) {
    crypto.getRandomValues(drawn);
    next = 0;
  }
  const seed = drawn[next] as bigint;
  // Nobody sees one that was given out.
  drawn[next++] = 0n;
  return seed;
}
