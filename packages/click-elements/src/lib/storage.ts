/** What elements that store packets offer others: how many they hold, and how many they can. */
import { type Peer, type PeerInterface, peerInterface } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";

export interface StagedStorage {
  length(): I32;
  capacity(): I32;
}

export interface HostStorage {
  readonly length: number;
  readonly capacity: number;
}

/** Click's `Storage`: Queue and its kin. */
export const Storage: PeerInterface<StagedStorage, HostStorage> = peerInterface("Storage");
export type StoragePeer = Peer<StagedStorage, HostStorage>;
