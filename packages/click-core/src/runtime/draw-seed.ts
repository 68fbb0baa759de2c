/** Draws a router's seed (`routerControl.seed`) when it boots; always the same one where runs are to be repeatable. */
export function drawSeed(repeatable: boolean): bigint {
  if (repeatable) return 0n;
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}
