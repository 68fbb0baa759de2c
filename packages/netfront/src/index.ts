/**
 * The front half of the split network driver: staged for compiled guests, and in TypeScript for others.
 *
 * @packageDocumentation
 */

export { xenbusState } from "@clickos/xen-ring";
export {
  devicePage,
  devicePageMagic,
  grantsPool,
  ownGrants,
  postedPages,
  type RingKind,
  ringKinds,
} from "./device-page.ts";
export {
  type BufferPool,
  bufferBytes,
  type FramePlace,
  type GuestContext,
  type StagedFrame,
  type StagedPort,
} from "./guest.ts";
export { type FrontParts, type FrontStats, type NetFront, openNetFront, type SendOptions } from "./net-front.ts";
export type { KeyValue } from "./netmap-front.ts";
export { stageVif } from "./staged.ts";
export { buffersPerVif, grantPool, type StagedVif, type VifGrantPlaces, type VifPlaces } from "./staged-netmap.ts";
export { type FrontDevice, type HandshakeOptions, runFrontend, type Waiting, type Xenbus } from "./xenbus.ts";
