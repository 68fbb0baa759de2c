/**
 * What rewriters have in common: their arguments, the state that they keep, and their handlers. The code is in flows.ts.
 *
 * A flow is guaranteed to stay for a while after each packet (GUARANTEE). Then it stays as long as its kind does, and as there is
 * room: when CAPACITY flows are there, or no memory is left, the one that is due first makes room for a new one. Where none may
 * go, the new flow is refused. Flows that are due go when the table is looked through, every REAP_INTERVAL.
 */
import {
  type ArgumentSpec,
  arg,
  type HandlerContext,
  type Handlers,
  keyword,
  Mistake,
  type PlainField,
  type TransferableField,
} from "@clickos/click-core/element";
import { takeWord } from "@clickos/click-language/arguments";
import type { FunctionBuilder, I32, I64 } from "@clickos/codegen";
import { type ArrayField, array, type HostFields, type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import { annotationArgument } from "../lib/annotations.ts";
import { readValue } from "../lib/handlers.ts";
import {
  bestEffort,
  flowTable,
  guaranteed,
  type HostFlow,
  type HostFlowTable,
  type StagedFlowTable,
} from "./flow-table.ts";
import type { FlowWords } from "./rewriter.ts";
import { type InputSpec, inputSpec, inputSpecText } from "./rewriter-spec.ts";

const second = 1_000_000_000n;

export const rewriterKeywords: {
  readonly CAPACITY: ArgumentSpec<number>;
  readonly MAPPING_CAPACITY: ArgumentSpec<number | undefined>;
  readonly REAP_INTERVAL: ArgumentSpec<bigint>;
  readonly REAP_TIME: ArgumentSpec<bigint | undefined>;
  readonly DST_ANNO: ArgumentSpec<boolean>;
  readonly REPLY_ANNO: ArgumentSpec<number>;
} = {
  CAPACITY: keyword(arg.u32, 0x7fffffff),
  MAPPING_CAPACITY: keyword(arg.u32, undefined),
  REAP_INTERVAL: keyword(arg.time, 900n * second),
  REAP_TIME: keyword(arg.time, undefined),
  DST_ANNO: keyword(arg.bool, true),
  REPLY_ANNO: keyword(annotationArgument(1), -1),
};

export interface RewriterConfig {
  readonly INPUTSPEC: readonly InputSpec[];
  readonly CAPACITY: number;
  readonly MAPPING_CAPACITY: number | undefined;
  readonly REAP_INTERVAL: bigint;
  readonly REAP_TIME: bigint | undefined;
  readonly DST_ANNO: boolean;
  readonly REPLY_ANNO: number;
}

export const capacityOf = ({ CAPACITY, MAPPING_CAPACITY }: RewriterConfig): number => MAPPING_CAPACITY ?? CAPACITY;
export const reapInterval = ({ REAP_INTERVAL, REAP_TIME }: RewriterConfig): bigint => REAP_TIME ?? REAP_INTERVAL;

export type RewriterState = {
  capacity: U32Field;
  flows: TransferableField<StagedFlowTable, HostFlowTable> & PlainField;
  /** Of each input: flows that it made, flows that it could not make, and what `#` takes next. */
  inputs: ArrayField<Struct<{ count: U32Field; failures: U32Field; next: U32Field }>>;
};

export function rewriterState(ninputs: number): RewriterState {
  const input = struct({ count: u32, failures: u32, next: u32 }, { name: "rewriterInput" });
  return { capacity: u32, flows: flowTable, inputs: array(input, ninputs) };
}

/** How long a flow stays after a packet: what is guaranteed, which may be 0, and what is not. */
export interface FlowTimes<T> {
  readonly guarantee: T;
  readonly timeout: T;
}

/** How a kind of rewriter treats its flows. */
export interface FlowRules<C> {
  /** Whether flows may be guaranteed to stay. */
  guarantees(config: C): boolean;
  times(c: FunctionBuilder, config: C, flows: StagedFlowTable, entry: I32): FlowTimes<I64>;
  timesOnHost(config: C, flow: HostFlow): FlowTimes<bigint>;
  /** What a flow is turned into, of what was chosen for it; that itself when absent. */
  chosen?(flow: FlowWords): FlowWords;
  /** What the change of addresses and ports adds to a transport checksum's complement; all of it when absent. */
  transportChange?(from: FlowWords, to: FlowWords): I32;
}

// ---- the host

type HostState = HostFields<RewriterState>;
type Context<C> = HandlerContext<C & RewriterConfig, unknown>;

function remove(s: HostState, flow: HostFlow, { heap }: Context<unknown>): void {
  const input = s.inputs[flow.value.input];
  if (input) input.count--;
  s.flows.remove(heap, flow);
}

/** Removes flows that are due, and more where there are too many. */
function shrink<C>(s: HostState, capacity: number, rules: FlowRules<C>, context: Context<C>): void {
  const now = context.now();
  const due = (queue: number): HostFlow | undefined => {
    const first = s.flows.first(queue);
    return first && first.expires <= now ? first : undefined;
  };
  for (let flow = due(guaranteed); flow; flow = due(guaranteed)) {
    const { guarantee, timeout } = rules.timesOnHost(context.config, flow);
    s.flows.expiresAt(flow, flow.expires + timeout - guarantee, bestEffort);
  }
  for (let flow = due(bestEffort); flow; flow = due(bestEffort)) remove(s, flow, context);
  while (s.flows.length > capacity) {
    const flow = s.flows.first(bestEffort) ?? s.flows.first(guaranteed);
    if (!flow) return;
    remove(s, flow, context);
  }
}

const sum = (s: HostState, of: "count" | "failures"): number => s.inputs.reduce((n, input) => n + input[of], 0);

/** The handlers that all rewriters have. */
export function rewriterHandlers<C>(
  rules: FlowRules<C>,
): Pick<
  Handlers<C & RewriterConfig, unknown, RewriterState>,
  "table_size" | "nmappings" | "mapping_failures" | "size" | "capacity" | "clear" | "patterns"
> {
  return {
    table_size: { kind: "gauge", unit: "mappings", read: (s) => sum(s, "count") },
    nmappings: { kind: "gauge", unit: "mappings", flags: "D", read: (s) => sum(s, "count") },
    mapping_failures: { kind: "counter", unit: "flows", read: (s) => sum(s, "failures") },
    size: { gauge: "flows", unit: "flows" },
    capacity: {
      kind: "gauge",
      unit: "flows",
      read: (s) => s.capacity,
      write(s, value, context) {
        s.capacity = readValue(arg.u32, value);
        shrink(s, s.capacity, rules, context);
      },
    },
    clear: { flags: "", write: (s, _value, context) => shrink(s, 0, rules, context) },
    patterns: {
      kind: "table",
      read: (s, { config }) => config.INPUTSPEC.map((spec, i) => inputLine(s, spec, i)).join(""),
    },
  };
}

/** What an input does with new flows, and how many it has made that are there. */
function inputLine(s: HostState, spec: InputSpec, input: number): string {
  const count = s.inputs[input]?.count ?? 0;
  return `${inputSpecText(spec)}${count > 0 ? ` [${count}]` : ""}\n`;
}

/**
 * `pattern0`, `pattern1` and so on: the lines of `patterns`. Writing one gives the input another specification, and removes the
 * flows that it made. `texts` are the element's arguments, `keywords` the names of those that are no specifications.
 */
export function patternHandlers<C>(
  ninputs: number,
  texts: readonly string[],
  keywords: readonly string[],
): Handlers<C & RewriterConfig, unknown, RewriterState> {
  const places = texts.flatMap((text, at) => (keywords.includes(takeWord(text)[0]) ? [] : [at]));
  return Object.fromEntries(
    Array.from({ length: ninputs }, (_, i) => [
      `pattern${i}`,
      {
        kind: "text",
        read: (s: HostState, { config }: Context<C>) => inputLine(s, config.INPUTSPEC[i] as InputSpec, i),
        write(s: HostState, text: string, context: Context<C>) {
          const spec = inputSpec.parse(text.trim(), context.scope);
          if (spec === undefined) throw `input spec ${i}: unknown specification`;
          if (spec instanceof Mistake) throw `input spec ${i}: ${spec.message}`;
          for (const { entry, which } of [...s.flows.found()])
            if (which === 0 && entry.value.input === i) remove(s, entry, context);
          context.reconfigure(texts.with(places[i] as number, text).join(", "));
        },
      } as const,
    ]),
  );
}

/** A line for each direction of each flow; `shown` writes what it is turned into. */
export function flowLines<C>(
  s: HostState,
  { config, now }: Context<C>,
  rules: FlowRules<C>,
  shown: (flow: HostFlow, which: number) => string | undefined,
): string {
  const time = now();
  let text = "";
  for (const { entry: flow, which } of s.flows.found()) {
    const line = shown(flow, which);
    const spec = config.INPUTSPEC[flow.value.input];
    if (line === undefined || !spec || !("forward" in spec)) continue;
    const { guarantee, timeout } = rules.timesOnHost(config, flow);
    const due = flow.queue === guaranteed ? flow.expires + timeout - guarantee : flow.expires;
    const [forward, reply] = which === 0 ? ["*", ""] : ["", "*"];
    const seconds = due > time ? (due - time + second / 2n) / second : 0n;
    text += `${line} [${forward}${spec.forward} ${reply}${spec.reply}] i${flow.value.input} exp${seconds}\n`;
  }
  return text;
}
