/**
 * Peers: what elements offer each other. An interface has a name and a type; an element class offers it with the code that
 * is staged where another element uses it, and with what the host gets of it.
 *
 *   export const Storage = peerInterface<StagedStorage, HostStorage>("Storage");
 *
 *   Queue: offers: (offer) => [offer(Storage, (c, { state }) => ({ length: () => state.packets.length() }))]
 *   RED:   peers: ({ downstream }) => ({ queues: downstream(Storage) })
 *          action(c, packet, { peers, peer }) { … peer(peers.queues[0]).length() … }
 */
import type { FunctionBuilder } from "@clickos/codegen";
import type { Fields, HostFields } from "@clickos/layout";
import type { ElementClass, ElementContext } from "./element.ts";
import type { ElementReport } from "./element-report.ts";
import type { HandlerContext } from "./handler.ts";

declare const staged: unique symbol;
declare const host: unique symbol;

/** What elements may offer each other: `T` in staged code, `H` on the host. */
export interface PeerInterface<T, H = undefined> {
  readonly name: string;
  readonly [staged]?: T;
  readonly [host]?: H;
}

/** Names an interface. Two of one name are the same. */
export function peerInterface<T, H = undefined>(name: string): PeerInterface<T, H> {
  return { name };
}

/** An element that offers an interface, as another element refers to it. */
export interface Peer<T, H = undefined> {
  readonly element: number;
  readonly name: string;
  readonly to: PeerInterface<T, H>;
}

/** An interface that a class offers. */
export interface Offer {
  readonly to: PeerInterface<any, any>;
  stage(c: FunctionBuilder, context: ElementContext<any, any, any>): unknown;
  onHost?(state: any, context: HandlerContext<any, any>): unknown;
}

/** Makes an offer of a class: what other elements get in staged code, and on the host. */
export type MakeOffer<C, P, S extends Fields> = <T, H>(
  to: PeerInterface<T, H>,
  stage: (c: FunctionBuilder, context: ElementContext<C, P, S>) => T,
  onHost?: (state: HostFields<S>, context: HandlerContext<C, P>) => H,
) => Offer;

const known = new WeakMap<ElementClass, readonly Offer[]>();

/** What a class offers under an interface; `undefined` when it does not. */
export function offerOf(cls: ElementClass, to: PeerInterface<any, any>): Offer | undefined {
  let offers = known.get(cls);
  if (!offers) {
    offers = cls.offers?.((to, stage, onHost) => ({ to, stage, ...(onHost ? { onHost } : {}) })) ?? [];
    known.set(cls, offers);
  }
  return offers.find((o) => o.to.name === to.name);
}

/** What an element has to find its peers with. */
export interface PeerSearch<C, P> extends ElementReport {
  readonly name: string;
  readonly config: C;
  readonly plan: P;
  /** Whether a port is push. */
  isPush(output: number): boolean;
  inputIsPush(input: number): boolean;
  /** The element that a configuration calls so here; what is wrong with that is reported, and there is none. */
  named<T, H>(name: string, to: PeerInterface<T, H>, argument?: number): Peer<T, H> | undefined;
  /** The nearest ones from which packets come to an input, or to any; nothing beyond one that offers the interface. */
  upstream<T, H>(to: PeerInterface<T, H>, input?: number): Peer<T, H>[];
  /** The nearest ones that packets of an output, or of any, come to. */
  downstream<T, H>(to: PeerInterface<T, H>, output?: number): Peer<T, H>[];
}
