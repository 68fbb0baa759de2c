/**
 * Xen's grant table, version 1 entries: a domain's way to share its frames, and the way to map them.
 *
 * @packageDocumentation
 */
export {
  createGrantTable,
  type FrameNumber,
  GrantError,
  type GrantRef,
  type GrantTable,
  type GrantTablePlace,
} from "./grant-table.ts";
export { entriesPerFrame, frameSize, GNTST, type GrantStatus, GTF, grantEntry, reservedEntries } from "./layout.ts";
export {
  createGrantMapper,
  type GrantingDomain,
  type GrantMapper,
  type GrantWindow,
  type Mapping,
  type MapResult,
} from "./mapper.ts";
export { type CopyEnd, createGrantOperations, type GrantOperations } from "./operations.ts";
export { createPersistentGrants, type PersistentGrants } from "./persistent.ts";
