/**
 * The hypervisor: domains, and the pCPUs that run them. pCPU 0 is the caller's thread, where domain 0 is the program
 * that calls and domains run in turn, cooperatively and in a fixed order, when `run` is called. Further pCPUs are
 * threads of their own (`@clickos/hypervisor/node`), which run their domains by themselves.
 */

import type { GrantMapper } from "@clickos/grant-table";
import type { LoopSource } from "@clickos/run-loop";
import type { EventChannels, EvtchnPort } from "@clickos/xen-evtchn";
import type { EventHandler } from "./dom0-events.ts";
import type { Domain, DomainOptions } from "./domain.ts";
import type { SliceEnd } from "./machine.ts";
import type { DomainSnapshot } from "./snapshot.ts";
import type { PcpuThreads } from "./thread.ts";

export interface HypervisorOptions {
  /** Nanoseconds since some start, the same on all threads. */
  readonly clock?: () => bigint;
  /** Time is not the world's, so that nothing else is either: see `Hypervisor.simulated`. True when there is a `clock`. */
  readonly simulated?: boolean;
  /** Memory that all domains have together at most, with what is kept for those to come; no limit by default. */
  readonly memoryKiB?: number;
  /** Memory of domains that are gone that is kept, resident, for those to come; 65536 by default. */
  readonly pooledKiB?: number;
  /** Threads to run domains on. */
  readonly threads?: PcpuThreads;
  /** A vCPU on a thread that runs longer than this without a pause is ended. 1000 by default. */
  readonly watchdogMs?: number;
}

/** With its domains, it is a source of a run loop; those on other threads run by themselves. */
export interface Hypervisor extends LoopSource {
  readonly events: EventChannels;
  /** Domain 0's mapper of other domains' grants. */
  readonly mapper: GrantMapper;
  /** Nanoseconds since the hypervisor started. */
  now(): bigint;
  /** Whether runs are to be repeatable: what is drawn at random elsewhere is fixed then. */
  readonly simulated: boolean;
  /** Makes a domain and loads its kernel; it runs once unpaused. @throws {HypervisorError} */
  createDomain(options: DomainOptions): Promise<Domain>;
  /** Ends a domain and closes its channels. Twice does nothing. */
  destroyDomain(id: number): void;
  readonly domains: readonly Domain[];
  /** A domain's memory and time, taken while it stands still; it goes on afterwards. @throws {HypervisorError} */
  snapshot(id: number): Promise<DomainSnapshot>;
  /** A second domain that starts where the first one is; paused. @throws {HypervisorError} */
  clone(id: number, options: { readonly name: string; prepare?(domain: Domain): void }): Promise<Domain>;
  /** Has a domain run on another pCPU. @throws {HypervisorError} */
  move(id: number, pcpu: number): Promise<void>;
  /**
   * Runs `body` while the domain's vCPU stands still, wherever it runs: to look at its memory, or change it.
   *
   * @throws {HypervisorError} `BUSY` when it does not stop in time.
   */
  hold<T>(id: number, body: () => T): T;
  /**
   * Has a paused domain run one slice, wherever it runs, if it was woken, had more to do, or has a timer that is due; whether
   * it has more now. It stands still before and after, so that domain 0 and the domain take turns, as on one thread. Its
   * timers wake nobody meanwhile: see `Domain.nextTimer`.
   */
  step(id: number): Promise<SliceEnd>;
  /** Has a domain run that may be asleep, as an event would: something in its memory was changed for it. */
  wake(id: number): void;
  /** pCPUs, this thread included. */
  readonly pcpus: number;
  /**
   * Calls back for events on a port of domain 0; `undefined` ends it. A handler does a bounded amount of work and
   * returns `true` when it leaves some: it is called again in a turn to come, after all other ports that wait.
   */
  onEvent(port: EvtchnPort, handler: EventHandler | undefined): void;
  /** Has a port's handler called in a turn to come, as an event would: there is work for it that no event tells of. */
  serveLater(port: EvtchnPort): void;
  /**
   * Delivers domain 0's events to at most 64 handlers and gives every runnable domain of this thread one slice. True
   * when anything ran, or is left for the next turn. Domains on other threads run by themselves.
   */
  run(): boolean;
  /** `run`, as a run loop asks for it. */
  turn(): "idle" | "more";
  /** Calls back when there may be something for `run` to do: an event, a message. @returns ends it. */
  onWake(listener: () => void): () => void;
  /** Resolves when there may be something for `run` to do: an event, a message, a timer; or after this long. */
  idle(timeoutMs: number): Promise<void>;
  /** The earliest timer of any domain on this thread; `undefined` when none is set. */
  readonly nextTimer: bigint | undefined;
  /** Threads that were lost or ended, and replaced. */
  readonly threadsReplaced: number;
  /** Destroys all domains and ends all threads. */
  close(): Promise<void>;
}
