/** The other side: maps frames that a domain granted. Whatever the table says, nothing outside its frames is reached. */
import type { FrameNumber, GrantRef, GrantTablePlace } from "./grant-table.ts";
import { entriesPerFrame, frameSize, GNTST, type GrantStatus, GTF } from "./layout.ts";

/** A domain whose grants can be mapped. */
export interface GrantingDomain {
  readonly id: number;
  readonly table: GrantTablePlace;
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/**
 * A mapped frame: `frameSize` bytes at `offset` of `buffer`. When the granting domain dies the mapping is revoked:
 * from then on it shows a frame of zeros that is nobody's.
 */
export interface Mapping extends Disposable {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly revoked: boolean;
  /** The number that operations know the mapping by. */
  readonly handle: number;
  /** Copies bytes out. @throws {RangeError} past the frame. */
  read(offset: number, length: number): Uint8Array;
  /** Copies bytes in. @throws {RangeError} past the frame, or when the mapping is read-only. */
  write(offset: number, bytes: Uint8Array): void;
  readonly frame: FrameNumber;
  readonly readOnly: boolean;
  /** Gives the frame back; a second time does nothing. */
  unmap(): void;
}

export type MapResult =
  | { readonly status: typeof GNTST.okay; readonly mapping: Mapping }
  | { readonly status: Exclude<GrantStatus, 0>; readonly message: string };

/**
 * A domain's grants without an object for each mapping, for those who map for every packet. Whoever pins, unpins.
 */
export interface GrantWindow {
  /** The domain's memory; only frames that are pinned are to be looked at, and none when the window is closed. */
  readonly buffer: ArrayBufferLike;
  /** What has that buffer: for code that is made for a memory. */
  readonly memory: { readonly buffer: ArrayBufferLike };
  /** The domain has died: its memory may be another's by now. */
  readonly closed: boolean;
  /** Maps: where the frame begins in `buffer`, or a negative `GNTST_*`. */
  pin(ref: GrantRef, readOnly: boolean): number;
  unpin(ref: GrantRef, readOnly: boolean): void;
}

export interface GrantMapper {
  /** A window on the grants of a domain; `undefined` when there is no such domain. */
  window(id: number): GrantWindow | undefined;
  /** Maps a frame that domain `id` granted under `ref`. What the guest wrote wrong comes back as a status. */
  map(id: number, ref: GrantRef, options?: { readOnly?: boolean }): MapResult;
  /** The mapping of a handle. */
  byHandle(handle: number): Mapping | undefined;
  /** Number of mappings held, pins of windows among them. */
  readonly mapped: number;
  /** A domain has died: its frames are out of reach, and the mappings of them are revoked. How many there were. */
  revoke(id: number): number;
  /** Unmaps everything; for when the mapping domain dies. */
  release(): void;
}

/** Mappings that one domain may hold (the length of Xen's map track). */
const defaultMappings = 65536;

/** Numbers that a table of pins has room for at first. */
const smallestPins = 128;

/** Attempts to take hold of an entry that its domain changes all the time; as many as Xen makes. */
const claims = 5;

/** What the mapper knows of one domain's table. */
interface Table {
  readonly words: Int32Array;
  readonly buffer: ArrayBufferLike;
  /** Two numbers a reference: who holds it to read, who to write. As far as something was ever held. */
  pins: Int32Array;
  readonly mappings: Set<FrameMapping>;
  /** Its domain is no more. */
  dead: boolean;
  /** Pins of windows. */
  pinned: number;
}

class FrameMapping implements Mapping {
  buffer: ArrayBufferLike;
  offset: number;
  revoked = false;
  readonly frame: FrameNumber;
  readonly readOnly: boolean;
  readonly handle: number;
  readonly domain: number;
  private release: ((mapping: FrameMapping) => void) | undefined;
  readonly ref: number;

