/**
 * What rewriters have in common: their arguments, the state that they keep, and how their kinds differ. The code is in flows.ts, what
 * the host does in rewriter-handlers.ts.
 *
 * A flow is guaranteed to stay for a while after each packet (GUARANTEE). Then it stays as long as its kind does, and as there is
 * room: when CAPACITY flows are there, or no memory is left, the one that is due first makes room for a new one. Where none may
 * go, the new flow is refused. Flows that are due go when the table is looked through, every REAP_INTERVAL. CAPACITY may be the
 * name of another rewriter: then both have its capacity together.
 */
import {
  type ArgumentSpec,
  arg,
  deprecated,
  type HostHeap,
  keyword,
  type PeerSearch,
  type PrepareContext,
  rest,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32, I64, StagedFields } from "@clickos/codegen";
import { type ArrayField, array, type HostFields, type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import { annotationArgument } from "../lib/annotations.ts";
import { wholeSeconds } from "../lib/time.ts";
import { type FlowTable, type HostFlow, plainFlows, protocolFlows, type StagedFlowTable } from "./flow-table.ts";
import { findPatternStores, IPMapper, type MapperPeer, type PatternStores } from "./mapper.ts";
import { type FlowWords, Rewriter, type RewriterPeer } from "./rewriter.ts";
import { type InputSpec, readInputSpec } from "./rewriter-spec.ts";

const second = 1_000_000_000n;

type Keywords<T> = { readonly [N in keyof T]: ArgumentSpec<T[N]> };

export interface RewriterConfig {
  readonly INPUTSPEC: readonly string[];
  readonly CAPACITY: string | undefined;
  readonly MAPPING_CAPACITY: string | undefined;
  readonly REAP_INTERVAL: bigint;
  readonly REAP_TIME: bigint | undefined;
  /** The annotation byte of a flow's first packet that replies get; below zero for none. */
  readonly REPLY_ANNO: number;
}
export const rewriterArguments: Keywords<RewriterConfig> = {
  CAPACITY: keyword(arg.raw, undefined),
  MAPPING_CAPACITY: keyword(arg.raw, undefined),
  REAP_INTERVAL: keyword(wholeSeconds, 900n * second),
  REAP_TIME: deprecated(keyword(wholeSeconds, undefined)),
  REPLY_ANNO: keyword(annotationArgument(1), -1),
  INPUTSPEC: rest(arg.raw),
};

/** TIMEOUT and GUARANTEE, of rewriters that have them for all their flows. */
export interface TimeoutConfig {
  readonly TIMEOUT: bigint;
  readonly GUARANTEE: bigint;
}
export const timeoutArguments = (seconds: bigint): Keywords<TimeoutConfig> => ({
  TIMEOUT: keyword(wholeSeconds, seconds * second),
  GUARANTEE: keyword(wholeSeconds, 5n * second),
});

/** Whether the destination annotation becomes the new destination. */
export const destinationArgument: Keywords<{ readonly DST_ANNO: boolean }> = { DST_ANNO: keyword(arg.bool, true) };

export const reapInterval = ({ REAP_INTERVAL, REAP_TIME }: RewriterConfig): bigint => REAP_TIME ?? REAP_INTERVAL;

// ---- what follows from the configuration

export interface RewriterPlan {
  readonly specs: readonly InputSpec[];
  readonly capacity: number;
  /** The rewriter whose capacity it shares. */
  readonly shares: string | undefined;
}

const unlimited = 0x7fffffff;

export function planRewriter({
  config,
  ninputs,
  scope,
  error,
}: Pick<PrepareContext<RewriterConfig>, "config" | "ninputs" | "scope" | "error">): RewriterPlan {
  const nothing: RewriterPlan = { specs: [], capacity: unlimited, shares: undefined };
  const given = config.CAPACITY ?? config.MAPPING_CAPACITY;
  const capacity = given === undefined ? unlimited : arg.i32.parse(given, scope);
  const other = typeof capacity === "number" || given === undefined ? undefined : scope.element(given);
  if (typeof capacity !== "number" && !other?.offers(Rewriter)) {
    error("bad MAPPING_CAPACITY");
    return nothing;
  }
  if (config.INPUTSPEC.length !== ninputs) {
    error(`need ${ninputs} arguments, one per input port`);
    return nothing;
  }
  const specs = config.INPUTSPEC.flatMap((text, i) => {
    const spec = readInputSpec(text, scope);
    if (typeof spec !== "string") return [spec];
    error(`input spec ${i}: ${spec}`, i);
    return [];
  });
  return { specs, capacity: typeof capacity === "number" ? capacity : unlimited, shares: other?.name };
}

/** Who a rewriter works with. */
export interface RewriterPeers {
  readonly stores: PatternStores;
  /** By name. */
  readonly mappers: ReadonlyMap<string, MapperPeer>;
  /** The others that it shares a capacity with, and the one whose it is, where that is another. */
  readonly group: readonly RewriterPeer[];
  readonly leader: RewriterPeer | undefined;
}

export function rewriterPeers(search: PeerSearch<RewriterConfig, RewriterPlan>): RewriterPeers {
  const { plan, name, every, error } = search;
  const uses = plan.specs.filter((spec) => spec.kind === "pattern");
  const needsMappers = plan.specs.some(({ kind }) => kind === "mapper");
  const mappers = new Map((needsMappers ? every(IPMapper) : []).map((mapper) => [mapper.name, mapper]));
  const rewriters = every(Rewriter);
  const self = rewriters.find((one) => one.name === name)?.about;
  plan.specs.forEach((spec, i) => {
    if (spec.kind !== "mapper") return;
    const { patterns, title } = mappers.get(spec.element)?.about ?? { patterns: [], title: "" };
    patterns.forEach(({ forward, reply }, n) => {
      if (Math.max(forward, reply) >= (self?.noutputs ?? 0))
        error(`input spec ${i}: output port out of range in ${title} pattern ${n}`, i);
    });
  });
  return { stores: findPatternStores(search, uses), mappers, ...sharing(name, rewriters) };
}

/** Those whose capacity is the same one's in the end. */
function sharing(name: string, rewriters: readonly RewriterPeer[]): Pick<RewriterPeers, "group" | "leader"> {
  const byName = new Map(rewriters.map((one) => [one.name, one]));
  const leaderOf = (from: string): string => {
    const seen = new Set<string>();
    let at = from;
    for (let next = byName.get(at)?.about.shares; next !== undefined && !seen.has(at); ) {
      seen.add(at);
      at = next;
      next = byName.get(at)?.about.shares;
    }
    return at;
  };
  const leader = leaderOf(name);
  return {
    group: rewriters.filter((one) => one.name !== name && leaderOf(one.name) === leader),
    leader: leader === name ? undefined : byName.get(leader),
  };
}

// ---- the state

export type RewriterState = {
  /** What the handler was given in place of CAPACITY, and whether it was. */
  capacity: U32Field;
  hasCapacity: U32Field;
  flows: FlowTable;
  /** Of each input: flows that it made, flows that it could not make, and what `#` takes next. */
  inputs: ArrayField<Struct<{ count: U32Field; failures: U32Field; next: U32Field }>>;
};

export function rewriterState({ ninputs }: { readonly ninputs: number }, byProtocol = false): RewriterState {
  const input = struct({ count: u32, failures: u32, next: u32 }, { name: "rewriterInput" });
  const flows = byProtocol ? protocolFlows : plainFlows;
  return { capacity: u32, hasCapacity: u32, flows, inputs: array(input, ninputs) };
}

// ---- how kinds of rewriters differ

/** How long a flow stays after a packet: what is guaranteed, which may be 0, and what is not. */
export interface FlowTimes<T> {
  readonly guarantee: T;
  readonly timeout: T;
}

/** How a kind of rewriter treats its flows. */
export interface FlowRules<C> {
  /** Whether flows of two protocols are two. */
  readonly byProtocol?: boolean;
  /** Whether flows may be guaranteed to stay. */
  guarantees(config: C): boolean;
  times(c: FunctionBuilder, config: C, flows: StagedFlowTable, entry: I32): FlowTimes<I64>;
  timesOnHost(config: C, flow: HostFlow): FlowTimes<bigint>;
  /** The mapping of a flow for those who ask for it, where the words that it is found by are not the packet's. */
  lookUp?(c: FunctionBuilder, find: (flow: FlowWords) => I32, flow: FlowWords, protocol: I32): I32;
  /** A pattern's answer as the kind has it. */
  completed?(to: FlowWords): FlowWords;
  /** Whether the kind can rewrite a flow so. */
  accepts?(to: FlowWords): I32;
  /** What the transport's checksum has of the change; addresses and ports when absent. */
  transportChange?(from: FlowWords, to: FlowWords): I32;
  /** A flow goes: what the kind has beside it goes, too. */
  removed?(c: FunctionBuilder, state: StagedFields<RewriterState>, entry: I32): void;
  removedOnHost?(state: HostFields<RewriterState>, flow: HostFlow, heap: HostHeap): void;
}

/** Times that are the same for all flows. */
export const constantTimes: Pick<FlowRules<TimeoutConfig>, "guarantees" | "times" | "timesOnHost"> = {
  guarantees: ({ GUARANTEE }) => GUARANTEE > 0n,
  times: (c, { GUARANTEE, TIMEOUT }) => ({ guarantee: c.i64(GUARANTEE), timeout: c.i64(TIMEOUT) }),
  timesOnHost: ({ GUARANTEE, TIMEOUT }) => ({ guarantee: GUARANTEE, timeout: TIMEOUT }),
};
