/**
 * The shared-info page of a domain and its per-vCPU words.
 *
 * Layout of x86-64 `shared_info` and `vcpu_info`, xen/include/public/xen.h; little endian.
 */
import {
  type ArrayField,
  array,
  type Struct,
  struct,
  type U32Field,
  type U64Field,
  u8,
  u32,
  u64,
} from "@clickos/layout";

/** Event channels of the 2-level ABI: 64 words of 64 bits. Port 0 is never used. */
export const portCount = 4096;

/** Event channels of a domain whose events have three levels: as many as Xen's FIFO layout has, `EVTCHN_FIFO_NR_CHANNELS`. */
export const widePortCount = 131_072;

/** Fields of `vcpu_info`. */
export type VcpuFields = {
  upcallPending: U32Field;
  upcallMask: U32Field;
  pendingSel: U64Field;
  timeVersion: U32Field;
  tscTimestamp: U64Field;
  systemTime: U64Field;
};

/** `struct vcpu_info`, 64 bytes. `systemTime` is `time.system_time`: nanoseconds since boot. */
export const vcpuInfo: Struct<VcpuFields> = struct(
  { upcallPending: u8, upcallMask: u8, pendingSel: u64, timeVersion: u32, tscTimestamp: u64, systemTime: u64 },
  { name: "vcpu_info", size: 64, at: { pendingSel: 8, timeVersion: 32, tscTimestamp: 40, systemTime: 48 } },
);

/** `struct shared_info`: 32 `vcpu_info`, then the pending and mask bits. */
export const sharedInfo: Struct<{
  vcpu: ArrayField<Struct<VcpuFields>>;
  evtchnPending: ArrayField<U64Field>;
  evtchnMask: ArrayField<U64Field>;
  wcVersion: U32Field;
  wcSec: U32Field;
  wcNsec: U32Field;
}> = struct(
  {
    vcpu: array(vcpuInfo, 32),
    evtchnPending: array(u64, 64),
    evtchnMask: array(u64, 64),
    wcVersion: u32,
    wcSec: u32,
    wcNsec: u32,
  },
  { name: "shared_info" },
);

/** Where a domain's events are, as indices of 32-bit words, and how they are found. */
export interface EventWords {
  /** The upcall flag in the lowest byte, the upcall's mask in the next. */
  readonly upcall: number;
  /** A bit for each 32 words of the selector; without it the selector is looked at as it is. */
  readonly summary: number | undefined;
  /** A bit for each 64 ports. */
  readonly selector: number;
  readonly pending: number;
  readonly mask: number;
  readonly ports: number;
  /** Of everything. */
  readonly words: number;
}

/** Xen's 2-level layout, in `shared_info`: what guests have. */
export const twoLevels: EventWords = {
  upcall: 0,
  summary: undefined,
  selector: vcpuInfo.offsets.pendingSel >> 2,
  pending: sharedInfo.offsets.evtchnPending >> 2,
  mask: sharedInfo.offsets.evtchnMask >> 2,
  ports: portCount,
  words: sharedInfo.size >> 2,
};

/**
 * A third level over the other two, for a domain that has channels with thousands of others: domain 0, whose page no guest sees.
 * After the 3-level layout that was proposed for Xen in 2013. Xen took the FIFO layout instead, whose lists are changed under a
 * lock; here a sender's thread may be ended at any instruction, and all that it does is to set bits.
 */
export const threeLevels: EventWords = {
  upcall: 0,
  summary: 2,
  selector: 4,
  pending: 4 + widePortCount / 2048,
  mask: 4 + widePortCount / 2048 + widePortCount / 32,
  ports: widePortCount,
  words: 4 + widePortCount / 2048 + widePortCount / 16,
};
