/** What a rule by which packets make VMs says, and what it tells. */
import type { ElementSet } from "@clickos/click-core";
import type { Image } from "@clickos/click-image";
import type { Source } from "@clickos/click-language";
import type { Share } from "@clickos/hypervisor";
import type { FrameKeyKind, SteeringStats } from "@clickos/vale";
import type { Toolstack, Vm } from "./interface.ts";
import type { LinkRouter } from "./link.ts";
import type { VifConfig } from "./vm-vifs.ts";

export interface ReactiveRule {
  /** VMs are called `<name>.1`, `<name>.2` and so on. */
  readonly name: string;
  /** What a VM is for: see `FrameKeyKind`. */
  readonly per: FrameKeyKind;
  /**
   * The configuration of the VMs. Parameters may stand in arguments that a handler changes while a router runs: `$SRC` of a source; `$SRC`,
   * `$DST`, `$PROTO`, `$SPORT`, `$DPORT` of a flow; `$MAC`, `$INNER_VLAN` of a subscriber; and `$VLAN`, 0 without a tag.
   */
  readonly configuration: Source;
  /** Handlers that are written before a VM runs, with texts in which parameters may stand. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /**
   * The interfaces of a VM. The first one's switch is the one whose frames make VMs. On the others' switches frames that are sent back, to
   * the source or along the flow, go to the VM, while there is one.
   */
  readonly vif: readonly VifConfig[];
  /** Names of ports of the first switch, whose frames make VMs; by default all but those of the rule's VMs. */
  readonly ports?: readonly string[] | undefined;
  /** A VM that had no packets for so long is ended; 30 s by default. */
  readonly idleMs?: number | undefined;
  /** VMs at most, and keys that wait for one; 1,024 by default. */
  readonly limit?: number | undefined;
  /** VMs that are created in a second at most; 1,000 by default. */
  readonly ratePerSecond?: number | undefined;
  /** Frames that wait for their VMs at most; 4,096 by default. */
  readonly queue?: number | undefined;
  /** Of these, frames for one VM; 64 by default. */
  readonly queuePerVm?: number | undefined;
  /** Prepared shells of the image, for the first of many that come at once; none by default. */
  readonly shells?: number | undefined;
  readonly memoryKiB?: number | undefined;
  readonly pcpu?: number | undefined;
  readonly share?: Partial<Share> | undefined;
}

/** Why a VM has ended: it was idle, it crashed, somebody destroyed it, or the rule ended. */
export type EndReason = "idle" | "crashed" | "destroyed" | "closed";

export interface ReactiveParts {
  readonly toolstack: Toolstack;
  /** Classes to compile the configuration with. */
  readonly elements: ElementSet;
  /** What compiles it; on the caller's thread by default. */
  readonly link?: LinkRouter | undefined;
  /** Milliseconds. */
  now?(): number;
  /** Hears of VMs that were created, before they run, and of those that have ended, whatever ended them. */
  onCreated?(vm: Vm, key: string): void;
  onEnded?(name: string, key: string, why: EndReason): void;
  onFailed?(key: string, error: Error): void;
}

/** Counts since the rule is there, and what there is now. */
export interface ReactiveStats extends SteeringStats {
  readonly vms: number;
  /** Keys whose VMs are to be created. */
  readonly pending: number;
  /** Frames that wait. */
  readonly waiting: number;
  readonly created: number;
  /** Ended, because there were no packets for a time. */
  readonly reaped: number;
  readonly crashed: number;
  /** VMs that could not be created; the key's packets are dropped for a second. */
  readonly failed: number;
  readonly lastError: string | undefined;
}

export interface Reactive {
  readonly image: Image;
  readonly stats: ReactiveStats;
  /** VMs with their keys. */
  list(): { readonly name: string; readonly key: string }[];
  /** Resolves when there is a VM for every key that was there, or there is none because of an error. */
  settled(): Promise<void>;
  /** Ends the rule and its VMs. */
  close(): Promise<void>;
}
