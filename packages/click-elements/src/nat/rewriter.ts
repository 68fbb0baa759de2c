/** What elements that rewrite flows offer others: Click's `IPRewriterBase`, and its `TCPRewriter`. */
import { type Peer, type PeerInterface, peerInterface } from "@clickos/click-core/element";
import type { I32, I64 } from "@clickos/codegen";
import type { HostFlow } from "./flow-table.ts";

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
  /**
   * The mapping of a flow in one of its directions, or 0; none is made. The ports of an ICMP message are its identifier, as the source
   * port.
   */
  find(flow: FlowWords, protocol: I32): I32;
  /** The same; where there is none, one is made as for a packet on an input. */
  findOrMake(flow: FlowWords, protocol: I32, input: number): I32;
  /** What packets of a flow become: with the words that the rewriter does not change as they are. */
  mapping(found: I32, flow: FlowWords): StagedMapping;
  setReplyAnnotation(found: I32, annotation: I32): void;

  // For those that share its capacity.
  length(): I32;
  capacity(): I32;
  /** The flow that is due first of those that may go, or 0. */
  first(): I32;
  expires(entry: I32): I64;
  remove(entry: I32): void;
  /** Moves flows whose guarantee is over to those that may go; not 0 where there may be more. */
  lapse(now: I64, limit: number): I32;
  /** Removes flows that are due, a number of them at once; not 0 where there may be more. */
  reapDue(now: I64): I32;
}

export interface HostRewriter {
  readonly length: number;
  capacity: number;
  /** The flow that is due first, of those that may go or of the others. */
  first(guaranteed: boolean): HostFlow | undefined;
  remove(flow: HostFlow): void;
  /** Moves flows whose guarantee is over to those that may go. */
  lapse(): void;
}

export interface AboutRewriter {
  readonly ninputs: number;
  readonly noutputs: number;
  /** The rewriter whose capacity it shares, by its name. */
  readonly shares: string | undefined;
}

export const Rewriter: PeerInterface<StagedRewriter, HostRewriter, AboutRewriter> = peerInterface("IPRewriterBase");
export type RewriterPeer = Peer<StagedRewriter, HostRewriter, AboutRewriter>;

/** What rewriters of TCP offer those that change the length of what is sent. */
export interface StagedTcpRewriter {
  /** The mapping of a flow in one of its directions, or 0. */
  find(flow: FlowWords): I32;
  replyAnnotation(found: I32): I32;
  /** From a sequence number on, what is sent this way has so many bytes more than it had, or less. */
  changeLength(found: I32, sequence: I32, bytes: I32): void;
}
export const TcpRewriter: PeerInterface<StagedTcpRewriter> = peerInterface("TCPRewriter");
export type TcpRewriterPeer = Peer<StagedTcpRewriter>;
