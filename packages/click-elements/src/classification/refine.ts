/** Puts things together that some lists do not tell apart. */

export interface Refined {
  /** The group of each thing; those in no list are group 0. */
  readonly groups: Uint32Array;
  readonly count: number;
  /** The groups that each list is made of. */
  readonly of: readonly (readonly number[])[];
}

/** Groups of `n` things: two are together where they are in the same lists. No list has one twice. */
export function refine(n: number, lists: readonly (readonly number[])[]): Refined {
  const labels = new Uint32Array(n);
  const most = lists.reduce((sum, list) => sum + list.length, 1);
  /** Where a label's things go that are in the present list, and which list that was. */
  const moved = new Uint32Array(most);
  const when = new Int32Array(most).fill(-1);
  let used = 1;
  lists.forEach((list, l) => {
    for (const thing of list) {
      const label = labels[thing] as number;
      if (when[label] !== l) {
        when[label] = l;
        moved[label] = used++;
      }
      labels[thing] = moved[label] as number;
    }
  });
  const numbers = new Int32Array(used).fill(-1);
  numbers[0] = 0;
  let count = 1;
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number;
    if (numbers[label] === -1) numbers[label] = count++;
    labels[i] = numbers[label] as number;
  }
  const seen = new Int32Array(count).fill(-1);
  const of = lists.map((list, l) => {
    const groups: number[] = [];
    for (const thing of list) {
      const group = labels[thing] as number;
      if (seen[group] === l) continue;
      seen[group] = l;
      groups.push(group);
    }
    return groups;
  });
  return { groups: labels, count, of };
}
