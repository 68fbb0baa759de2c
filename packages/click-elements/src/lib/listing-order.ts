/**
 * The order in which Click's hash tables list their entries (include/click/hashcontainer.hh): by bucket, and in a bucket the one that
 * came last is first. There are 63 buckets, and about twice as many whenever there are more than two entries a bucket; then chains are
 * turned around as they are moved.
 */
const firstBuckets = 63;

/** Puts entries, which are in the order in which they came, in that of a listing. */
export function inListingOrder<T>(entries: readonly T[], hash: (entry: T) => number): T[] {
  let buckets: T[][] = Array.from({ length: firstBuckets }, () => []);
  const insert = (entry: T): void => {
    buckets[(hash(entry) >>> 0) % buckets.length]?.unshift(entry);
  };
  entries.forEach((entry, i) => {
    if (i + 1 > 2 * buckets.length) {
      const before = buckets;
      buckets = Array.from({ length: 2 * before.length + 1 }, () => []);
      for (const chain of before) for (const moved of chain) insert(moved);
    }
    insert(entry);
  });
  return buckets.flat();
}
