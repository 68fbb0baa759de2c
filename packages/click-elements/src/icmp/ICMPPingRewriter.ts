/**
 * ICMPPingRewriter(INPUTSPEC, ... [, keywords TIMEOUT, GUARANTEE, REAP_INTERVAL, MAPPING_CAPACITY, DST_ANNO, REPLY_ANNO]) —
 * rewrites ICMP echo requests and replies.
 *
 * Requests from one address to another with one identifier are a flow; the replies are its other direction. INPUTSPECs are those
 * of IPRewriter, with the identifier in the place of the source port: `pattern SADDR 1024-65535 DADDR - FOUTPUT ROUTPUT`. A
 * reply that belongs to no flow, a later fragment, and every other packet pass only inputs that are `pass`. A mapping is due
 * TIMEOUT (5 minutes) after a packet. With DST_ANNO (true) the destination annotation becomes the new destination. With REPLY_ANNO,
 * replies get the annotation byte that the first request of their flow had. CAPACITY and REAP_TIME are other names of MAPPING_CAPACITY
 * and REAP_INTERVAL; IPRewriter's page says what they are.
 *
 * Handlers: table, table_size, mapping_failures, size, patterns (read); capacity, pattern0, pattern1, ... (read, write); clear
 * (write). mappings and nmappings are older names.
 *
 *   ... -> IPClassifier(icmp type echo) -> [0] rw :: ICMPPingRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop);
 *   ... -> IPClassifier(icmp type echo-reply) -> [1] rw; rw [0] -> ...; rw [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { transportOf } from "../lib/headers.ts";
import { fixZeroSum } from "../lib/icmp-echo.ts";
import { rewrittenWords, tableHandler, wordsOf } from "../nat/flow-lines.ts";
import { Flows } from "../nat/flows.ts";
import { rewriteAddresses } from "../nat/rewrite-packet.ts";
import {
  constantTimes,
  destinationArgument,
  type FlowRules,
  type RewriterState,
  rewriterArguments,
  rewriterState,
  type TimeoutConfig,
  timeoutArguments,
} from "../nat/rewriter-base.ts";
import { offerRewriter, rewriterMembers } from "../nat/rewriter-element.ts";
import { rewriterHandlers } from "../nat/rewriter-handlers.ts";

/** An echo message is as long as its identifier reaches, or longer. */
const leastMessage = icmp.size + icmpEcho.fields.identifier.offset + icmpEcho.fields.identifier.size;

/**
 * The ports that a message has in the table: of a request its identifier, and that plus 1 where the other port is; of a reply the
 * other way round. Sums are of the words as they stand in memory, as in Click.
 */
const portsOf = (identifier: I32, isRequest: I32): I32 =>
  identifier.add(isRequest.eqz()).and(0xffff).or(identifier.add(isRequest).shl(16));

const rules: FlowRules<TimeoutConfig> = {
  ...constantTimes,
  lookUp(c, find, { source, destination, ports }, protocol) {
    const found = c.var("i32", 0, "found");
    c.if(protocol.eq(ipProtocols.icmp), () =>
      found.set(find({ source, destination, ports: portsOf(ports.and(0xffff), c.i32(0)) })),
    );
    return found.get();
  },
  completed: ({ source, destination, ports }) => {
    const identifier = ports.and(0xffff);
    return { source, destination, ports: identifier.or(identifier.add(1).shl(16)) };
  },
  // Addresses are not in an ICMP message's checksum.
  transportChange: (from, to) => wordChange(from.ports.and(0xffff), to.ports.and(0xffff)),
};
const table = (flags = "") =>
  tableHandler(rules, flags, undefined, (flow, which) =>
    [wordsOf(flow, which), rewrittenWords(flow, which)]
      .map(({ source, destination, sourcePort }) => `(${source}, ${destination}, ${sourcePort})`)
      .join(" => "),
  );

export const ICMPPingRewriter: ElementClass = element({
  name: "ICMPPingRewriter",
  ...rewriterMembers(rules),
  config: { ...destinationArgument, ...timeoutArguments(300n), ...rewriterArguments },
  state: (place): RewriterState => rewriterState(place),
  handlers: { table: table(), mappings: table("D"), ...rewriterHandlers(rules) },
  offers: (offer) => [offerRewriter(offer, rules)],
  push(c, port, packet, context) {
    const { config } = context;
    const flows = new Flows(c, context, rules);
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = transportOf(packet);
    const message = transport.header(icmp, "stated");
    const isPing = protocol.eq(ipProtocols.icmp).and(ip.fragmentOffset.get().eqz()).and(transport.has(leastMessage));
    const wrong = (): void => flows.leave(port, packet, "not an ICMP echo message");
    c.if(isPing.eqz(), wrong);
    const isRequest = message.type.get().eq(icmpTypes.echo);
    c.if(isRequest.or(message.type.get().eq(icmpTypes["echo-reply"])).eqz(), wrong);
    const { identifier } = message.payload().header(icmpEcho, "stated");
    const flow = {
      source: ip.source.stored.get(),
      destination: ip.destination.stored.get(),
      ports: portsOf(identifier.stored.get(), isRequest),
    };
    flows.pass(port, packet, { flow, protocol, begins: isRequest }, (to, entry) => {
      rewriteAddresses(packet, to, config.DST_ANNO);
      identifier.stored.set(c.select(to.isReply, to.ports.shrU(16), to.ports.and(0xffff)));
      const { stored } = message.checksum;
      stored.set(updatedChecksum(stored.get(), to.transportChange));
      fixZeroSum(c, stored, transport);
      flows.seen(entry, { guarantee: config.GUARANTEE, timeout: config.TIMEOUT });
    });
  },
});
