/** What elements that store packets offer others: how many they hold, and how many they can. */
import { type Peer, type PeerInterface, type PeerSearch, peerInterface, type Scope } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";

/** As many packets as any memory has. */
export const mostPackets: number = 1 << 19;

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

const namesIn = (text: string): string[] => text.split(/\s+/).filter((name) => name !== "");

/** Reports names of no elements. */
export function checkQueueNames(names: string, scope: Scope, error: (message: string) => void): void {
  for (const name of namesIn(names)) if (!scope.element(name)) error(`no element named '${name}'`);
}

/**
 * The queues that an element asks: those whose names are given, separated by spaces, or the nearest ones in a direction. That there are
 * none is an error.
 */
export function nearbyQueues(
  { named, upstream, downstream, error }: PeerSearch<any, any>,
  names: string,
  direction: "upstream" | "downstream",
): readonly StoragePeer[] {
  const given = namesIn(names);
  if (given.length > 0) return given.flatMap((name) => named(name, Storage) ?? []);
  const found = direction === "downstream" ? downstream(Storage, 0) : upstream(Storage, 0);
  if (found.length === 0) error("no nearby Queues");
  return found;
}

interface QueueContext {
  readonly peers: readonly StoragePeer[];
  peer<H>(peer: Peer<any, H>): H;
}

/** How many packets these queues hold together. */
export function lengthOfAll({ peers, peer }: QueueContext): number {
  return peers.reduce((sum, queue) => sum + peer(queue).length, 0);
}

/** A handler with the names of these queues. */
export const queuesHandler = {
  kind: "table",
  read: (_state: unknown, { peers }: Pick<QueueContext, "peers">): string => peers.map((q) => `${q.name}\n`).join(""),
} as const;
