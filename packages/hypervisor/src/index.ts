/**
 * Domains with memory of their own, event channels and grants between them, and turns to run in.
 *
 * @packageDocumentation
 */
export type {
  CrashRecord,
  Domain,
  DomainOptions,
  DomainState,
  Guest,
  GuestDomain,
  Kernel,
  RunState,
} from "./domain.ts";
export { createHypervisor, type Hypervisor } from "./hypervisor.ts";
export { consoleRing, domainFrames, firstFreeAddress, startInfo } from "./layout.ts";
