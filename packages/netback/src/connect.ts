/** Connects a front end by the kind of its rings, in the way that its mode asks for. */
import type { GrantMapper } from "@clickos/grant-table";
import { type VifMode, vifModes } from "./modes.ts";
import { connectVif } from "./netback.ts";
import type { Rate } from "./rate.ts";
import { connectStandardVif } from "./standard-vif.ts";
import { NetbackError, type Vif } from "./vif.ts";
import type { VifGrants } from "./vif-options.ts";

export interface FrontEnd {
  readonly name: string;
  readonly domain: number;
  readonly mapper: GrantMapper;
  readonly rings: "netmap" | "persistent" | "netif";
  /** Of these, netif rings need the references of the two rings only. */
  readonly grants: VifGrants;
  readonly rate?: Rate | undefined;
  /** What the interface carries behind the Ethernet header, up to 9,000 bytes; without it, frames of 2,032 bytes. */
  readonly mtu?: number | undefined;
  /** Bytes of the longest frame that the guest says it takes; when it does not say, it gets none in several slots. */
  readonly frameLimit?: number | undefined;
  /** The rings have been in use before. */
  readonly resume?: boolean;
  /**
   * Calls back at each event from the front end: then the port can tell its switch when it has frames. @returns ends it.
   */
  onEvent?(listener: () => void): () => void;
  /** Send events to the front end: about what it sent, and about what came for it. */
  notifyTx(): void;
  notifyRx(): void;
}

/**
 * @throws {NetbackError} when the front end's rings were not offered, or its grants are not as announced.
 * @throws {RangeError} for an MTU that is none.
 */
export function connectFrontEnd(mode: VifMode, front: FrontEnd): Vif {
  const { name, domain, mapper, grants, rate, notifyTx, notifyRx } = front;
  const { netmap, persistent, burst } = vifModes[mode];
  const onEvent = front.onEvent?.bind(front);
  const common = {
    name,
    domain,
    mapper,
    mtu: front.mtu,
    frameLimit: front.frameLimit,
    ...(rate ? { rate } : {}),
    ...(onEvent ? { onEvent } : {}),
  };
  if (front.rings === "netmap") {
    if (!netmap) throw new NetbackError(`${name}: netmap rings were not offered`);
    return connectVif({ ...common, burst, grants, resume: front.resume ?? false, notify: notifyRx });
  }
  const { txRingRef, rxRingRef } = grants;
  return connectStandardVif({
    ...common,
    // A batch of copies is no larger than the copies' buffer.
    burst: Math.min(burst, 64),
    persistent: persistent && front.rings === "persistent",
    txRingRef,
    rxRingRef,
    notifyTx,
    notifyRx,
  });
}
