/**
 * A wire that damages frames, for tests: it loses, repeats, corrupts, cuts and reorders them as often as it is told, by a generator of
 * random numbers with a seed, so that a run can be repeated.
 */
import { copyFrame, FrameBatch } from "@clickos/vale";
import { shortestFrame } from "./frame-counts.ts";
import type { Ixgbe, WireEnd } from "./ixgbe.ts";

/** How often each fault comes, from 0 to 1 of the frames. A frame has one fault at most; together they must be no more than 1. */
export interface FaultRates {
  /** The frame is lost. */
  readonly lose?: number;
  /** It arrives twice. */
  readonly repeat?: number;
  /** A bit of it is wrong, and so is its check sequence. */
  readonly corrupt?: number;
  /** A symbol of the line is none. */
  readonly symbol?: number;
  /** It ends early, after less than the shortest frame. */
  readonly cut?: number;
  /** It arrives after the frame that was behind it. */
  readonly reorder?: number;
  readonly seed?: number;
}

const kinds = ["lose", "repeat", "corrupt", "symbol", "cut", "reorder"] as const;
/** What a wire does to a frame. */
export type Fault = "lose" | "repeat" | "corrupt" | "symbol" | "cut" | "reorder";

const maximumFrameBytes = 16384;

/** What a wire did. */
export interface FaultyWire extends WireEnd {
  readonly faults: Readonly<Record<Fault, number>>;
  /** Lets a frame arrive that was held back to be reordered, where no frame came behind it. */
  flush(): void;
}

/** A wire to a NIC. Frames that find no descriptor there are missed. @throws {RangeError} for rates that are none. */
export function createFaultyWire(nic: Ixgbe, rates: FaultRates): FaultyWire {
  const total = kinds.reduce((sum, kind) => sum + (rates[kind] ?? 0), 0);
  if (kinds.some((kind) => !((rates[kind] ?? 0) >= 0)) || total > 1)
    throw new RangeError("rates of faults are from 0 to 1");
  const faults: Record<Fault, number> = { lose: 0, repeat: 0, corrupt: 0, symbol: 0, cut: 0, reorder: 0 };
  const random = generator(rates.seed ?? 1);
  const one = new FrameBatch(new ArrayBuffer(maximumFrameBytes));
  const held = new FrameBatch(new ArrayBuffer(maximumFrameBytes));

  const choose = (): Fault | undefined => {
    let left = random();
    for (const kind of kinds) {
      left -= rates[kind] ?? 0;
      if (left < 0) return kind;
    }
    return undefined;
  };
  const take = (from: FrameBatch, i: number, to: FrameBatch): void => {
    copyFrame(from, i, to.memory, 0);
    to.lengths[0] = from.lengths[i] as number;
    to.count = 1;
  };
  const arrive = (batch: FrameBatch): void => {
    if (nic.arrive(batch, 0) === 0) nic.missed(1);
  };
  const flush = (): void => {
    if (held.count > 0) arrive(held);
    held.count = 0;
  };
  const damage = (fault: Fault | undefined): void => {
    const length = one.lengths[0] as number;
    const { bytes } = one.memory;
    if (fault === "corrupt") {
      const bit = Math.floor(random() * length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      nic.arriveDamaged(one, 0, "check sequence");
    } else if (fault === "symbol") nic.arriveDamaged(one, 0, "symbol");
    else if (fault === "cut") {
      one.lengths[0] = Math.min(length, Math.floor(random() * shortestFrame));
      nic.arriveDamaged(one, 0, "check sequence");
    } else if (fault !== "lose") arrive(one);
    if (fault === "repeat") arrive(one);
  };
  return {
    faults,
    flush,
    receive(batch) {
      for (let i = 0; i < batch.count; i++) {
        const fault = choose();
        if (fault) faults[fault]++;
        if (fault === "reorder" && held.count === 0) {
          take(batch, i, held);
          continue;
        }
        take(batch, i, one);
        damage(fault);
        flush();
      }
    },
  };
}

/** Marsaglia's xorshift of 32 bits: numbers from 0 to 1. */
function generator(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
