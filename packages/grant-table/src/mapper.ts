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

export type MapResult =
  | { readonly status: typeof GNTST.okay; readonly mapping: Mapping }
  | { readonly status: Exclude<GrantStatus, 0>; readonly message: string };

export interface GrantMapper {
  /** Maps a frame that domain `id` granted under `ref`. What the guest wrote wrong comes back as a status. */
  map(id: number, ref: GrantRef, options?: { readOnly?: boolean }): MapResult;
  /** Number of mappings held. */
  readonly mapped: number;
}

/** What the mapper knows of one domain's table. */
interface Table {
  readonly words: Int32Array;
  readonly buffer: ArrayBufferLike;
  readonly entries: number;
  /** Mappings by reference: readers in the low half, writers in the high half. */
  readonly pins: Int32Array;
}

const oneReader = 1;
const oneWriter = 0x10000;

class FrameMapping implements Mapping {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly frame: FrameNumber;
  readonly readOnly: boolean;
  private release: ((ref: number, readOnly: boolean) => void) | undefined;
  private readonly ref: number;

  constructor(
    buffer: ArrayBufferLike,
    frame: number,
    readOnly: boolean,
    ref: number,
    release: (ref: number, readOnly: boolean) => void,
  ) {
    this.buffer = buffer;
    this.frame = frame;
    this.offset = frame * frameSize;
    this.readOnly = readOnly;
    this.ref = ref;
    this.release = release;
  }
  unmap(): void {
    const { release } = this;
    this.release = undefined;
    release?.(this.ref, this.readOnly);
  }
  [Symbol.dispose](): void {
    this.unmap();
  }
}

/** A mapper for domain `self`; `find` gives the domains that exist. */
export function createGrantMapper(self: number, find: (id: number) => GrantingDomain | undefined): GrantMapper {
  const tables = new WeakMap<GrantingDomain, Table & { release(ref: number, readOnly: boolean): void }>();
  let mapped = 0;
  const tableOf = (domain: GrantingDomain): Table & { release(ref: number, readOnly: boolean): void } => {
    let table = tables.get(domain);
    if (!table) {
      const entries = domain.table.frames * entriesPerFrame;
      const words = new Int32Array(domain.table.buffer, domain.table.offset, entries * 2);
      const pins = new Int32Array(entries);
      table = {
        words,
        buffer: domain.memory.buffer,
        entries,
        pins,
        release(ref, readOnly) {
          mapped--;
          const left = (pins[ref] as number) - (readOnly ? oneReader : oneWriter);
          pins[ref] = left;
          if (left >>> 16 === 0) Atomics.and(words, ref * 2, ~GTF.writing);
          if (left === 0) Atomics.and(words, ref * 2, ~GTF.reading);
        },
      };
      tables.set(domain, table);
    }
    return table;
  };

  return {
    get mapped() {
      return mapped;
    },
    map(id, ref, options) {
      const readOnly = options?.readOnly ?? false;
      const fail = (status: Exclude<GrantStatus, 0>, message: string): MapResult => ({
        status,
        message: `grant ${ref} of domain ${id}: ${message}`,
      });
      const domain = find(id);
      if (!domain) return fail(GNTST.badDomain, "no such domain");
      const { words, pins, entries, buffer, release } = tableOf(domain);
      if (!Number.isInteger(ref) || ref < 0 || ref >= entries) return fail(GNTST.badGntref, "not in the table");
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
      pins[ref] = (pins[ref] as number) + (readOnly ? oneReader : oneWriter);
      mapped++;
      if ((frame + 1) * frameSize > buffer.byteLength) {
        release(ref, readOnly);
        return fail(GNTST.badPage, `frame ${frame} is outside the domain's memory`);
      }
      return { status: GNTST.okay, mapping: new FrameMapping(buffer, frame, readOnly, ref, release) };
    },
  };
}
