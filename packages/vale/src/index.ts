/**
 * The VALE software switch: batches in, one lookup a frame, one copy to each destination.
 *
 * @packageDocumentation
 */
export { batchSize, copyFrame, FrameBatch, FrameMemory } from "./frame-batch.ts";
export { broadcast, type Lookup, learningBridge, nowhere, patch } from "./lookup.ts";
export { createMemoryPort, type MemoryPort, maximumFrame } from "./memory-port.ts";
export type { Port } from "./port.ts";
export {
  createSwitch,
  maximumPorts,
  type PortStats,
  SwitchError,
  type SwitchErrorCode,
  type SwitchStats,
  type ValeSwitch,
} from "./switch.ts";
