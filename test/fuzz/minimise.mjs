/** Makes a failing input shorter: takes chunks out, ever smaller ones, as long as it fails in the same way. */
import { concat } from "./mutate.mjs";

/** How long it may take. */
const limitMs = 10_000;

/** @param fails whether an input fails likewise. @param attempts how many may be tried. */
export async function minimise(input, fails, attempts) {
  let best = input;
  const end = Date.now() + limitMs;
  for (let size = Math.ceil(best.length / 2); size >= 1 && attempts > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && attempts > 0 && Date.now() < end; ) {
      const shorter = concat(best.subarray(0, at), best.subarray(at + size));
      attempts--;
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
