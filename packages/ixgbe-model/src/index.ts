/**
 * A model of the Intel 82599 at the level of its registers and descriptors, and a netmap-mode driver for it.
 *
 * @packageDocumentation
 */
export { connectNics } from "./cable.ts";
export type { DescriptorRing } from "./descriptor-ring.ts";
export { type DmaWindow, windowUpper } from "./dma-window.ts";
export { type DriveOptions, drive, driverMemory } from "./driver.ts";
export { ringDescriptors } from "./driver-ends.ts";
export { createFaultyWire, type Fault, type FaultRates, type FaultyWire } from "./faults.ts";
export type { FrameCounts } from "./frame-counts.ts";
export { createIxgbe, type Ixgbe, type IxgbeOptions, type WireEnd } from "./ixgbe.ts";
export { LineRate } from "./line-rate.ts";
export type { MakePlainReceive, PlainReceive } from "./receive-plain.ts";
export type { FrameReport, ReceiveRing } from "./receive-ring.ts";
export type { Damage } from "./receiver.ts";
export type { Access } from "./register-table.ts";
export * as registers from "./registers.ts";
export { Toeplitz } from "./rss.ts";
export type { Leaves, MakePlainTransmit, PlainTransmit } from "./transmit-plain.ts";
export type { TransmitContext, TransmitRing } from "./transmit-ring.ts";
