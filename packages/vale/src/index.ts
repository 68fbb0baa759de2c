/**
 * The VALE software switch: batches in, one lookup a frame, one copy to each destination.
 *
 * @packageDocumentation
 */
export { batchSize, copyFrame, FrameBatch, FrameMemory, maximumFrame } from "./frame-batch.ts";
export {
  broadcast,
  foreignSource,
  type LearningOptions,
  type Lookup,
  learningBridge,
  nowhere,
  overLimit,
  type PortRules,
  patch,
  unknown,
} from "./lookup.ts";
export { createMemoryPort, type MemoryPort } from "./memory-port.ts";
export { maximumPorts, type Port } from "./port.ts";
export {
  createSwitch,
  type PortStats,
  SwitchError,
  type SwitchErrorCode,
  type SwitchStats,
  type ValeSwitch,
} from "./switch.ts";
