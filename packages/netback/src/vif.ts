/** What all kinds of back ends have in common. */
import { maximumFrame, type Port } from "@clickos/vale";
import type { HeldFrames } from "./held-frames.ts";

/** Frames by what became of them. Transmit and receive are named from the guest's side. */
export interface VifStats {
  /** From the guest to the switch. */
  readonly txPackets: number;
  readonly txBytes: number;
  /** From the switch to the guest. */
  readonly rxPackets: number;
  readonly rxBytes: number;
  /** Transmit slots that made no sense: buffer, offset or length out of range; and frames too long or of too many slots. */
  readonly txBadSlot: number;
  /** Ring indices that made no sense. */
  readonly badIndex: number;
  /** Receive slots that made no sense; frames wait, or are dropped by the switch, until they do. */
  readonly rxBadSlot: number;
  /** Events sent. */
  readonly notifications: number;
}

export interface Vif extends Port {
  readonly stats: VifStats;
  /**
   * Takes all frames out of the rings of a guest that stands still, for another interface to have them; this one gives and
   * takes nothing from there on. `posted` is how many receive requests the front end keeps in its ring, where answers do not
   * say what it has read: netif rings.
   */
  take(posted: number): HeldFrames;
  /**
   * Has the switch get these frames before those of the ring, 1,024 of them at most, and the guest these before others; how many there
   * was no room for.
   */
  put(frames: HeldFrames): number;
  /** Unmaps everything. Twice does nothing. */
  disconnect(): void;
}

/** The front end's grants cannot be used; the message says which and why. */
export class NetbackError extends Error {
  override readonly name = "NetbackError";
  readonly code = "BAD_FRONTEND";
}

/** Bytes of a packet buffer of a netmap ring. */
export const bufferSize = 2048;
/** A frame shorter than this has no addresses. */
export const shortestFrame = 14;

/**
 * The longest frame that goes to a guest: what it says that it takes, and no longer one than its interface carries. A guest
 * that says nothing gets no frame in several slots.
 */
export function receiveLimit(frameLimit: number | undefined, limit: number): number {
  const taken = frameLimit !== undefined && frameLimit >= shortestFrame ? frameLimit : maximumFrame;
  return Math.min(taken, limit);
}
