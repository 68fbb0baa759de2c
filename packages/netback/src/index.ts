/**
 * The back half of the split network driver: a guest's interface as a switch port.
 *
 * @packageDocumentation
 */
export {
  announceVif,
  type Backend,
  type BackendOptions,
  createBackend,
  type VifDescription,
} from "./backend-driver.ts";
export { completeChecksum } from "./checksum.ts";
export { connectFrontEnd, type FrontEnd } from "./connect.ts";
export type { HeldFrames } from "./held-frames.ts";
export { ringsOf, type VifMode, vifModes } from "./modes.ts";
export { connectVif } from "./netback.ts";
export { parseRate, type Rate, RateLimit } from "./rate.ts";
export { connectStandardVif, type StandardVifOptions } from "./standard-vif.ts";
export { NetbackError, type Vif, type VifStats } from "./vif.ts";
export type { VifGrants, VifOptions } from "./vif-options.ts";
