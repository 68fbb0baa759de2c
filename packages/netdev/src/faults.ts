/**
 * Faults on purpose: a port around another one that loses, doubles, delays, reorders, corrupts and slows frames, in both
 * directions. The same seed and the same frames give the same faults.
 *
 * Frames that wait for their time are kept here, at most 1,024 in each direction; more are dropped and counted.
 */
import { batchSize, FrameBatch, maximumFrame } from "@clickos/vale";
import type { Attachment } from "./attachment.ts";
import { DropCounts } from "./drop-counts.ts";
import { HeldFrames } from "./held-frames.ts";
import { seededRandom } from "./seeded-random.ts";

export interface FaultOptions {
  /** Of the random numbers; 1 by default. */
  readonly seed?: number | undefined;
  /** Shares from 0 to 1: of frames that are lost, that come twice, that change a bit, that others overtake. */
  readonly loss?: number | undefined;
  readonly duplicate?: number | undefined;
  readonly corrupt?: number | undefined;
  readonly reorder?: number | undefined;
  /** How long each frame is under way, and how much longer it may be, in nanoseconds. */
  readonly delayNs?: number | undefined;
  readonly jitterNs?: number | undefined;
  /** Bits a second in each direction, frames alone. */
  readonly rateBps?: number | undefined;
  /** Nanoseconds; the process's by default. */
  readonly clock?: (() => bigint) | undefined;
}

/** How much later a frame comes that others overtake, where there is no delay. */
const overtakenNs = 1_000_000;

/** The faults of one direction: frames go in with their time, and come out when it has come. */
class FaultyWire {
  readonly held: HeldFrames;
  private readonly options: FaultOptions;
  private readonly random: () => number;
  private readonly drops: DropCounts;
  /** When the wire has sent what it was given. */
  private free = 0;

  constructor(options: FaultOptions, random: () => number, drops: DropCounts, frameLimit: number) {
    this.options = options;
    this.random = random;
    this.drops = drops;
    this.held = new HeldFrames(frameLimit);
  }

  accept(batch: FrameBatch, i: number, now: number): void {
    const { loss = 0, duplicate = 0 } = this.options;
    if (this.random() < loss) {
      this.drops.add("lost on purpose");
      return;
    }
    this.hold(batch, i, now);
    if (this.random() < duplicate) this.hold(batch, i, now);
  }

  private hold(batch: FrameBatch, i: number, now: number): void {
    const { reorder = 0, delayNs = 0, jitterNs = 0, corrupt = 0, rateBps } = this.options;
    const length = batch.lengths[i] as number;
    let due = now + delayNs + this.random() * jitterNs;
    if (rateBps !== undefined) {
      this.free = Math.max(this.free, now) + (length * 8e9) / rateBps;
      due += this.free - now;
    }
    // Without jitter frames leave in the order in which they came.
    if (this.random() < reorder) due += Math.max(overtakenNs, delayNs);
    const bytes = this.held.add(batch, i, due);
    if (!bytes) this.drops.add("too many frames under way");
    else if (this.random() < corrupt) {
      const bit = Math.floor(this.random() * length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    }
  }
}

/** A port around `inner`, which is not attached itself. */
export function withFaults(inner: Attachment, options: FaultOptions = {}): Attachment {
  const clock = options.clock ?? (() => process.hrtime.bigint());
  const begun = clock();
  // Nanoseconds since the beginning: exact for 104 days.
  const now = (): number => Number(clock() - begun);
  const drops = new DropCounts();
  const random = seededRandom(options.seed ?? 1);
  const frameLimit = inner.frameLimit ?? maximumFrame;
  const inward = new FaultyWire(options, random, drops, frameLimit);
  const outward = new FaultyWire(options, random, drops, frameLimit);
  const leaving = new FrameBatch(outward.held.memory);
  const entering = new FrameBatch(inward.held.memory);
  const inOrder = Int32Array.from({ length: batchSize }, (_, i) => i);

  const sendDue = (at: number): void => {
    for (;;) {
      outward.held.take(leaving, at);
      if (leaving.count === 0) return;
      const taken = inner.deliver(leaving, inOrder, leaving.count);
      if (taken < leaving.count) drops.add("no room behind the faults", leaving.count - taken);
      outward.held.free(leaving);
      inner.flush();
    }
  };
  return {
    name: inner.name,
    frameLimit,
    poll() {
      const at = now();
      sendDue(at);
      if (entering.count > 0) return entering;
      const batch = inner.poll();
      if (batch) {
        for (let i = 0; i < batch.count; i++) {
          if ((batch.lengths[i] as number) > frameLimit) drops.add("longer than the port carries");
          else inward.accept(batch, i, at);
        }
        inner.release();
      }
      inward.held.take(entering, at);
      return entering.count > 0 || batch ? entering : null;
    },
    release: () => inward.held.free(entering),
    deliver(batch, list, count) {
      const at = now();
      for (let k = 0; k < count; k++) outward.accept(batch, list[k] as number, at);
      return count;
    },
    flush: () => sendDue(now()),
    onReady: inner.onReady && ((listener) => inner.onReady?.(listener) ?? (() => {})),
    get readyIn() {
      const first = Math.min(inward.held.next, outward.held.next);
      const inners = inner.readyIn;
      if (first === Number.POSITIVE_INFINITY) return inners;
      const wait = BigInt(Math.max(0, Math.ceil(first - now())));
      return inners !== undefined && inners < wait ? inners : wait;
    },
    get problem() {
      return inner.problem;
    },
    get drops() {
      return { ...inner.drops, ...drops.counts };
    },
    detached: () => inner.detached?.(),
  };
}
