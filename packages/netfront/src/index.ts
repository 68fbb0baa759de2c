/**
 * The front half of the split network driver: staged for compiled guests, and in TypeScript for others.
 *
 * @packageDocumentation
 */
export { devicePage, devicePageMagic, xenbusState } from "./device-page.ts";
export { type FrontParts, type FrontStats, type NetFront, openNetFront, type SendOptions } from "./net-front.ts";
export type { KeyValue } from "./netmap-front.ts";
export { buffersPerVif, type StagedVif, stageVif, type VifPlaces } from "./staged.ts";
export { type FrontDevice, type HandshakeOptions, runFrontend, type Waiting, type Xenbus } from "./xenbus.ts";
