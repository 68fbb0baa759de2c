/** A domain: memory of its own, event channels, a grant table, a console, and a kernel that runs in it. */

import { frameSize, type GrantingDomain } from "@clickos/grant-table";
import type { CrashRecord, Locate } from "./crash.ts";
import type { Share } from "./credit.ts";
import type { ShutdownReason } from "./hypercalls.ts";
import type { Kernel } from "./kernel.ts";
import type { DomainSnapshot } from "./snapshot.ts";

export type DomainState = "paused" | "running" | "halted" | "crashed" | "destroyed";

export interface DomainStatistics {
  /** Time that its vCPU has run. */
  readonly runTimeNs: number;
  readonly slices: number;
  /** 0 is the caller's thread. */
  readonly pcpu: number;
  readonly memoryBytes: number;
}

export interface Domain extends GrantingDomain {
  readonly name: string;
  /** Gives it another name. */
  rename(name: string): void;
  readonly memory: WebAssembly.Memory;
  readonly state: DomainState;
  /** Why it shut down, when it has. */
  readonly shutdownReason: ShutdownReason | undefined;
  readonly crash: CrashRecord | undefined;
  /** Resolves when it has shut down, crashed or been destroyed. */
  readonly exited: Promise<void>;
  unpause(): void;
  /** Resolves when its vCPU has stopped; from then on its memory stands still. */
  pause(): Promise<void>;
  /** Ends it for a reason, as it does itself with `SCHEDOP_shutdown`. */
  shutdown(reason: ShutdownReason): void;
  /** Everything the console has printed, at most the last 64 KiB. */
  readonly console: string;
  /** Bytes that the console has ever been given. */
  readonly consoleBytes: number;
  /** Prints to the console in the guest's name: for the part of a kernel that runs on the host. */
  print(text: string): void;
  /** Types into the console; how many bytes there was room for. */
  type(text: string): number;
  /** Its own time. */
  now(): bigint;
  /** When its timer is due, in the hypervisor's time; `undefined` when none is set. Of a domain that stands still. */
  readonly nextTimer: bigint | undefined;
  readonly share: Share;
  setShare(share: Partial<Share>): void;
  readonly statistics: DomainStatistics;
  /** Adds a module to a kernel made of modules, and boots it; its number. */
  load(module: WebAssembly.Module): Promise<number>;
  unload(module: number): void;
  /**
   * Runs another module in place of one that was loaded, over the memory that `change` leaves: it does not boot. The vCPU stands
   * still from before `change` until the module is there, and nothing else is done on this thread meanwhile, unless the vCPU's is busy
   * for long. What `change` throws is thrown, and the former module goes on. @throws {HypervisorError}
   */
  exchange(module: number, next: WebAssembly.Module, change: () => void): Promise<void>;
  /** Bytes of frames that hold anything but zeros. */
  residentBytes(): number;
}

export interface DomainOptions {
  readonly name: string;
  /** Memory, in 64 KiB pages; 16,384 at most, 1 GiB. Not needed with a snapshot. */
  readonly pages?: number;
  readonly kernel: Kernel;
  /** The pCPU to run on; the one with the fewest domains by default, and 0 for kernels that cannot leave this thread. */
  readonly pcpu?: number;
  readonly share?: Partial<Share>;
  /** Event channels at most; 1023 by default. */
  readonly portLimit?: number;
  /** Prepares the memory before the kernel starts. */
  prepare?(domain: Domain): void;
  /** Starts from here instead of from an empty memory. */
  readonly snapshot?: DomainSnapshot;
  /** The domain's time, in nanoseconds, when it is created: the hypervisor's, or the snapshot's, when absent. */
  readonly timeNs?: bigint;
  /** Finds the part of the program that a crash was in. */
  readonly locate?: Locate;
}

/** Frames that hold anything but zeros, in bytes. */
export function residentBytes(memory: ArrayBufferLike): number {
  const words = new BigUint64Array(memory);
  const perFrame = frameSize / 8;
  let frames = 0;
  for (let start = 0; start < words.length; start += perFrame) {
    for (let i = start; i < start + perFrame; i++) {
      if (words[i] === 0n) continue;
      frames++;
      break;
    }
  }
  return frames * frameSize;
}
