/**
 * IPRewriter(INPUTSPEC, ... [, keywords TCP_TIMEOUT, TCP_NODATA_TIMEOUT, TCP_DONE_TIMEOUT, TCP_GUARANTEE, UDP_TIMEOUT,
 * UDP_STREAMING_TIMEOUT, UDP_GUARANTEE, TIMEOUT, GUARANTEE, REAP_INTERVAL, CAPACITY, MAPPING_CAPACITY, DST_ANNO, REPLY_ANNO]) —
 * rewrites flows of TCP and UDP.
 *
 * Keeps a table of flows. A packet of a known flow, in either direction, has its addresses, ports and checksums
 * rewritten and leaves on the flow's output. A packet of a new flow is treated as the specification of its input
 * says:
 *
 *   pattern SADDR SPORT DADDR DPORT FOUTPUT ROUTPUT — makes a mapping; `-` keeps a field, SPORT may be a range
 *   pattern NAME FOUTPUT ROUTPUT — the same, with what IPRewriterPatterns calls so
 *   keep FOUTPUT ROUTPUT — makes a mapping that changes nothing
 *   pass [OUTPUT], nochange [OUTPUT] — sends the packet on, makes no mapping
 *   drop, discard — drops it
 *   ELEMENT — makes the mapping that an element such as RoundRobinIPMapper chooses
 *
 * Replies are rewritten back and leave on ROUTPUT. Of a range of ports, a flow keeps its own where it is free, and gets one
 * at random otherwise; `1024-65535?` always gives one at random, `1024-65535#` the next. At most 1,024 are tried. Instead of
 * ports, addresses may vary: `pattern 1.0.0.1-1.0.0.9 - 0 1`, `pattern 1.0.0.0/24 - 0 1`. Other protocols and later fragments
 * pass only inputs that are `pass` or `nochange`.
 *
 * Flows are due after a while without packets: TCP_TIMEOUT (24 hours) where data has gone both ways, TCP_DONE_TIMEOUT (4
 * minutes) where both sides are done, TCP_NODATA_TIMEOUT (5 minutes) elsewhere; UDP_TIMEOUT (5 minutes), or UDP_STREAMING_TIMEOUT
 * (the same) after three packets, at least one each way. They go when the table is looked through, every REAP_INTERVAL (15
 * minutes), or when there are MAPPING_CAPACITY of them, or there is no memory for another one; then the one that is due first goes, but
 * none in the first TCP_GUARANTEE or UDP_GUARANTEE (5 seconds) after a packet: rather, new ones are refused. MAPPING_CAPACITY may be
 * the name of another rewriter, which shares its capacity then. TIMEOUT and GUARANTEE are other names of TCP_TIMEOUT and TCP_GUARANTEE,
 * CAPACITY and REAP_TIME of MAPPING_CAPACITY and REAP_INTERVAL. With DST_ANNO (true) the destination annotation becomes the new
 * destination. With REPLY_ANNO, replies get the annotation byte that the first packet of their flow had.
 *
 * Handlers: table_size, mapping_failures, size, patterns, tcp_table, udp_table, tcp_lookup SADDR SPORT DADDR DPORT (read); capacity,
 * pattern0, pattern1, ... (read, write); clear (write). Who writes a pattern ends the flows of the one before it. tcp_mappings,
 * udp_mappings and nmappings are older names.
 *
 *   // Hides what is inside behind 1.0.0.1: input 0 and output 1 are inside, input 1 and output 0 outside.
 *   ... -> [0] rw :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */

import { type ElementClass, element, type Handler } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { flowLines, fourWords, rewrittenWords, wordsOf } from "./flow-lines.ts";
import { Flows } from "./flows.ts";
import { lengthChanges } from "./length-changes.ts";
import { rewriteAddresses, rewriteUdpChecksum } from "./rewrite-packet.ts";
import { TcpRewriter } from "./rewriter.ts";
import {
  destinationArgument,
  type FlowRules,
  type RewriterConfig,
  type RewriterPeers,
  type RewriterPlan,
  rewriterArguments,
  rewriterState,
} from "./rewriter-base.ts";
import { offerRewriter, rewriterMembers } from "./rewriter-element.ts";
import { rewriterHandlers } from "./rewriter-handlers.ts";
import { forgetsLengths, rewriteSegment, sequenceText, type TcpState, tcpLookup, tcpRewriter } from "./tcp-flows.ts";
import {
  type TcpConfig,
  tcpGuarantee,
  tcpKeywords,
  tcpTimeout,
  tcpTimesOnHost,
  trackUdp,
  type UdpConfig,
  udpKeywords,
  udpTimeout,
  udpTimesOnHost,
} from "./transport-state.ts";

