/** The host's draws from the router's generator of Click's random numbers: what the elements' code draws from, see compile/chance.ts. */
import { chanceWords } from "../compile/platform.ts";

/** The words of the generator, as they are in the router's memory. */
export interface ChanceWords {
  chanceAt: number;
  readonly chance: { [place: number]: number };
}

const [ahead, discarded] = [3, 310];
const [multiplier, modulus] = [16807, 2147483647];

function step(words: ChanceWords): number {
  const at = words.chanceAt - 1;
  const behind = (at < ahead ? at + chanceWords : at) - ahead;
  const sum = ((words.chance[at] as number) + (words.chance[behind] as number)) >>> 0;
  words.chance[at] = sum;
  words.chanceAt = at === chanceWords - 1 ? 1 : at + 2;
  return sum >>> 1;
}

function seed(words: ChanceWords, value: number): void {
  let word = value | 0 || 1;
  words.chance[0] = word >>> 0;
  for (let i = 1; i < chanceWords; i++) {
    const next = (word * multiplier) % modulus;
    word = next < 0 ? next + modulus : next;
    words.chance[i] = word;
  }
  words.chanceAt = ahead + 1;
  for (let i = 0; i < discarded; i++) step(words);
}

/** Draws 31 bits; where nobody has seeded the generator, what is `unforeseen` does. */
export function drawOnHost(words: ChanceWords, unforeseen: () => bigint): number {
  if (words.chanceAt === 0) {
    const given = unforeseen();
    seed(words, Number(BigInt.asIntN(32, given ^ (given >> 32n))));
  }
  return step(words);
}
