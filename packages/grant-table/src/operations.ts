/**
 * Grant operations by number and handle, as the hypercall has them (`GNTTABOP_*`): what a guest asks for comes back
 * as a status, whatever it asked. xen/include/public/grant_table.h.
 */
import type { GrantRef } from "./grant-table.ts";
import { frameSize, GNTST, type GrantStatus } from "./layout.ts";
import type { GrantingDomain, GrantMapper, Mapping } from "./mapper.ts";

/** One end of a copy: a granted frame of a domain, or a frame of the caller's own. */
export type CopyEnd =
  | { readonly domain: number; readonly ref: GrantRef; readonly offset: number }
  | { readonly frame: number; readonly offset: number };

export interface GrantOperations {
  /** `GNTTABOP_map_grant_ref`. */
  mapGrantRef(
    domain: number,
    ref: GrantRef,
    options?: { readOnly?: boolean },
  ): { readonly status: GrantStatus; readonly handle: number; readonly mapping?: Mapping };
  /** `GNTTABOP_unmap_grant_ref`. */
  unmapGrantRef(handle: number): GrantStatus;
  /** `GNTTABOP_copy`: bytes within a frame at either end, no mapping needed. */
  copy(source: CopyEnd, destination: CopyEnd, length: number): GrantStatus;
  /** `GNTTABOP_transfer`: always refused; frames do not change hands. */
  transfer(): GrantStatus;
  /** `GNTTABOP_query_size`. */
  querySize(domain: number): { readonly status: GrantStatus; readonly frames: number; readonly maximumFrames: number };
}

/** The operations of a domain with a mapper and a memory of its own; `find` gives the domains that exist. */
export function createGrantOperations(
  mapper: GrantMapper,
  memory: { readonly buffer: ArrayBufferLike },
  find: (id: number) => GrantingDomain | undefined,
): GrantOperations {
  const whole = (n: unknown): n is number => typeof n === "number" && Number.isInteger(n) && n >= 0;
  /** The bytes of an end, held while `use` runs. */
  const withEnd = (
    end: CopyEnd,
    length: number,
    readOnly: boolean,
    use: (bytes: Uint8Array) => GrantStatus,
  ): GrantStatus => {
    if (!whole(end.offset) || end.offset + length > frameSize) return GNTST.badCopyArg;
    if (!("ref" in end)) {
      if (!whole(end.frame) || (end.frame + 1) * frameSize > memory.buffer.byteLength) return GNTST.badPage;
      return use(new Uint8Array(memory.buffer, end.frame * frameSize + end.offset, length));
    }
    const result = mapper.map(end.domain, end.ref, { readOnly });
    if (result.status !== GNTST.okay) return result.status;
    const { mapping } = result;
    try {
      return use(new Uint8Array(mapping.buffer, mapping.offset + end.offset, length));
    } finally {
      mapping.unmap();
    }
  };
  return {
    mapGrantRef(domain, ref, options) {
      const result = mapper.map(domain, ref, options);
      return result.status === GNTST.okay
        ? { status: result.status, handle: result.mapping.handle, mapping: result.mapping }
        : { status: result.status, handle: -1 };
    },
    unmapGrantRef(handle) {
      const mapping = mapper.byHandle(handle);
      if (!mapping) return GNTST.badHandle;
      mapping.unmap();
      return GNTST.okay;
    },
    copy(source, destination, length) {
      if (!whole(length) || length > frameSize) return GNTST.badCopyArg;
      return withEnd(source, length, true, (from) =>
        withEnd(destination, length, false, (to) => {
          to.set(from);
          return GNTST.okay;
        }),
      );
    },
    transfer: () => GNTST.generalError,
    querySize(id) {
      const domain = find(id);
      if (!domain) return { status: GNTST.badDomain, frames: 0, maximumFrames: 0 };
      const { frames, maximumFrames } = domain.table;
      return { status: GNTST.okay, frames, maximumFrames: maximumFrames ?? frames };
    },
  };
}
