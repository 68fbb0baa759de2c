/**
 * The Xen store: a tree of small values with permissions, quotas, watches and transactions, and its wire protocol.
 *
 * @packageDocumentation
 */
export { StoreError, type StoreErrorCode } from "./error.ts";
export {
  createSession,
  decodeMessage,
  encodeMessage,
  MessageType,
  maximumPayload,
  type ProtocolSession,
  requestsPerTurn,
  type SessionOptions,
  type SessionState,
  type WireMessage,
} from "./protocol.ts";
export { createRingEnds, type RingEnd, storeRing } from "./ring.ts";
export {
  type RingClient,
  type RingServer,
  type RingSession,
  ringClient,
  ringSession,
  serveRing,
} from "./serve-ring.ts";
export {
  createXenStore,
  defaultQuotas,
  type Quotas,
  type StoreConnection,
  type StoreTransaction,
  type StoreView,
  type WatchCallback,
  watchesPerTurn,
  type XenStore,
} from "./store.ts";
