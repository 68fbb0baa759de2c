/** The other side: maps frames that a domain granted. Whatever the table says, nothing outside its frames is reached. */
import type { FrameNumber, GrantRef, GrantTablePlace } from "./grant-table.ts";
import { entriesPerFrame, frameSize, GNTST, type GrantStatus, GTF } from "./layout.ts";

/** A domain whose grants can be mapped. */
export interface GrantingDomain {
  readonly id: number;
  readonly table: GrantTablePlace;
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/** A mapped frame: `frameSize` bytes at `offset` of `buffer`. */
export interface Mapping extends Disposable {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly frame: FrameNumber;
  readonly readOnly: boolean;
  /** Gives the frame back; a second time does nothing. */
  unmap(): void;
}

export type MapResult = { readonly status: typeof GNTST.okay; readonly mapping: Mapping } | { readonly status: Exclude<GrantStatus, 0>; readonly message: string };

export interface GrantMapper {
  /** Maps a frame that domain `id` granted under `ref`. What the guest wrote wrong comes back as a status. */
  map(id: number, ref: GrantRef, options?: { readOnly?: boolean }): MapResult;
  /** Number of mappings held. */
  readonly mapped: number;
}

/** A mapper for domain `self`; `find` gives the domains that exist. */
export function createGrantMapper(self: number, find: (id: number) => GrantingDomain | undefined): GrantMapper {
  const pins = new Map<string, { readers: number; writers: number }>();
  let mapped = 0;
  return {
    get mapped() {
      return mapped;
    },
    map(id, ref, { readOnly = false } = {}) {
      const fail = (status: Exclude<GrantStatus, 0>, message: string): MapResult => ({ status, message: `grant ${ref} of domain ${id}: ${message}` });
      const domain = find(id);
      if (!domain) return fail(GNTST.badDomain, "no such domain");
      const { table, memory } = domain;
      if (!Number.isInteger(ref) || ref < 0 || ref >= table.frames * entriesPerFrame) return fail(GNTST.badGntref, "not in the table");
      const words = new Int32Array(table.buffer, table.offset);
      const index = ref * 2;
      const wanted = readOnly ? GTF.reading : GTF.reading | GTF.writing;
      // Read once, check, then claim with a compare-exchange: a guest that changes the entry meanwhile loses.
      let entry = Atomics.load(words, index);
      for (;;) {
        if ((entry & GTF.typeMask) !== GTF.permitAccess) return fail(GNTST.badGntref, "not granted");
        if (entry >>> 16 !== self) return fail(GNTST.permissionDenied, `granted to domain ${entry >>> 16}`);
        if (entry & GTF.readonly && !readOnly) return fail(GNTST.permissionDenied, "read-only");
        const seen = Atomics.compareExchange(words, index, entry, entry | wanted);
        if (seen === entry) break;
        entry = seen;
      }
      const frame = Atomics.load(words, index + 1) >>> 0;
      const key = `${id}:${ref}`;
      const pin = pins.get(key) ?? { readers: 0, writers: 0 };
      const release = (): void => {
        if (pin.writers === 0) Atomics.and(words, index, ~GTF.writing);
        if (pin.readers + pin.writers === 0) {
          Atomics.and(words, index, ~GTF.reading);
          pins.delete(key);
        }
      };
      if ((frame + 1) * frameSize > memory.buffer.byteLength) {
        release();
        return fail(GNTST.badPage, `frame ${frame} is outside the domain's memory`);
      }
      pins.set(key, pin);
      pin[readOnly ? "readers" : "writers"]++;
      mapped++;
      let open = true;
      const unmap = (): void => {
        if (!open) return;
        open = false;
        mapped--;
        pin[readOnly ? "readers" : "writers"]--;
        release();
      };
      return { status: GNTST.okay, mapping: { buffer: memory.buffer, offset: frame * frameSize, frame, readOnly, unmap, [Symbol.dispose]: unmap } };
    },
  };
}
