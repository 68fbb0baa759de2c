/** What elements that rewrite flows offer others: Click's `IPRewriterBase`. */
import { type Peer, type PeerInterface, peerInterface } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";

/** The words that a flow's packets have, as they stand in memory; `ports` is the source port and then the other, 0 where there are none. */
export interface FlowWords {
  readonly source: I32;
  readonly destination: I32;
  readonly ports: I32;
}

/** What a rewriter makes of the packets of a flow. */
export interface StagedMapping extends FlowWords {
  /** The rewriter's output that they leave on. */
  readonly output: I32;
  /** Not 0 where they are replies. */
  readonly isReply: I32;
  /** What the rewriter's REPLY_ANNO had in the packet that the flow began with. */
  readonly replyAnnotation: I32;
}

export interface StagedRewriter {
  /** The mapping of a flow in one of its directions, or 0; none is made. */
  find(flow: FlowWords, protocol: I32): I32;
  mapping(found: I32): StagedMapping;
  /** How many outputs the rewriter has. */
  readonly noutputs: number;
}

export interface HostRewriter {
  readonly noutputs: number;
}

export const Rewriter: PeerInterface<StagedRewriter, HostRewriter> = peerInterface("IPRewriterBase");
export type RewriterPeer = Peer<StagedRewriter, HostRewriter>;
