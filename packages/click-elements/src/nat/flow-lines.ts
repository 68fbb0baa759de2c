/** The mappings of a rewriter as its handlers show them: a line for each direction of each flow, in the order of Click's table. */
import { formatIpAddress, type Handler } from "@clickos/click-core/element";
import type { HostFields } from "@clickos/layout";
import { stored16, stored32 } from "@clickos/wire";
import { guaranteed, type HostFlow } from "./flow-table.ts";
import type { FlowRules, RewriterConfig, RewriterPeers, RewriterPlan, RewriterState } from "./rewriter-base.ts";
import type { HostContext, HostState } from "./rewriter-handlers.ts";

export interface Words {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

function words([source = 0, destination = 0, ports = 0]: readonly number[]): Words {
  const address = (word: number): string => formatIpAddress(stored32(word));
  return {
    source: address(source),
    sourcePort: stored16(ports & 0xffff),
    destination: address(destination),
    destinationPort: stored16(ports >>> 16),
  };
}
/** What packets of a direction of a flow have. */
export const wordsOf = (flow: HostFlow, which: number): Words => words(flow.key(which));
/** What they are turned into: the other direction's, turned round. */
export function rewrittenWords(flow: HostFlow, which: number): Words {
  const other = wordsOf(flow, 1 - which);
  return {
    source: other.destination,
    sourcePort: other.destinationPort,
    destination: other.source,
    destinationPort: other.sourcePort,
  };
}
export const fourWords = ({ source, sourcePort, destination, destinationPort }: Words): string =>
  `(${source}, ${sourcePort}, ${destination}, ${destinationPort})`;

const rotate = (n: number, by: number): number => (n << by) | (n >>> (32 - by));

/** Click's hash of a flow's words (include/click/ipflowid.hh). */
function clickHash([source = 0, destination = 0, ports = 0]: readonly number[]): number {
  const [s, d] = [stored16(ports & 0xffff), stored16(ports >>> 16)];
  return (rotate(source, (s % 16) + 1) ^ rotate(destination, 31 - (d % 16)) ^ ((d << 16) | s)) >>> 0;
}
interface Hashed {
  readonly hash: number;
  /** Both directions of a flow have the same. */
  readonly flow: HostFlow;
}
/**
 * The order in which Click's table (include/click/hashcontainer.hh) has its keys, put there in this order, two of each flow: by
 * chain, of which there come to be more as it fills up, and the latest first; more chains are filled in the order of the former.
 */
function inTable<T extends Hashed>(keys: readonly T[]): T[] {
  let chains: T[][] = [[]];
  keys.forEach((key, i) => {
    chains[key.hash % chains.length]?.unshift(key);
    if (keys[i + 1]?.flow.address === key.flow.address || i + 1 <= 2 * chains.length) return;
    const more: T[][] = Array.from({ length: 2 * chains.length + 1 }, () => []);
    for (const one of chains.flat()) more[one.hash % more.length]?.push(one);
    chains = more.map((chain) => chain.reverse());
  });
  return chains.flat();
}

const millisecond = 1_000_000n;
const inMilliseconds = (time: bigint): number => Number(BigInt.asUintN(32, time / millisecond));

/** `shown` writes what a direction of a flow is turned into; nothing where the flow is none of the table's. */
export function flowLines<C>(
  s: HostState,
  { config, now, plan, peers }: HostContext<C>,
  rules: FlowRules<C>,
  shown: (flow: HostFlow, which: number) => string | undefined,
): string {
  const found = [...s.flows.found()].flatMap(({ entry: flow, which }) => {
    const text = shown(flow, which);
    return text === undefined ? [] : [{ flow, which, text, hash: clickHash(flow.key(which)) }];
  });
  // The flow that was last used is taken for the last that came.
  const lastUsed = ({ flow }: { readonly flow: HostFlow }): bigint => {
    const { guarantee, timeout } = rules.timesOnHost(config, flow);
    return flow.expires - (flow.queue === guaranteed ? guarantee : timeout);
  };
  const order = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
  found.sort((a, b) => order(lastUsed(a), lastUsed(b)) || a.flow.address - b.flow.address || a.which - b.which);
  const time = inMilliseconds(now());
  return inTable(found)
    .map(({ flow, which, text }) => {
      const { input } = flow.value;
      const spec = plan.specs[input];
      const ways = spec?.kind === "mapper" ? peers.mappers.get(spec.element)?.about.patterns : undefined;
      const way = ways ? ways[flow.value.which] : spec && "forward" in spec ? spec : undefined;
      const { guarantee, timeout } = rules.timesOnHost(config, flow);
      const due = inMilliseconds(flow.queue === guaranteed ? flow.expires + timeout - guarantee : flow.expires);
      // Click's clock of 32 bits wraps around where a flow is overdue.
      const seconds = Math.floor(((due + 500 - time) >>> 0) / 1000);
      const [forward, reply] = which === 0 ? ["*", ""] : ["", "*"];
      return `${text} [${forward}${way?.forward ?? 0} ${reply}${way?.reply ?? 0}] i${input} exp${seconds}\n`;
    })
    .join("");
}

/** The handler that shows all mappings of a rewriter, as `shown` writes them; by addresses and ports when absent. */
export function tableHandler<C, S extends RewriterState = RewriterState>(
  rules: FlowRules<C>,
  flags = "",
  more: (s: HostFields<S>, flow: HostFlow, which: number) => string = () => "",
  shown: (flow: HostFlow, which: number) => string = (flow, which) =>
    `${fourWords(wordsOf(flow, which))} => ${fourWords(rewrittenWords(flow, which))}`,
): Handler<C & RewriterConfig, RewriterPlan, S, RewriterPeers> {
  return {
    kind: "table",
    flags,
    read: (s, context) =>
      flowLines(s as HostState, context, rules, (flow, which) => `${shown(flow, which)}${more(s, flow, which)}`),
  };
}
