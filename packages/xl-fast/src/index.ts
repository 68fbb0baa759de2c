/**
 * The toolstack: creates, lists, saves, restores and destroys Click VMs.
 *
 * @packageDocumentation
 */
export type { Equal } from "./changed-frames.ts";
export type { Departure } from "./departure.ts";
export { ToolstackError, type ToolstackErrorCode } from "./error.ts";
export type { BootTimeline, Takeover, Toolstack, Vm, VmConfig, VmEvent, VmSummary } from "./interface.ts";
export { type LinkRouter, linkHere } from "./link.ts";
export type { ShellPlan } from "./prepared.ts";
export { createReactive } from "./reactive.ts";
export type { EndReason, Reactive, ReactiveParts, ReactiveRule, ReactiveStats } from "./reactive-rule.ts";
export type { Recording } from "./recordings.ts";
export type { OnCrash, RestartLimits } from "./restart-policy.ts";
export { createToolstack } from "./toolstack.ts";
export { decodeVm, type SavedVm } from "./vm-file.ts";
export { connectStore } from "./vm-store.ts";
export type { HeldForDevice, VifConfig, VmInterface } from "./vm-vifs.ts";
