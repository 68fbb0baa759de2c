/** What a front end with netmap rings granted, and how its back end treats it. */
import type { GrantMapper } from "@clickos/grant-table";
import type { Rate } from "./rate.ts";

/** What a front end granted; see its device page. */
export interface VifGrants {
  readonly rxRingRef: number;
  readonly txRingRef: number;
  readonly bufferRef: number;
  readonly bufferFrames: number;
  readonly bufferCount: number;
}

export interface VifOptions {
  readonly name: string;
  readonly domain: number;
  readonly grants: VifGrants;
  readonly mapper: GrantMapper;
  /** The rings have been in use before: their indices are taken up where they are. */
  readonly resume?: boolean;
  /** Frames in a batch at most; 1 for an event for each packet. 256 by default. */
  readonly burst?: number;
  /** What the interface carries behind the Ethernet header, up to 9,000 bytes; without it, frames of 2,032 bytes. */
  readonly mtu?: number | undefined;
  /**
   * Bytes of the longest frame that the guest takes, 2,032 by default. More than that says that it takes frames in several
   * slots.
   */
  readonly frameLimit?: number | undefined;
  /** What the guest may send. */
  readonly rate?: Rate;
  /** Microseconds; for the rate. */
  now?(): number;
  /** Calls back at each event from the front end; without it the switch must poll the port. @returns ends it. */
  onEvent?(listener: () => void): () => void;
  /** Sends an event to the front end. */
  notify(): void;
}
