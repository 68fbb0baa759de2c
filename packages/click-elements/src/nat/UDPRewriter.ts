/**
 * UDPRewriter(INPUTSPEC, ... [, keywords TIMEOUT, STREAMING_TIMEOUT, GUARANTEE, REAP_INTERVAL, MAPPING_CAPACITY, DST_ANNO,
 * REPLY_ANNO]) — rewrites flows by their addresses and ports, whatever their protocol.
 *
 * Works as IPRewriter does, whose page says what INPUTSPECs are. TCP, UDP and DCCP flows with the same addresses and ports are one
 * flow, and all are treated as UDP's are: they are due TIMEOUT (5 minutes) after a packet, or STREAMING_TIMEOUT (the same) after
 * three packets, at least one each way. Packets of other protocols, later fragments, and packets without ports pass only inputs
 * that are `pass`. UDP_TIMEOUT, UDP_STREAMING_TIMEOUT and UDP_GUARANTEE are other names of the keywords, CAPACITY and REAP_TIME of
 * MAPPING_CAPACITY and REAP_INTERVAL.
 *
 * Handlers: table, table_size, mapping_failures, size, patterns (read); capacity, pattern0, pattern1, ... (read, write); clear
 * (write). mappings and nmappings are older names.
 *
 *   ... -> [0] rw :: UDPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { transportOf } from "../lib/headers.ts";
import { tableHandler } from "./flow-lines.ts";
import { Flows } from "./flows.ts";
import { rewriteAddresses, rewriteUdpChecksum, tcpChecksumEnd } from "./rewrite-packet.ts";
import {
  destinationArgument,
  type FlowRules,
  type RewriterState,
  rewriterArguments,
  rewriterState,
} from "./rewriter-base.ts";
import { offerRewriter, rewriterMembers } from "./rewriter-element.ts";
import { rewriterHandlers } from "./rewriter-handlers.ts";
import {
  asUdpConfig,
  type PlainUdpConfig,
  plainUdpKeywords,
  trackUdp,
  udpTimeout,
  udpTimesOnHost,
} from "./transport-state.ts";

const rules: FlowRules<PlainUdpConfig> = {
  guarantees: (config) => asUdpConfig(config).UDP_GUARANTEE > 0n,
  times(c, config, flows, entry) {
    const udpConfig = asUdpConfig(config);
    const { flags } = flows.value(entry);
    return { guarantee: c.i64(udpConfig.UDP_GUARANTEE), timeout: udpTimeout(c, udpConfig, flags.get()) };
  },
  timesOnHost: (config, { value }) => udpTimesOnHost(asUdpConfig(config), value.flags),
};

export const UDPRewriter: ElementClass = element({
  name: "UDPRewriter",
  ...rewriterMembers(rules),
  config: { ...destinationArgument, ...plainUdpKeywords, ...rewriterArguments },
  state: (place): RewriterState => rewriterState(place),
  handlers: { table: tableHandler(rules), mappings: tableHandler(rules, "D"), ...rewriterHandlers(rules) },
  offers: (offer) => [offerRewriter(offer, rules)],
  push(c, port, packet, context) {
    const { state, config } = context;
    const flows = new Flows(c, context, rules);
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = transportOf(packet);
    const isTcp = protocol.eq(ipProtocols.tcp);
    const isUdp = protocol.eq(ipProtocols.udp);
    const hasPorts = isTcp.or(isUdp).or(protocol.eq(ipProtocols.dccp)).and(ip.fragmentOffset.get().eqz());
    c.if(hasPorts.and(transport.has(udp.size)).eqz(), () => flows.leave(port, packet, "not TCP, UDP or DCCP"));

    // What they have in common is read as UDP's.
    const datagram = transport.header(udp, "stated");
    const flow = {
      source: ip.source.stored.get(),
      destination: ip.destination.stored.get(),
      ports: datagram.ports.stored.get(),
    };
    flows.pass(port, packet, { flow, protocol }, (to, entry) => {
      rewriteAddresses(packet, to, config.DST_ANNO);
      datagram.ports.stored.set(to.ports);
      c.if(
        isUdp,
        () => rewriteUdpChecksum(c, datagram.checksum.stored, to.transportChange),
        () =>
          c.if(isTcp.and(transport.has(tcpChecksumEnd)), () => {
            const { stored } = transport.header(tcp, "stated").checksum;
            stored.set(updatedChecksum(stored.get(), to.transportChange));
          }),
      );
      const { flags } = state.flows.value(entry);
      const times = asUdpConfig(config);
      trackUdp(c, times, flags, to.isReply);
      flows.seen(entry, { guarantee: times.UDP_GUARANTEE, timeout: udpTimeout(c, times, flags.get()) });
    });
  },
});
