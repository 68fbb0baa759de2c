/**
 * The guest half of the split network driver.
 *
 * @packageDocumentation
 */
export { devicePage, devicePageMagic, xenbusState } from "./device-page.ts";
export { buffersPerVif, type StagedVif, stageVif, type VifPlaces } from "./staged.ts";
