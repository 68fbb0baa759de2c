/** What rewriters do on the host: their handlers, and what those ask of the others that share a capacity. */
import { arg, type Handler, type HandlerContext, type Handlers, type Peer } from "@clickos/click-core/element";
import type { HostFields } from "@clickos/layout";
import { readWords } from "../lib/handler-words.ts";
import { bestEffort, guaranteed, type HostFlow } from "./flow-table.ts";
import type { AboutRewriter, HostRewriter } from "./rewriter.ts";
import type { FlowRules, RewriterConfig, RewriterPeers, RewriterPlan, RewriterState } from "./rewriter-base.ts";
import { inputSpecText, readInputSpec } from "./rewriter-spec.ts";

export type HostState = HostFields<RewriterState>;
export type HostContext<C> = HandlerContext<C & RewriterConfig, RewriterPlan, RewriterPeers>;

/** What a rewriter offers others on the host. */
export function hostRewriter<C>(
  s: HostState,
  context: HandlerContext<C & RewriterConfig, RewriterPlan>,
  rules: FlowRules<C>,
): HostRewriter {
  // The context of an offer has what the class's `peers` found, too, which its type does not say.
  const { config, plan, heap, now, peers, peer } = context as HostContext<C>;
  return {
    get length() {
      return s.flows.length;
    },
    get capacity() {
      return (s.hasCapacity ? s.capacity : plan.capacity) | 0;
    },
    set capacity(value) {
      s.hasCapacity = 1;
      s.capacity = value >>> 0;
    },
    first: (isGuaranteed) => s.flows.first(isGuaranteed ? guaranteed : bestEffort),
    remove(flow) {
      const input = s.inputs[flow.value.input];
      if (input) input.count--;
      rules.removedOnHost?.(s, flow, heap);
      const spec = plan.specs[flow.value.input];
      const mapper = spec?.kind === "mapper" ? peers.mappers.get(spec.element) : undefined;
      if (mapper) peer(mapper)?.ended(flow.key()[0] as number);
      s.flows.remove(heap, flow);
    },
    lapse() {
      for (let flow = s.flows.first(guaranteed); flow && flow.expires <= now(); flow = s.flows.first(guaranteed)) {
        const { guarantee, timeout } = rules.timesOnHost(config, flow);
        s.flows.expiresAt(flow, flow.expires + timeout - guarantee, bestEffort);
      }
    },
  };
}
export const aboutRewriter = ({
  plan,
  ninputs,
  noutputs,
}: {
  readonly plan: RewriterPlan;
  readonly ninputs: number;
  readonly noutputs: number;
}): AboutRewriter => ({ ninputs, noutputs, shares: plan.shares });

/** A rewriter, and the others that share its capacity. */
interface Group {
  readonly all: readonly HostRewriter[];
  readonly leader: HostRewriter;
}
function groupOf<C>(s: HostState, context: HostContext<C>, rules: FlowRules<C>): Group {
  const { peers } = context;
  const peer = (one: Peer<any, HostRewriter, any>): HostRewriter => context.peer(one);
  const own = hostRewriter(s, context, rules);
  return { all: [own, ...peers.group.map(peer)], leader: peers.leader ? peer(peers.leader) : own };
}

/** Removes flows that are due, and more where there are too many. */
function shrink({ all }: Group, capacity: number, now: bigint): void {
  for (const one of all) one.lapse();
  /** The flow that is due first, and whose it is. */
  const first = (isGuaranteed: boolean): { whose: HostRewriter; flow: HostFlow } | undefined => {
    let soonest: { whose: HostRewriter; flow: HostFlow } | undefined;
    for (const whose of all) {
      const flow = whose.first(isGuaranteed);
      if (flow && (!soonest || flow.expires < soonest.flow.expires)) soonest = { whose, flow };
    }
    return soonest;
  };
  for (let due = first(false); due && due.flow.expires <= now; due = first(false)) due.whose.remove(due.flow);
  const size = (): number => all.reduce((sum, one) => sum + one.length, 0);
  while (size() > Math.max(capacity, 0)) {
    const next = first(false) ?? first(true);
    if (!next) return;
    next.whose.remove(next.flow);
  }
}

const sum = (s: HostState, of: "count" | "failures"): number => s.inputs.reduce((n, input) => n + input[of], 0);

type AllHandlers<C> = Handlers<C & RewriterConfig, RewriterPlan, RewriterState, RewriterPeers>;
type OneHandler<C> = Handler<C & RewriterConfig, RewriterPlan, RewriterState, RewriterPeers>;

/** The handlers that all rewriters have. */
export function rewriterHandlers<C>(
  rules: FlowRules<C>,
): Record<"table_size" | "nmappings" | "mapping_failures" | "patterns" | "size" | "capacity" | "clear", OneHandler<C>> {
  return {
    table_size: { kind: "gauge", unit: "mappings", read: (s) => sum(s, "count") },
    nmappings: { kind: "gauge", unit: "mappings", flags: "D", read: (s) => sum(s, "count") },
    mapping_failures: { kind: "counter", unit: "flows", read: (s) => sum(s, "failures") },
    patterns: {
      kind: "table",
      read: (s, context) => context.plan.specs.map((_, i) => patternLine(s, i, context.plan)).join(""),
    },
    size: {
      kind: "gauge",
      unit: "flows",
      read: (s, context) => groupOf(s, context, rules).all.reduce((n, one) => n + one.length, 0),
    },
    capacity: {
      kind: "gauge",
      unit: "flows",
      read: (s, context) => groupOf(s, context, rules).leader.capacity,
      write(s, value, context) {
        const { CAPACITY } = readWords(value, { CAPACITY: arg.i32 }, context.scope);
        const group = groupOf(s, context, rules);
        group.leader.capacity = CAPACITY;
        shrink(group, CAPACITY, context.now());
      },
    },
    clear: { flags: "", write: (s, _value, context) => shrink(groupOf(s, context, rules), 0, context.now()) },
  };
}

function patternLine(s: HostState, input: number, { specs }: RewriterPlan): string {
  const spec = specs[input];
  const count = s.inputs[input]?.count ?? 0;
  return spec ? `${inputSpecText(spec)}${count > 0 ? ` [${count}]` : ""}\n` : "";
}

/** `pattern0` and so on: the specifications of the inputs. One that is written takes the place of what was there, and of its flows. */
export function patternHandlers<C>({ specs }: RewriterPlan, rules: FlowRules<C>): AllHandlers<C> {
  return Object.fromEntries(
    specs.map((_, i): [string, OneHandler<C>] => [
      `pattern${i}`,
      {
        read: (s, { plan }) => patternLine(s, i, plan),
        write(s, value, context) {
          const spec = readInputSpec(value.trim(), context.scope);
          if (typeof spec === "string") throw `input spec ${i}: ${spec}`;
          const own = hostRewriter(s, context, rules);
          for (const flow of [...s.flows.entries()]) if (flow.value.input === i) own.remove(flow);
          Object.assign(s.inputs[i] ?? {}, { failures: 0, next: 0 });
          context.change(i, value.trim());
        },
      },
    ]),
  );
}
