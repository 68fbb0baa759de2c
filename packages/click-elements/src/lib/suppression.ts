/** What Suppressor offers to EtherSpanTree: switching its ports on and off. */
import { type PeerInterface, peerInterface } from "@clickos/click-core/element";
import type { I32Like } from "@clickos/codegen";

export interface StagedSuppression {
  /** Stops a port's packets, or lets them pass; there is a port of that number. */
  suppress(port: I32Like, suppressed: I32Like): void;
}

export const Suppression: PeerInterface<StagedSuppression, unknown> = peerInterface("Suppressor");
