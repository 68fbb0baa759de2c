/** What elements that choose among patterns have in common. */
import type { ElementContext, Peer, PeerSearch } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I32Like, Ref } from "@clickos/codegen";
import { type Chooser, chooseFlow } from "./choose-flow.ts";
import { type AboutMapper, findPatternStores, nextOf, type PatternStores } from "./mapper.ts";
import type { OutputPattern } from "./pattern.ts";
import type { FlowWords } from "./rewriter.ts";

export const mapperPeers = (search: PeerSearch<any, AboutMapper>): PatternStores =>
  findPatternStores(search, search.plan.patterns);

type Context = Pick<ElementContext<any, AboutMapper, any>, "plan" | "peers"> & {
  peer<T>(peer: Peer<T, any, any>): T;
};

/** A flow that patterns are tried on. */
export interface Mapping {
  /** Tries the pattern of that number; `chosen` leaves where it has something for the flow. */
  tryPattern(which: I32, chosen: () => void): void;
  /** What the flow is turned into, when something was chosen. */
  to(): FlowWords;
}

/** `own` is where the element keeps what `#` takes next in a pattern. */
export function mapWith(
  c: FunctionBuilder,
  { plan, peers, peer }: Context,
  {
    flow,
    chooser,
    own,
  }: { readonly flow: FlowWords; readonly chooser: Chooser; readonly own: (i: number) => Ref<I32, I32Like> },
): Mapping {
  const to = { source: c.var("i32", 0), destination: c.var("i32", 0), ports: c.var("i32", 0) };
  const words = ["source", "destination", "ports"] as const;
  const attempt = (pattern: OutputPattern, i: number, chosen: () => void): void =>
    // An output below 0 is none that a flow could leave on.
    pattern.forward < 0 || pattern.reply < 0
      ? undefined
      : c.block((none) => {
          const next = () => nextOf(pattern, peers as PatternStores, peer, () => own(i));
          const its = chooseFlow(c, flow, pattern.pattern, chooser, next, () => c.br(none));
          for (const word of words) to[word].set(its[word]);
          chosen();
        });
  return {
    tryPattern: (which, chosen) =>
      c.switch(
        which,
        plan.patterns.map((pattern, i) => () => attempt(pattern, i, chosen)),
        () => {},
      ),
    to: () => ({ source: to.source.get(), destination: to.destination.get(), ports: to.ports.get() }),
  };
}
