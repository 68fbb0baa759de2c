/**
 * Domains with memory of their own, event channels and grants between them, and turns to run in.
 *
 * @packageDocumentation
 */
export type { CrashCause, CrashPlace, CrashRecord, Locate, WasmFrame } from "./crash.ts";
export { createHypervisor } from "./create-hypervisor.ts";
export type { Share } from "./credit.ts";
export type { EventHandler } from "./dom0-events.ts";
export type { Domain, DomainOptions, DomainState, DomainStatistics } from "./domain.ts";
export { HypervisorError, type HypervisorErrorCode } from "./error.ts";
export { guestRules } from "./guest-rules.ts";
export {
  DOMID_SELF,
  EVTCHNOP,
  errno,
  GNTTABOP,
  type Hypercall,
  hypercalls,
  SCHEDOP,
  type ShutdownReason,
  shutdownReasons,
} from "./hypercalls.ts";
export type { Hypervisor, HypervisorOptions } from "./hypervisor.ts";
export type { Guest, GuestDomain, Kernel, PortableKernel, RunState } from "./kernel.ts";
export { consoleRing, domainFrames, firstFreeAddress, startInfo } from "./layout.ts";
export type { SliceEnd } from "./machine.ts";
export { type DomainSnapshot, decodeSnapshot, encodeSnapshot, SnapshotError } from "./snapshot.ts";
export type { AddMessage, EndpointMessage, Failure, FromPcpu, PcpuThread, PcpuThreads, ToPcpu } from "./thread.ts";
export { checkKernel, compileKernel, KernelError, wasmKernel } from "./wasm-kernel.ts";
