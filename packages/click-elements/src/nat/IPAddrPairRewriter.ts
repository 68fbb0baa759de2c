/**
 * IPAddrPairRewriter(INPUTSPEC, ... [, keywords TIMEOUT, GUARANTEE, REAP_INTERVAL, MAPPING_CAPACITY, REPLY_ANNO]) — rewrites IP
 * packets by their two addresses.
 *
 * All packets from one address to another are a flow, whatever their protocol; what comes back is its other direction. INPUTSPECs are
 * those of IPRewriter; patterns are `pattern SADDR DADDR FOUTPUT ROUTPUT`, where SADDR may be a range or a prefix. A pattern that
 * would change ports makes no flows. A mapping is due TIMEOUT (2 hours) after a packet. The destination annotation becomes the new
 * destination. Checksums of TCP and UDP are kept right. CAPACITY and REAP_TIME are other names of MAPPING_CAPACITY and REAP_INTERVAL;
 * IPRewriter's page says what they are.
 *
 * Handlers: table, table_size, mapping_failures, size, patterns (read); capacity, pattern0, pattern1, ... (read, write); clear
 * (write). mappings and nmappings are older names.
 *
 *   ... -> [0] rw :: IPAddrPairRewriter(pattern 1.0.0.1-1.0.0.254 - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import { rewrittenWords, tableHandler, wordsOf } from "./flow-lines.ts";
import { Flows } from "./flows.ts";
import { rewriteAddresses, rewriteTransportChecksum } from "./rewrite-packet.ts";
import {
  constantTimes,
  type FlowRules,
  type RewriterState,
  rewriterArguments,
  rewriterState,
  type TimeoutConfig,
  timeoutArguments,
} from "./rewriter-base.ts";
import { offerRewriter, rewriterMembers } from "./rewriter-element.ts";
import { rewriterHandlers } from "./rewriter-handlers.ts";

const rules: FlowRules<TimeoutConfig> = {
  ...constantTimes,
  lookUp: (c, find, { source, destination }) => find({ source, destination, ports: c.i32(0) }),
  accepts: ({ ports }) => ports.eqz(),
};
const table = (flags = "") =>
  tableHandler(rules, flags, undefined, (flow, which) => {
    const [own, other] = [wordsOf(flow, which), rewrittenWords(flow, which)];
    return `(${own.source}, ${own.destination}) => (${other.source}, ${other.destination})`;
  });

export const IPAddrPairRewriter: ElementClass = element({
  name: "IPAddrPairRewriter",
  ...rewriterMembers(rules),
  config: { ...timeoutArguments(7200n), ...rewriterArguments },
  state: (place): RewriterState => rewriterState(place),
  handlers: { table: table(), mappings: table("D"), ...rewriterHandlers(rules) },
  offers: (offer) => [offerRewriter(offer, rules)],
  push(c, port, packet, context) {
    const { config } = context;
    const flows = new Flows(c, context, rules);
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { source, destination } = packet.ip;
    const protocol = c.i32(0);
    const flow = { source: source.stored.get(), destination: destination.stored.get(), ports: c.i32(0) };
    flows.pass(port, packet, { flow, protocol }, (to, entry) => {
      rewriteAddresses(packet, to, true);
      rewriteTransportChecksum(c, packet, to.transportChange);
      flows.seen(entry, { guarantee: config.GUARANTEE, timeout: config.TIMEOUT });
    });
  },
});
