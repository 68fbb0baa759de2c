/** The guest's side: a domain fills entries of its own table to let others at its frames. */
import { entriesPerFrame, GTF, grantEntry, reservedEntries } from "./layout.ts";

declare const brand: unique symbol;
/** An index into a domain's grant table. */
export type GrantRef = number & { readonly [brand]?: "GrantRef" };
/** The number of a 4 KiB frame in a domain's memory. */
export type FrameNumber = number & { readonly [brand]?: "FrameNumber" };

/** Where a table is: `frames` frames at `offset` of a memory; it may grow to `maximumFrames`, which follow. */
export interface GrantTablePlace {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  frames: number;
  readonly maximumFrames?: number;
}

/** The table is full. */
export class GrantError extends Error {
  override readonly name = "GrantError";
  readonly code = "TABLE_FULL";
}

export interface GrantTable {
  /** Lets domain `to` at a frame. @throws {GrantError} */
  grant(frame: FrameNumber, options: { to: number; readOnly?: boolean }): GrantRef;
  /** Lets it at several, under references in a row: the first. @throws {GrantError} */
  grantRange(frames: readonly FrameNumber[], options: { to: number; readOnly?: boolean }): GrantRef;
  /** Takes a grant back. False while the other side has it mapped. */
  end(ref: GrantRef): boolean;
  /** Whether the other side has the frame mapped. */
  inUse(ref: GrantRef): boolean;
  /** Makes the table that many frames long (`GNTTABOP_setup_table`). @throws {GrantError} past its maximum. */
  grow(frames: number): void;
  /** Entries that are granted, and those that the table has. */
  readonly used: number;
  readonly entries: number;
}

export function createGrantTable(place: GrantTablePlace): GrantTable {
  const maximumFrames = place.maximumFrames ?? place.frames;
  const words = new Int32Array(place.buffer, place.offset, (maximumFrames * entriesPerFrame * grantEntry.size) >> 2);
  let count = place.frames * entriesPerFrame;
  let used = 0;
  /** References that were given back. */
  let free: number[] = [];
  const taken = new Uint8Array(maximumFrames * entriesPerFrame);
  let next: number = reservedEntries;
  const put = (ref: number, frame: number, to: number, readOnly: boolean): GrantRef => {
    used++;
    taken[ref] = 1;
    words[ref * 2 + 1] = frame;
    // The flags come last: with them the entry is valid.
    Atomics.store(words, ref * 2, (to << 16) | GTF.permitAccess | (readOnly ? GTF.readonly : 0));
    return ref;
  };
  return {
    grant(frame, { to, readOnly = false }) {
      const ref = free.pop() ?? next++;
      if (ref >= count) {
        next = count;
        throw new GrantError(`no free entry among ${count}`);
      }
      return put(ref, frame, to, readOnly);
    },
    grantRange(frames, { to, readOnly = false }) {
      let first: number = reservedEntries;
      for (let ref = first; ref < first + frames.length; ref++) {
        if (ref >= count) throw new GrantError(`no ${frames.length} free entries in a row among ${count}`);
        if (taken[ref]) first = ref + 1;
      }
      const end = first + frames.length;
      // Those never used that are passed over can be had later.
      for (let ref = next; ref < first; ref++) free.push(ref);
      next = Math.max(next, end);
      free = free.filter((ref) => ref < first || ref >= end);
      frames.forEach((frame, i) => {
        put(first + i, frame, to, readOnly);
      });
      return first;
    },
    end(ref) {
      for (;;) {
        const entry = Atomics.load(words, ref * 2);
        if (entry & (GTF.reading | GTF.writing)) return false;
        if (Atomics.compareExchange(words, ref * 2, entry, 0) !== entry) continue;
        if ((entry & GTF.typeMask) === GTF.permitAccess) {
          if (taken[ref]) free.push(ref);
          taken[ref] = 0;
          used--;
        }
        return true;
      }
    },
    grow(frames) {
      if (frames > maximumFrames)
        throw new GrantError(`a table of ${frames} frames, where ${maximumFrames} are the most`);
      if (frames <= place.frames) return;
      place.frames = frames;
      count = frames * entriesPerFrame;
    },
    get used() {
      return used;
    },
    get entries() {
      return count;
    },
    inUse: (ref) => (Atomics.load(words, ref * 2) & (GTF.reading | GTF.writing)) !== 0,
  };
}
