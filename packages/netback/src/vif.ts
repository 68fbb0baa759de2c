/** What all kinds of back ends have in common. */
import type { Port } from "@clickos/vale";

/** Frames by what became of them. Transmit and receive are named from the guest's side. */
export interface VifStats {
  /** From the guest to the switch. */
  readonly txPackets: number;
  readonly txBytes: number;
  /** From the switch to the guest. */
  readonly rxPackets: number;
  readonly rxBytes: number;
  /** Transmit slots that made no sense: buffer, offset or length out of range. */
  readonly txBadSlot: number;
  /** Ring indices that made no sense. */
  readonly badIndex: number;
  /** Receive slots that made no sense; frames wait, or are dropped by the switch, until they do. */
  readonly rxBadSlot: number;
  /** Frames longer than the guest's buffers. */
  readonly rxTooLong: number;
  /** Events sent. */
  readonly notifications: number;
}

export interface Vif extends Port {
  readonly stats: VifStats;
  /** Unmaps everything. Twice does nothing. */
  disconnect(): void;
}

/** The front end's grants cannot be used; the message says which and why. */
export class NetbackError extends Error {
  override readonly name = "NetbackError";
  readonly code = "BAD_FRONTEND";
}

/** A frame shorter than this has no addresses. */
export const shortestFrame = 14;
