/**
 * The VALE software switch: batches in, one lookup a frame, one copy to each destination.
 *
 * @packageDocumentation
 */
export { batchSize, copyFrame, copyPart, FrameBatch, maximumFrame } from "./frame-batch.ts";
export { FrameMemory, type FramePart, type FrameRegion } from "./frame-memory.ts";
export { GatheredFrames } from "./gathered-frames.ts";
export type { Borrow, FrameLender, Loan, LoanSide } from "./loan.ts";
export { type Answers, type LearningOptions, type Lookup, learningBridge, type PortRules, patch } from "./lookup.ts";
export { broadcast, dropped, foreignSource, nobody, nowhere, overLimit, taken, unknown } from "./lookup-result.ts";
export type { Destination } from "./lookups/destination.ts";
export { type FiveTupleOptions, fiveTupleLookup } from "./lookups/five-tuple-lookup.ts";
export { type FrameKey, type FrameKeyKind, frameKeyKinds } from "./lookups/frame-key.ts";
export { KeyedSteering, type KeyedSteeringOptions, type SteeringStats } from "./lookups/keyed-steering.ts";
export {
  batchBytes,
  batchFrame,
  batchHeader,
  everyPort,
  type LookupModule,
  moduleVersion,
} from "./lookups/module-batch.ts";
export {
  type ModuleFaults,
  type ModuleLookup,
  type ModuleLookupOptions,
  moduleLookup,
} from "./lookups/module-lookup.ts";
export { type PrefixEntry, type PrefixLookup, type PrefixOptions, prefixLookup } from "./lookups/prefix-lookup.ts";
export { type StaticEntry, type StaticLookup, type StaticOptions, staticLookup } from "./lookups/static-lookup.ts";
export { isSteered, type SteeredLookup, type Steering, steeredLookup, undecided } from "./lookups/steered-lookup.ts";
export { createMemoryPort, type MemoryPort } from "./memory-port.ts";
export type { MirrorOptions } from "./mirror.ts";
export { longestFrame, maximumMtu, minimumMtu } from "./mtu.ts";
export { OwnFrames } from "./own-frames.ts";
export { frameMemory } from "./packet-memory.ts";
export { maximumPorts, type Port } from "./port.ts";
export type { PortStats } from "./port-counters.ts";
export type { FloodLimits, PortOptions, RateLimits } from "./port-options.ts";
export { allFrames, BatchSource } from "./staged/batch-ends.ts";
export type {
  EndContext,
  EndKind,
  FrameEnd,
  FrameSink,
  FrameSource,
  PlaceNumbers,
  SinkKind,
  SlotFrame,
  SlotRoom,
  SourceKind,
} from "./staged/ends.ts";
export { FrameMover } from "./staged/mover.ts";
export { packetCode } from "./staged/packet-code.ts";
export { createSwitch, type SwitchOptions, type SwitchStats, type ValeSwitch } from "./switch.ts";
export { SwitchError, type SwitchErrorCode } from "./switch-error.ts";
export type { AccessVlans, PortVlans, TrunkVlans } from "./vlan-rules.ts";
