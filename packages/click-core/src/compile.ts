/**
 * The compiler by its parts: a configuration is checked, its elements become instances, and these are staged for a platform.
 *
 * @packageDocumentation
 */
export type { CheckedGraph, ElementInstance } from "./compile/check.ts";
export {
  type AddedElement,
  type CheckedConfiguration,
  type CheckOptions,
  type CompiledRouter,
  checkConfiguration,
  compile,
  diagnose,
  type Program,
} from "./compile/compile.ts";
export {
  type DropCounter,
  type ElementPlan,
  type FieldPlace,
  type MemoryPlan,
  sameLayout,
} from "./compile/memory-plan.ts";
export {
  type Platform,
  type PlatformContext,
  type ReceivedFrame,
  type RouterFunctions,
  type RouterParts,
  routerControl,
  type StagedDevice,
  type StagedPool,
} from "./compile/platform.ts";
export {
  type PacketRecord,
  type PacketTest,
  Recorder,
  type RecorderContext,
  type RecorderOptions,
  type RecordPlace,
} from "./compile/recorder.ts";
export { taskTableSize } from "./compile/tasks.ts";
export { classDigest, type LibraryDigest, otherClasses } from "./element/digest.ts";
export { type WritableArgument, writableArguments } from "./element/live-arguments.ts";
