/**
 * The front end for guests written in TypeScript. Two modes, one interface: the standard one (netif rings, a grant for
 * each packet, packets in several pieces) and the optimised one (netmap rings, buffers granted once).
 */
import type { GrantTable } from "@clickos/grant-table";
import { type KeyValue, openNetmapFront } from "./netmap-front.ts";
import { openStandardFront } from "./standard-front.ts";

/** What an interface needs of its guest. */
export interface FrontParts {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly grants: GrantTable;
  /** A frame of the guest's memory for the interface to use, by number. */
  allocateFrame(): number;
  freeFrame(frame: number): void;
  /** The domain of the back end. */
  readonly backend: number;
  /** Sends an event to the back end about what was sent, or about room for receiving. */
  notifyTx(): void;
  notifyRx(): void;
}

export interface FrontStats {
  readonly sent: number;
  readonly received: number;
  /** Frames that the back end answered with an error. */
  readonly refused: number;
  /** Answers that made no sense. */
  readonly bad: number;
}

export interface SendOptions {
  /** Leaves the TCP or UDP checksum to the back end. Standard mode only. */
  readonly checksumBlank?: boolean;
  /** Bytes of a piece at most: longer frames are sent in several. Standard mode only; a page by default. */
  readonly fragment?: number;
}

/** An interface. Frames are queued and then shown at once by `flush`. */
export interface NetFront {
  readonly mode: "standard" | "netmap";
  /** What the back end must be told, as keys of the device in the store. */
  readonly keys: KeyValue;
  /**
   * Queues a frame, in several slots when it is longer than one holds; false when there is no room: later there is. The back
   * end drops and counts what its interface does not carry. @throws {RangeError} for one that can never go.
   */
  send(frame: Uint8Array, options?: SendOptions): boolean;
  /** Shows what was queued, and notifies the back end if it wants that. */
  flush(): void;
  /** Takes the frames that came, and back the buffers of those that went. */
  receive(): Uint8Array[];
  /** Asks for an event at the next frame; true when there is one already. */
  wait(): boolean;
  readonly stats: FrontStats;
  /**
   * Ends all grants and gives the frames back; false while the back end still has some of them. Call again then. An
   * interface that was closed sends and receives nothing.
   */
  close(): boolean;
}

/** Makes an interface: rings and buffers, granted. */
export function openNetFront(
  parts: FrontParts,
  options: {
    readonly mode?: "standard" | "netmap";
    /** Standard mode: pages are granted once and kept so, where the back end offers `feature-persistent`. */
    readonly persistent?: boolean;
  } = {},
): NetFront {
  return options.mode === "standard" ? openStandardFront(parts, options.persistent ?? false) : openNetmapFront(parts);
}
