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
