/** Persistent grants: frames that stay mapped between uses, the least used given back when there are too many. */
import type { GrantRef } from "./grant-table.ts";
import { GNTST } from "./layout.ts";
import type { GrantMapper, MapResult } from "./mapper.ts";

export interface PersistentGrants extends Disposable {
  /** The frame granted under `ref`, mapped now or before. */
  get(ref: GrantRef): MapResult;
  /** Unmaps one, so that its owner may end the grant. Whether it was mapped. */
  drop(ref: GrantRef): boolean;
  readonly size: number;
  /** Unmaps all. */
  close(): void;
}

/** Keeps up to `limit` frames of domain `id` mapped. */
export function createPersistentGrants(mapper: GrantMapper, id: number, limit = 1056): PersistentGrants {
  // In the order of their last use.
  const kept = new Map<GrantRef, Extract<MapResult, { status: 0 }>>();
  const close = (): void => {
    for (const { mapping } of kept.values()) mapping.unmap();
    kept.clear();
  };
  return {
    get(ref) {
      const known = kept.get(ref);
      kept.delete(ref);
      if (known && !known.mapping.revoked) {
        kept.set(ref, known);
        return known;
      }
      const result = mapper.map(id, ref);
      if (result.status !== GNTST.okay) return result;
      kept.set(ref, result);
      if (kept.size > limit) {
        const [oldest, { mapping }] = kept.entries().next().value as [GrantRef, Extract<MapResult, { status: 0 }>];
        kept.delete(oldest);
        mapping.unmap();
      }
      return result;
    },
    drop(ref) {
      const known = kept.get(ref);
      known?.mapping.unmap();
      return kept.delete(ref);
    },
    get size() {
      return kept.size;
    },
    close,
    [Symbol.dispose]: close,
  };
}