  constructor(
    place: { buffer: ArrayBufferLike; frame: number; domain: number; ref: number; handle: number },
    readOnly: boolean,
    release: (mapping: FrameMapping) => void,
  ) {
    this.buffer = place.buffer;
    this.frame = place.frame;
    this.offset = place.frame * frameSize;
    this.domain = place.domain;
    this.ref = place.ref;
    this.handle = place.handle;
    this.readOnly = readOnly;
    this.release = release;
  }
  read(offset: number, length: number): Uint8Array {
    checkRange(offset, length);
    return new Uint8Array(this.buffer, this.offset + offset, length).slice();
  }
  write(offset: number, bytes: Uint8Array): void {
    if (this.readOnly) throw new RangeError(`frame ${this.frame} of domain ${this.domain} is mapped read-only`);
    checkRange(offset, bytes.length);
    new Uint8Array(this.buffer, this.offset + offset, bytes.length).set(bytes);
  }
  unmap(): void {
    const { release } = this;
    this.release = undefined;
    release?.(this);
  }
  /** The granting domain is no more: nothing of it is touched from here on. */
  revoke(): void {
    this.release = undefined;
    this.revoked = true;
    this.buffer = new ArrayBuffer(frameSize);
    this.offset = 0;
  }
  [Symbol.dispose](): void {
    this.unmap();
  }
}

function checkRange(offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= frameSize))
    throw new RangeError(`bytes ${offset} to ${offset + length} are not in a frame of ${frameSize}`);
}

/** Why a grant was refused, in words. */
function refusal(status: number, words: Int32Array, ref: number): string {
  if (status === GNTST.generalError) return "it is being changed all the time";
  const inTable = Number.isInteger(ref) && ref >= 0 && ref * 2 < words.length;
  if (!inTable) return "not in the table";
  const entry = Atomics.load(words, ref * 2);
  if (status === GNTST.badGntref)
    return (entry & GTF.typeMask) === GTF.permitAccess ? "not in the table" : "not granted";
  if (status === GNTST.permissionDenied)
    return entry & GTF.readonly ? "read-only" : `granted to domain ${entry >>> 16}`;
  return `frame ${Atomics.load(words, ref * 2 + 1) >>> 0} is outside the domain's memory`;
}

