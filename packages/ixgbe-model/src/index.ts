/**
 * A model of the Intel 82599 at the level of its registers and descriptors, and a netmap-mode driver for it.
 *
 * @packageDocumentation
 */
export { drive, driverMemory, ringDescriptors } from "./driver.ts";
export { createIxgbe, type Ixgbe, type IxgbeOptions, type WireEnd } from "./ixgbe.ts";
export * as registers from "./registers.ts";
