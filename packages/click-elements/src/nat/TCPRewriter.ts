/**
 * TCPRewriter(INPUTSPEC, ... [, keywords TCP_TIMEOUT, TCP_NODATA_TIMEOUT, TCP_DONE_TIMEOUT, TCP_GUARANTEE, REAP_INTERVAL,
 * MAPPING_CAPACITY, DST_ANNO, REPLY_ANNO]) — rewrites TCP flows.
 *
 * Works as IPRewriter does, whose page says what INPUTSPECs and the keywords are, for TCP alone. Packets of other protocols, and later
 * fragments, pass only inputs that are `pass`. Where an element before it, FTPPortMapper, changes the length of what is sent, it
 * changes the flow's sequence numbers from there on, and what acknowledges them; IPRewriter does, too. TIMEOUT and GUARANTEE are other
 * names of TCP_TIMEOUT and TCP_GUARANTEE, CAPACITY and REAP_TIME of MAPPING_CAPACITY and REAP_INTERVAL.
 *
 * Handlers: table, lookup SADDR SPORT DADDR DPORT, table_size, mapping_failures, size, patterns (read); capacity, pattern0,
 * pattern1, ... (read, write); clear (write). A line of table says `seq +5` where the latest change of length has made it five
 * bytes more. mappings and nmappings are older names.
 *
 *   ... -> [0] rw :: TCPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { ipProtocols } from "@clickos/wire/ipv4";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { tableHandler } from "./flow-lines.ts";
import { Flows } from "./flows.ts";
import { lengthChanges } from "./length-changes.ts";
import { rewriteAddresses } from "./rewrite-packet.ts";
import { TcpRewriter } from "./rewriter.ts";
import { destinationArgument, type FlowRules, rewriterArguments, rewriterState } from "./rewriter-base.ts";
import { offerRewriter, rewriterMembers } from "./rewriter-element.ts";
import { rewriterHandlers } from "./rewriter-handlers.ts";
import { forgetsLengths, rewriteSegment, sequenceText, type TcpState, tcpLookup, tcpRewriter } from "./tcp-flows.ts";
import { type TcpConfig, tcpGuarantee, tcpKeywords, tcpTimeout, tcpTimesOnHost } from "./transport-state.ts";

/** Words of a key: addresses and ports. */
const keyWords = 3;

const rules: FlowRules<TcpConfig> = {
  guarantees: (config) => tcpGuarantee(config) > 0n,
  times: (c, config, flows, entry) => ({
    guarantee: c.i64(tcpGuarantee(config)),
    timeout: tcpTimeout(c, config, flows.value(entry).flags.get()),
  }),
  timesOnHost: (config, { value }) => tcpTimesOnHost(config, value.flags),
  ...forgetsLengths(keyWords),
};

export const TCPRewriter: ElementClass = element({
  name: "TCPRewriter",
  ...rewriterMembers(rules),
  config: { ...tcpKeywords, ...destinationArgument, ...rewriterArguments },
  state: (place): TcpState => ({ ...rewriterState(place), lengths: lengthChanges(keyWords) }),
  handlers: {
    table: tableHandler<TcpConfig, TcpState>(rules, "", sequenceText),
    mappings: tableHandler<TcpConfig, TcpState>(rules, "D", sequenceText),
    lookup: tcpLookup([]),
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
    // A segment's first eight bytes are read, as of UDP, whose header they are.
    const isSegment = protocol.eq(ipProtocols.tcp).and(ip.fragmentOffset.get().eqz()).and(transport.has(udp.size));
    c.if(isSegment.eqz(), () => flows.leave(port, packet, "not TCP"));
    const flow = {
      source: ip.source.stored.get(),
      destination: ip.destination.stored.get(),
      ports: transport.header(udp, "stated").ports.stored.get(),
    };
    flows.pass(port, packet, { flow, protocol }, (to, entry) => {
      rewriteAddresses(packet, to, config.DST_ANNO);
      rewriteSegment(c, state, keyWords, { ip, transport }, to, entry);
      const timeout = tcpTimeout(c, config, state.flows.value(entry).flags.get());
      flows.seen(entry, { guarantee: tcpGuarantee(config), timeout });
    });
  },
});
