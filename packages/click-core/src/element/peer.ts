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
declare const about: unique symbol;

/** What elements may offer each other: `T` in staged code, `H` on the host; `A` is what is known once they are configured. */
export interface PeerInterface<T, H = undefined, A = undefined> {
  readonly name: string;
  readonly [staged]?: T;
  readonly [host]?: H;
  readonly [about]?: A;
}

/** Names an interface. Two of one name are the same. */
export function peerInterface<T, H = undefined, A = undefined>(name: string): PeerInterface<T, H, A> {
  return { name };
}

/** An element that offers an interface, as another element refers to it. */
export interface Peer<T, H = undefined, A = undefined> {
  readonly element: number;
  readonly name: string;
  readonly to: PeerInterface<T, H, A>;
  /** What its configuration says of what it offers. */
  readonly about: A;
}

/** An element that is configured, as its class says what it is about. */
export interface ConfiguredElement<C, P> {
  readonly config: C;
  readonly plan: P;
  readonly ninputs: number;
  readonly noutputs: number;
}

/** An interface that a class offers. */
export interface Offer {
  readonly to: PeerInterface<any, any, any>;
  stage(c: FunctionBuilder, context: ElementContext<any, any, any>): unknown;
  onHost?(state: any, context: HandlerContext<any, any>): unknown;
  about?(element: ConfiguredElement<any, any>): unknown;
}

/** Makes an offer of a class: what other elements get in staged code, on the host, and when they look for their peers. */
export type MakeOffer<C, P, S extends Fields> = <T, H, A>(
  to: PeerInterface<T, H, A>,
  stage: (c: FunctionBuilder, context: ElementContext<C, P, S>) => T,
  onHost?: (state: HostFields<S>, context: HandlerContext<C, P>) => H,
  about?: (element: ConfiguredElement<C, P>) => A,
) => Offer;

const known = new WeakMap<ElementClass, readonly Offer[]>();

/** What a class offers under an interface; `undefined` when it does not. */
export function offerOf(cls: ElementClass, to: Pick<PeerInterface<unknown>, "name">): Offer | undefined {
  let offers = known.get(cls);
  if (!offers) {
    offers =
      cls.offers?.((to, stage, onHost, of) => ({
        to,
        stage,
        ...(onHost ? { onHost } : {}),
        ...(of ? { about: of } : {}),
      })) ?? [];
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
  named<T, H, A>(name: string, to: PeerInterface<T, H, A>, argument?: number): Peer<T, H, A> | undefined;
  /** Every element of the configuration that offers it, in the order in which they stand there. */
  every<T, H, A>(to: PeerInterface<T, H, A>): Peer<T, H, A>[];
  /** The nearest ones from which packets come to an input, or to any; nothing beyond one that offers the interface. */
  upstream<T, H, A>(to: PeerInterface<T, H, A>, input?: number): Peer<T, H, A>[];
  /** The nearest ones that packets of an output, or of any, come to. */
  downstream<T, H, A>(to: PeerInterface<T, H, A>, output?: number): Peer<T, H, A>[];
}
