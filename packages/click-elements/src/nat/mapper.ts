/** What elements that choose among patterns offer rewriters: Click's `IPMapper`; and what those that name patterns offer both. */
import { type Peer, type PeerInterface, type PeerSearch, peerInterface } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import type { Chooser } from "./choose-flow.ts";
import type { OutputPattern, PatternUse } from "./pattern.ts";
import type { FlowWords } from "./rewriter.ts";

export interface StagedMapper {
  /** What a flow is turned into, and by which of the patterns. Where there is nothing, `none` leaves. */
  map(c: FunctionBuilder, flow: FlowWords, chooser: Chooser, none: () => void): { to: FlowWords; which: I32 };
  /** A flow that `map` has turned into something is over; `source` is the address that it came from. For who counts flows. */
  ended?(c: FunctionBuilder, source: I32): void;
}
export interface HostMapper {
  /** The same on the host. */
  ended(source: number): void;
}
export interface AboutMapper {
  readonly patterns: readonly OutputPattern[];
  readonly title: string;
}
export const IPMapper: PeerInterface<StagedMapper, HostMapper | undefined, AboutMapper> = peerInterface("IPMapper");
export type MapperPeer = Peer<StagedMapper, HostMapper | undefined, AboutMapper>;

export interface StagedPatterns {
  /** What `#` takes next in a pattern. */
  next(index: number): Ref<I32, I32Like>;
}
export const PatternStore: PeerInterface<StagedPatterns> = peerInterface("IPRewriterPatterns");
export type PatternStorePeer = Peer<StagedPatterns>;

/** The elements that have patterns for others, by name. */
export type PatternStores = ReadonlyMap<string, PatternStorePeer>;

export function findPatternStores({ every }: PeerSearch<any, any>, uses: readonly PatternUse[]): PatternStores {
  const stores = uses.some(({ shared }) => shared) ? every(PatternStore) : [];
  return new Map(stores.map((store) => [store.name, store]));
}

/** Where a pattern has what `#` takes next: with all that share it, or where its user keeps that. */
export function nextOf(
  { shared }: PatternUse,
  stores: PatternStores,
  peer: <T>(peer: Peer<T, any, any>) => T,
  own: () => Ref<I32, I32Like>,
): Ref<I32, I32Like> {
  const store = shared && stores.get(shared.element);
  return store ? peer(store).next(shared.index) : own();
}
