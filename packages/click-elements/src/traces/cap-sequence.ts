/** Sequence numbers of a transfer that a file tells of by numbers of segments, in the order in which they were sent first. */

/** Segments that are known; a file that tells of later ones is damaged. */
export const mostSegments: number = 1 << 22;
/** How long a segment is taken to be while nothing tells. */
const usualLength = 1460;
const unknown = 0xffffffff;

export class CapSequence {
  private numbers = new Uint32Array(1 << 10).fill(unknown);

  constructor() {
    this.numbers[0] = 0;
  }

  private makeRoom(segment: number): void {
    let size = this.numbers.length;
    while (segment + 1 >= size) size *= 2;
    if (size === this.numbers.length) return;
    const more = new Uint32Array(size).fill(unknown);
    more.set(this.numbers);
    this.numbers = more;
  }

  private numberOf(segment: number): number {
    return this.numbers[segment] as number;
  }

  /** Where a segment starts, below `mostSegments`. Those that were not told of before are taken to be as long as the one before them. */
  start(segment: number): number {
    this.makeRoom(segment);
    let from = segment;
    while (this.numberOf(from) === unknown) from--;
    const length = from > 0 ? (this.numberOf(from) - this.numberOf(from - 1)) >>> 0 : usualLength;
    for (let i = from + 1; i <= segment; i++) this.numbers[i] = this.numberOf(i - 1) + length;
    return this.numberOf(segment);
  }

  /** Notes that a segment is so long; the number of the next one that was known before, where that is another. */
  note(segment: number, length: number): { readonly known: number; readonly told: number } | undefined {
    const next = (this.start(segment) + length) >>> 0;
    const known = this.numberOf(segment + 1);
    this.numbers[segment + 1] = next;
    return known === unknown || known === next ? undefined : { known, told: next };
  }
}
