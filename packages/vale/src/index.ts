/**
 * The VALE software switch: batches in, one lookup a frame, one copy to each destination.
 *
 * @packageDocumentation
 */
export { batchSize, copyFrame, copyPart, FrameBatch, FrameMemory, maximumFrame } from "./frame-batch.ts";
export { GatheredFrames } from "./gathered-frames.ts";
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
export { longestFrame, maximumMtu, minimumMtu } from "./mtu.ts";
export { maximumPorts, type Port } from "./port.ts";
export {
  createSwitch,
  type PortOptions,
  type PortStats,
  SwitchError,
  type SwitchErrorCode,
  type SwitchStats,
  type ValeSwitch,
} from "./switch.ts";
