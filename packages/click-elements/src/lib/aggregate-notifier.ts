/**
 * Elements that tell others when an aggregate begins and when it has ended, and those that are told: by their argument NOTIFIER,
 * which names one of the former.
 */
import { type NamedElement, type Peer, type PeerInterface, peerInterface } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";

/** What a listener does, staged where the notifier's code is. */
export interface StagedAggregateListener {
  began?(aggregate: I32): void;
  ended(aggregate: I32): void;
}

/** Offered by listeners; what is known about each is the name of its notifier. */
export const AggregateListener: PeerInterface<StagedAggregateListener, undefined, string | undefined> =
  peerInterface("AggregateListener");
export type AggregateListenerPeer = Peer<StagedAggregateListener, undefined, string | undefined>;

const notifiers = new Set(["AggregateIPFlows", "AggregateIPAddrPair"]);

/** What is wrong with an element that is to be a notifier; nothing where it is one. */
export function notifierProblem(element: NamedElement | undefined): string | undefined {
  return !element || notifiers.has(element.className) ? undefined : `${element.name} is not an AggregateNotifier`;
}

/** The listeners of a notifier, among all. */
export function listenersOf(name: string, all: readonly AggregateListenerPeer[]): readonly AggregateListenerPeer[] {
  return all.filter(({ about }) => about === name);
}