/** A mapper for domain `self`; `find` gives the domains that exist. */
export function createGrantMapper(
  self: number,
  find: (id: number) => GrantingDomain | undefined,
  options: { /** Mappings at most; 65,536 by default. */ readonly maximumMappings?: number } = {},
): GrantMapper {
  const maximumMappings = options.maximumMappings ?? defaultMappings;
  const tables = new Map<number, Table>();
  const held = new Map<number, FrameMapping>();
  let nextHandle = 0;
  let pinned = 0;
  /** Not kept before something is held: who only asks costs nothing. */
  const tableOf = (domain: GrantingDomain): Table => {
    const table = tables.get(domain.id);
    // A number may come to be another domain's.
    if (table?.buffer === domain.memory.buffer) return table;
    const entries = (domain.table.maximumFrames ?? domain.table.frames) * entriesPerFrame;
    return {
      words: new Int32Array(domain.table.buffer, domain.table.offset, entries * 2),
      pins: new Int32Array(0),
      mappings: new Set(),
      buffer: domain.memory.buffer,
      dead: false,
      pinned: 0,
    };
  };
  /** Gives up one hold on an entry; its flags go with the last. */
  const unpin = ({ words, pins }: Table, ref: number, readOnly: boolean): void => {
    const which = ref * 2 + (readOnly ? 0 : 1);
    pins[which] = (pins[which] as number) - 1;
    if (pins[ref * 2 + 1] !== 0) return;
    Atomics.and(words, ref * 2, pins[ref * 2] === 0 ? ~(GTF.reading | GTF.writing) : ~GTF.writing);
  };

  /** Takes hold of an entry: its frame, or a status. Nothing is allocated. */
  const pin = (table: Table, domain: GrantingDomain, ref: number, readOnly: boolean): number => {
    const { words, buffer } = table;
    const entries = Math.min(domain.table.frames * entriesPerFrame, words.length >>> 1);
    if (!Number.isInteger(ref) || ref < 0 || ref >= entries) return GNTST.badGntref;
    const index = ref * 2;
    const wanted = readOnly ? GTF.reading : GTF.reading | GTF.writing;
    // Read once, check, then claim with a compare-exchange: a guest that changes the entry meanwhile loses.
    let entry = Atomics.load(words, index);
    for (let attempt = 1; ; attempt++) {
      if ((entry & GTF.typeMask) !== GTF.permitAccess) return GNTST.badGntref;
      if (entry >>> 16 !== self) return GNTST.permissionDenied;
      if (entry & GTF.readonly && !readOnly) return GNTST.permissionDenied;
      const seen = Atomics.compareExchange(words, index, entry, entry | wanted);
      if (seen === entry) break;
      if (attempt === claims) return GNTST.generalError;
      entry = seen;
    }
    const frame = Atomics.load(words, index + 1) >>> 0;
    const which = ref * 2 + (readOnly ? 0 : 1);
    if (which >= table.pins.length) {
      if (table.pins.length === 0) tables.set(domain.id, table);
      const { pins } = table;
      // Tables are for thousands of grants, of which most domains give a few hundred.
      table.pins = new Int32Array(Math.min(words.length, Math.max(smallestPins, index * 2)));
      table.pins.set(pins);
    }
    const { pins } = table;
    pins[which] = (pins[which] as number) + 1;
    if ((frame + 1) * frameSize > buffer.byteLength) {
      unpin(table, ref, readOnly);
      return GNTST.badPage;
    }
    return frame;
  };

  return {
    get mapped() {
      return held.size + pinned;
    },
    byHandle: (handle) => held.get(handle),
    revoke(id) {
      const table = tables.get(id);
      let count = 0;
      if (table) {
        table.dead = true;
        count = table.pinned;
        pinned -= count;
        for (const mapping of table.mappings) {
          held.delete(mapping.handle);
          mapping.revoke();
          count++;
        }
      }
      tables.delete(id);
      return count;
    },
    release() {
      for (const mapping of [...held.values()]) mapping.unmap();
    },
    window(id) {
      const domain = find(id);
      if (!domain) return undefined;
      const table = tableOf(domain);
      // Kept, so that it is closed with its domain.
      tables.set(id, table);
      return {
        buffer: table.buffer,
        memory: domain.memory,
        get closed() {
          return table.dead;
        },
        pin(ref, readOnly) {
          if (table.dead) return GNTST.badDomain;
          if (held.size + pinned >= maximumMappings) return GNTST.noSpace;
          const frame = pin(table, domain, ref, readOnly);
          if (frame < 0) return frame;
          pinned++;
          table.pinned++;
          return frame * frameSize;
        },
        unpin(ref, readOnly) {
          if (table.dead) return;
          pinned--;
          table.pinned--;
          unpin(table, ref, readOnly);
        },
      };
    },
    map(id, ref, options) {
      const readOnly = options?.readOnly ?? false;
      const fail = (status: Exclude<GrantStatus, 0>, message: string): MapResult => ({
        status,
        message: `grant ${ref} of domain ${id}: ${message}`,
      });
      const domain = find(id);
      if (!domain) return fail(GNTST.badDomain, "no such domain");
      if (held.size + pinned >= maximumMappings)
        return fail(GNTST.noSpace, `${maximumMappings} frames are mapped already`);
      const table = tableOf(domain);
      const { words, buffer } = table;
      const frame = pin(table, domain, ref, readOnly);
      if (frame < 0) return fail(frame as Exclude<GrantStatus, 0>, refusal(frame, words, ref));
      while (held.has(nextHandle)) nextHandle = (nextHandle + 1) % maximumMappings;
      const mapping = new FrameMapping({ buffer, frame, domain: id, ref, handle: nextHandle }, readOnly, (m) => {
        held.delete(m.handle);
        table.mappings.delete(m);
        unpin(table, ref, readOnly);
      });
      nextHandle = (nextHandle + 1) % maximumMappings;
      held.set(mapping.handle, mapping);
      table.mappings.add(mapping);
      return { status: GNTST.okay, mapping };
    },
  };
}
