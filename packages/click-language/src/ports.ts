/**
 * Port counts and push/pull resolution, by Click's codes.
 *
 * @packageDocumentation
 */
export { flows } from "./flow-code.ts";
export type { PortCounts } from "./graph.ts";
export { checkRange, checkUse } from "./hookup.ts";
export { elementTitle, type PortCodes, portRange, sortedConnections, usedPorts } from "./port-counts.ts";
export { type Processing, type ResolvedProcessing, resolveProcessing } from "./processing.ts";
