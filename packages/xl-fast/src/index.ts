/**
 * The toolstack: creates, lists, saves, restores and destroys Click VMs.
 *
 * @packageDocumentation
 */
export { ToolstackError, type ToolstackErrorCode } from "./error.ts";
export {
  type BootTimeline,
  createToolstack,
  type Toolstack,
  type Vm,
  type VmConfig,
  type VmSummary,
} from "./toolstack.ts";
export { connectStore } from "./vm-store.ts";
export type { VifConfig } from "./vm-vifs.ts";