/** Words of a key: addresses, ports and protocol. */
const keyWords = 4;

const rules: FlowRules<TcpConfig & UdpConfig> = {
  byProtocol: true,
  guarantees: (config) => tcpGuarantee(config) > 0n || config.UDP_GUARANTEE > 0n,
  times(c, config, flows, entry) {
    const { flags, protocol } = flows.value(entry);
    const isTcp = protocol.get().eq(ipProtocols.tcp);
    return {
      guarantee: c.select(isTcp, c.i64(tcpGuarantee(config)), c.i64(config.UDP_GUARANTEE)),
      timeout: c.select(isTcp, tcpTimeout(c, config, flags.get()), udpTimeout(c, config, flags.get())),
    };
  },
  timesOnHost: (config, { value: { protocol, flags } }) =>
    protocol === ipProtocols.tcp ? tcpTimesOnHost(config, flags) : udpTimesOnHost(config, flags),
  ...forgetsLengths(keyWords),
};

type TableHandler = Handler<RewriterConfig & TcpConfig & UdpConfig, RewriterPlan, TcpState, RewriterPeers>;

/** The mappings of a protocol. */
function table(protocol: number, flags = ""): TableHandler {
  return {
    kind: "table",
    flags,
    read: (s, context) =>
      flowLines(s, context, rules, (flow, which) =>
        flow.value.protocol === protocol
          ? `${fourWords(wordsOf(flow, which))} => ${fourWords(rewrittenWords(flow, which))}${protocol === ipProtocols.tcp ? sequenceText(s, flow, which) : ""}`
          : undefined,
      ),
  };
}

export const IPRewriter: ElementClass = element({
  name: "IPRewriter",
  ...rewriterMembers(rules),
  config: { ...udpKeywords, ...tcpKeywords, ...destinationArgument, ...rewriterArguments },
  state: (place): TcpState => ({ ...rewriterState(place, true), lengths: lengthChanges(keyWords) }),
  handlers: {
    tcp_table: table(ipProtocols.tcp),
    udp_table: table(ipProtocols.udp),
    tcp_mappings: table(ipProtocols.tcp, "D"),
    udp_mappings: table(ipProtocols.udp, "D"),
    tcp_lookup: tcpLookup([ipProtocols.tcp]),
    ...rewriterHandlers(rules),
  },
  offers: (offer) => [
    offerRewriter(offer, rules),
    offer(TcpRewriter, (c, context) =>
      tcpRewriter(c, context, keyWords, (flow) => new Flows(c, context, rules).find(flow, c.i32(ipProtocols.tcp))),
    ),
  ],
  push(c, port, packet, context) {
    const { state, config } = context;
    const flows = new Flows(c, context, rules);
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = transportOf(packet);
    const isTcp = protocol.eq(ipProtocols.tcp);
    const hasPorts = isTcp.or(protocol.eq(ipProtocols.udp)).and(ip.fragmentOffset.get().eqz());
    c.if(hasPorts.and(transport.has(udp.size)).eqz(), () => flows.leave(port, packet, "not TCP or UDP"));

    // What both protocols have is read as UDP's.
    const datagram = transport.header(udp, "stated");
    const flow = {
      source: ip.source.stored.get(),
      destination: ip.destination.stored.get(),
      ports: datagram.ports.stored.get(),
    };
    flows.pass(port, packet, { flow, protocol }, (to, entry) => {
      const { flags } = state.flows.value(entry);
      rewriteAddresses(packet, to, config.DST_ANNO);
      c.if(
        isTcp,
        () => {
          rewriteSegment(c, state, keyWords, { ip, transport }, to, entry);
          flows.seen(entry, { guarantee: tcpGuarantee(config), timeout: tcpTimeout(c, config, flags.get()) });
        },
        () => {
          datagram.ports.stored.set(to.ports);
          rewriteUdpChecksum(c, datagram.checksum.stored, to.transportChange);
          trackUdp(c, config, flags, to.isReply);
          flows.seen(entry, { guarantee: config.UDP_GUARANTEE, timeout: udpTimeout(c, config, flags.get()) });
        },
      );
    });
  },
});
