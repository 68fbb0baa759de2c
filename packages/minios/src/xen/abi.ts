/**
 * Numbers of Xen's interface for paravirtual guests that are of this platform only; the tests have the headers' own beside them.
 * xen/include/public, 4.17: xen.h, elfnote.h, grant_table.h, callback.h, arch-x86/xen-x86_64.h.
 */

/** `__HYPERVISOR_*`. */
export const hypercall = {
  setTrapTable: 0,
  updateVaMapping: 14,
  setTimerOp: 15,
  grantTableOp: 20,
  schedOp: 29,
  callbackOp: 30,
  eventChannelOp: 32,
} as const;

/** `GNTTABOP_setup_table`. */
export const grantSetupTable = 2;
/** `CALLBACKOP_register`, and `CALLBACKTYPE_*`. */
export const callbackRegister = 0;
export const callbackType = { event: 0, failsafe: 1 } as const;
/** `UVMF_INVLPG`. */
export const invalidatePage = 2;
/** Of a page-table entry: present, writable, user, accessed, dirty (Intel SDM volume 3, table 4-20). */
export const pageFlags = 0x67n;
/** The same, and not writable. */
export const readOnlyPageFlags = 0x25n;
/** `FLAT_KERNEL_CS`. */
export const kernelCodeSegment = 0xe033;

/** `XEN_ELFNOTE_*`. */
export const elfNote = {
  entry: 1,
  hypercallPage: 2,
  virtBase: 3,
  paddrOffset: 4,
  xenVersion: 5,
  guestOs: 6,
  guestVersion: 7,
  loader: 8,
  paeMode: 9,
  features: 10,
} as const;

/** Of `struct start_info`: what the table of `@clickos/hypervisor` does not have. */
export const startInfoOffsets = { mfnList: 104 } as const;
/** Of `struct vcpu_info`, likewise: the address of a page fault, and the clock; and of `struct vcpu_time_info`. */
export const vcpuOffsets = { cr2: 16, time: 32 } as const;
export const timeOffsets = { version: 0, tscTimestamp: 8, systemTime: 16, tscToSystemMul: 24, tscShift: 28 } as const;
/** Of `struct xsd_sockmsg`. */
export const storeHeader = { type: 0, requestId: 4, transactionId: 8, length: 12, size: 16 } as const;
