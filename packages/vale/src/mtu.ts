/**
 * How long frames may be. An MTU counts the bytes behind an Ethernet header; the longest frame has that header and room
 * for one VLAN tag besides (IEEE 802.3 and 802.1Q), and carries no frame check sequence.
 */
import { maximumFrame } from "./frame-batch.ts";

/** What IPv4 needs at least (RFC 791), and what jumbo frames have at most here. */
export const minimumMtu = 68;
export const maximumMtu = 9000;

/** Bytes of an Ethernet header: a shorter frame has no addresses. */
export const shortestFrame = 14;
const headerAndTag = shortestFrame + 4;

/**
 * Bytes of the longest frame of an MTU; without one, what a buffer of 2,048 bytes holds.
 *
 * @throws {RangeError}
 */
export function longestFrame(mtu?: number): number {
  if (mtu === undefined) return maximumFrame;
  if (!Number.isInteger(mtu) || mtu < minimumMtu || mtu > maximumMtu)
    throw new RangeError(`an MTU of ${mtu}; it is a whole number from ${minimumMtu} to ${maximumMtu}`);
  return mtu + headerAndTag;
}
