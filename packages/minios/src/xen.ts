/**
 * The guest kernel for Xen itself: what `guestKernel` is for domains of `@clickos/hypervisor`, as a paravirtual guest.
 *
 * @packageDocumentation
 */
export type { ControlDescription, ControlValue, ValueType } from "./xen/control-table.ts";
export { readXenImage, type XenImageOptions, xenImage } from "./xen/image.ts";
export { type XenKernelOptions, xenKernel } from "./xen/kernel.ts";
