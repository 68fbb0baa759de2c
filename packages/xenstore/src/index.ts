/**
 * The Xen store in memory: paths, values, watches, transactions.
 *
 * @packageDocumentation
 */
export {
  createXenStore,
  StoreError,
  type StoreErrorCode,
  type StoreView,
  type WatchCallback,
  type XenStore,
} from "./store.ts";
