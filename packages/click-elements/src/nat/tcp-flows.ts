/** What rewriters of TCP flows share: IPRewriter and TCPRewriter. */
import { arg, type ElementContext, type Handler } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, StagedFields } from "@clickos/codegen";
import type { HostFields } from "@clickos/layout";
import { type Span, type StagedHeader, stored16, stored32 } from "@clickos/wire";
import { updatedChecksum } from "@clickos/wire/checksum";
import type { ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { readWords } from "../lib/handler-words.ts";
import { rewrittenWords } from "./flow-lines.ts";
import type { HostFlow } from "./flow-table.ts";
import type { Rewriting } from "./flows.ts";
import { applyLengthChanges, type LengthChanges, latestAdded, noteLengthChange } from "./length-changes.ts";
import { tcpChecksumEnd } from "./rewrite-packet.ts";
import type { FlowWords, StagedTcpRewriter } from "./rewriter.ts";
import type { FlowRules, RewriterConfig, RewriterPlan, RewriterState } from "./rewriter-base.ts";
import { lengthsChanged, trackTcp } from "./transport-state.ts";

export type TcpState = RewriterState & { lengths: LengthChanges };

/** The words of the key by which the flow's first packets are found. */
function firstKey({ flows }: Pick<StagedFields<RewriterState>, "flows">, entry: I32, keyWords: number): I32[] {
  const first = flows.foundBy(entry, 0);
  return Array.from({ length: keyWords }, (_, i) => flows.keyWord(first, i));
}

/** Rewrites a segment of a flow, all but its addresses, and notes what it says. */
export function rewriteSegment(
  c: FunctionBuilder,
  state: StagedFields<TcpState>,
  keyWords: number,
  { ip, transport }: { readonly ip: StagedHeader<(typeof ipv4)["table"]>; readonly transport: Span },
  to: Rewriting,
  entry: I32,
): void {
  const { flags } = state.flows.value(entry);
  // A segment that ends before its checksum does keeps its ports.
  c.if(transport.has(tcpChecksumEnd), () => {
    const segment = transport.header(tcp, "stated");
    const { stored } = segment.checksum;
    segment.ports.stored.set(to.ports);
    stored.set(updatedChecksum(stored.get(), to.transportChange));
    trackTcp(c, flags, to.isReply, ip, segment);
    c.if(flags.get().and(lengthsChanged), () =>
      c.if(transport.length.geS(segment.headerLength), () =>
        applyLengthChanges(c, state.lengths, firstKey(state, entry, keyWords), to.isReply, segment),
      ),
    );
  });
}

/** What goes with a flow. */
export function forgetsLengths(keyWords: number): Pick<FlowRules<never>, "removed" | "removedOnHost"> {
  return {
    removed(c, state, entry) {
      const { lengths } = state as StagedFields<TcpState>;
      c.if(state.flows.value(entry).flags.get().and(lengthsChanged), () => {
        const found = lengths.find(firstKey(state, entry, keyWords));
        c.if(found, () => lengths.remove(found));
      });
    },
    removedOnHost(state, flow, heap) {
      const { lengths } = state as HostFields<TcpState>;
      const found = flow.value.flags & lengthsChanged ? lengths.find(flow.key()) : undefined;
      if (found) lengths.remove(heap, found);
    },
  };
}

/** What it offers those that change the length of what is sent. */
export function tcpRewriter<C extends RewriterConfig>(
  c: FunctionBuilder,
  { state }: ElementContext<C, RewriterPlan, TcpState>,
  keyWords: number,
  find: (flow: FlowWords) => I32,
): StagedTcpRewriter {
  const { flows, lengths } = state;
  return {
    find,
    replyAnnotation: (found) => flows.value(flows.entryOf(found)).replyAnnotation.get(),
    changeLength(found, sequence, bytes) {
      const entry = flows.entryOf(found);
      const key = firstKey(state, entry, keyWords);
      const noted = noteLengthChange(c, lengths, key, { isReply: flows.whichOf(found), sequence, bytes });
      const { flags } = flows.value(entry);
      c.if(noted, () => flags.set(flags.get().or(lengthsChanged)));
    },
  };
}

/** What a line of a table has of a flow whose lengths were changed. */
export function sequenceText(s: HostFields<TcpState>, flow: HostFlow, which: number): string {
  const added = flow.value.flags & lengthsChanged ? latestAdded(s.lengths, flow.key(), which) : 0;
  return added === 0 ? "" : ` seq ${added > 0 ? "+" : ""}${added}`;
}

const tcpPort = arg.port("tcp");

/** What the packets of a flow become, by its words. */
export function tcpLookup<C>(protocol: readonly number[]): Handler<C & RewriterConfig, RewriterPlan, TcpState, any> {
  return {
    flags: "+",
    read(s, { scope }, text) {
      const { SADDR, SPORT, DADDR, DPORT } = readWords(
        text,
        { SADDR: arg.ipAddress, SPORT: tcpPort, DADDR: arg.ipAddress, DPORT: tcpPort },
        scope,
      );
      const ports = (stored16(SPORT) | (stored16(DPORT) << 16)) >>> 0;
      const key = [stored32(SADDR), stored32(DADDR), ports, ...protocol];
      const flow = s.flows.find(key);
      if (!flow) return "";
      const isFirst = flow.key().every((word, i) => word === key[i]);
      const { source, sourcePort, destination, destinationPort } = rewrittenWords(flow, isFirst ? 0 : 1);
      return `${source} ${sourcePort} ${destination} ${destinationPort}`;
    },
  };
}
