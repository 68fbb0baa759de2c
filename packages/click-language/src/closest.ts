/**
 * The name that somebody may have meant, for hints such as "did you mean 'Counter'?".
 *
 * @packageDocumentation
 */

/** Names of a letter or two are like too much. Longer names, and candidates beyond so many, get no suggestion: edit distances take the product of the lengths. */
const maximumLength = 64;
const maximumCandidates = 1000;

/** The candidate closest to `name` by edit distance, if any is close. */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length < 3 || name.length > maximumLength) return undefined;
  let left = maximumCandidates;
  let best: string | undefined;
  let bestDistance = (name.length < 5 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1;
  for (const candidate of candidates) {
    if (left-- === 0) break;
    if (candidate.length > maximumLength) continue;
    const d = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance && d < Math.min(name.length, candidate.length)) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (next[j - 1] as number) + 1,
          (row[j] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] as number;
}
