/** What the classes of all rewriters have in common, beside their rules and what they do to a packet. */
import type { ElementContext, MakeOffer, Offer } from "@clickos/click-core/element";
import type { FunctionBuilder } from "@clickos/codegen";
import { Flows } from "./flows.ts";
import { Rewriter } from "./rewriter.ts";
import {
  type FlowRules,
  planRewriter,
  type RewriterConfig,
  type RewriterPeers,
  type RewriterPlan,
  type RewriterState,
  rewriterPeers,
} from "./rewriter-base.ts";
import { aboutRewriter, hostRewriter, patternHandlers } from "./rewriter-handlers.ts";

type Context<C> = ElementContext<C & RewriterConfig, RewriterPlan, RewriterState, RewriterPeers>;

export interface RewriterMembers<C> {
  readonly ports: "1-/1-";
  readonly processing: "h/h";
  readonly prepare: typeof planRewriter;
  readonly peers: typeof rewriterPeers;
  furtherHandlers(place: { readonly plan: RewriterPlan }): ReturnType<typeof patternHandlers>;
  init(c: FunctionBuilder, context: Context<C>): void;
  endless(): boolean;
  timer(c: FunctionBuilder, context: Context<C>): void;
}

/** The members of a rewriter's class that follow from the rules of its flows. */
export function rewriterMembers<C>(rules: FlowRules<C>): RewriterMembers<C> {
  return {
    ports: "1-/1-",
    processing: "h/h",
    prepare: planRewriter,
    peers: rewriterPeers,
    furtherHandlers: ({ plan }) => patternHandlers(plan, rules),
    init: (c, context) => new Flows(c, context, rules).start(),
    endless: () => true,
    timer: (c, context) => new Flows(c, context, rules).reap(),
  };
}

/** What it does for others as a rewriter. */
export function offerRewriter<C>(
  offer: MakeOffer<C & RewriterConfig, RewriterPlan, RewriterState>,
  rules: FlowRules<C>,
): Offer {
  return offer(
    Rewriter,
    (c, context) => new Flows(c, context, rules),
    (s, context) => hostRewriter(s, context, rules),
    aboutRewriter,
  );
}
