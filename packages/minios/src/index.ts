/**
 * The guest kernel: for compiled guests as code that is staged around their program, and for guests in TypeScript an event
 * loop with threads.
 *
 * @packageDocumentation
 */
export {
  firstPlace,
  type GuestEntryPoints,
  type GuestHost,
  type GuestKernel,
  type GuestPlace,
  type GuestProgram,
  guestKernel,
  type KernelOptions,
  maximumPoolFrames,
} from "./kernel.ts";
export { type MiniOs, miniOs } from "./mini-os.ts";
export type { StoreInTransaction, XenbusClient } from "./xenbus.ts";
