/**
 * The back-end half of the split network driver: a guest's rings as a port of a switch.
 *
 * @packageDocumentation
 */
export { connectVif, NetbackError, type Vif, type VifGrants, type VifOptions, type VifStats } from "./netback.ts";
