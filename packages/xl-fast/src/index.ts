/**
 * The toolstack: creates, lists and destroys Click VMs.
 *
 * @packageDocumentation
 */
export {
  type BootTimeline,
  createToolstack,
  type Toolstack,
  ToolstackError,
  type ToolstackErrorCode,
  type VifConfig,
  type Vm,
  type VmConfig,
  type VmSummary,
} from "./toolstack.ts";
