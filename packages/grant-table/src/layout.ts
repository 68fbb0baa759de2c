/** Grant entries, version 1: `struct grant_entry_v1`, xen/include/public/grant_table.h; little endian. */
import { type Struct, struct, type U32Field, u16, u32 } from "@clickos/layout";

/** Bytes of a frame. */
export const frameSize = 4096;

export const grantEntry: Struct<{ flags: U32Field; domid: U32Field; frame: U32Field }> = struct(
  { flags: u16, domid: u16, frame: u32 },
  { name: "grant_entry_v1" },
);

/** Grant entries in one frame. */
export const entriesPerFrame: number = frameSize / grantEntry.size;

/** References below this one are kept for the toolstack (`GNTTAB_NR_RESERVED_ENTRIES`). */
export const reservedEntries = 8;

/** Bits of `flags`. */
export const GTF = {
  invalid: 0,
  permitAccess: 1,
  acceptTransfer: 2,
  typeMask: 3,
  readonly: 4,
  reading: 8,
  writing: 16,
} as const;

/** Results of grant operations, `GNTST_*`. */
export const GNTST = {
  okay: 0,
  generalError: -1,
  badDomain: -2,
  badGntref: -3,
  badHandle: -4,
  badVirtAddr: -5,
  badDevAddr: -6,
  noDeviceSpace: -7,
  permissionDenied: -8,
  badPage: -9,
  badCopyArg: -10,
  addressTooBig: -11,
  eagain: -12,
  noSpace: -13,
} as const;
export type GrantStatus = (typeof GNTST)[keyof typeof GNTST];
