/**
 * IPAddrRewriter(INPUTSPEC, ... [, keywords TIMEOUT, GUARANTEE, REAP_INTERVAL, MAPPING_CAPACITY, REPLY_ANNO]) — rewrites IP
 * packets by their source address.
 *
 * All packets from an address are one flow, whatever their protocol: their source becomes another address, and packets to that
 * address go back to the first one. INPUTSPECs are those of IPRewriter; patterns are `pattern SADDR - FOUTPUT ROUTPUT`, where SADDR
 * may be a range or a prefix. A pattern that would change more makes no flows. A mapping is due TIMEOUT (2 hours) after a packet. The
 * destination annotation of replies becomes the new destination. Checksums of TCP and UDP are kept right. CAPACITY and
 * REAP_TIME are other names of MAPPING_CAPACITY and REAP_INTERVAL; IPRewriter's page says what they are.
 *
 * Handlers: table, table_size, mapping_failures, size, patterns (read); capacity, pattern0, pattern1, ... (read, write); clear
 * (write). mappings and nmappings are older names.
 *
 *   ... -> [0] rw :: IPAddrRewriter(pattern 1.0.0.1-1.0.0.254 - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...
 */
import { type ElementClass, element } from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { updatedChecksum } from "@clickos/wire/checksum";
import { rewrittenWords, tableHandler, wordsOf } from "./flow-lines.ts";
import { Flows } from "./flows.ts";
import { rewriteTransportChecksum } from "./rewrite-packet.ts";
import type { FlowWords } from "./rewriter.ts";
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

/** What the table has of a packet's source, or else of its destination. */
function lookUp(c: FunctionBuilder, find: (flow: FlowWords) => I32, { source, destination }: FlowWords): I32 {
  const none = c.i32(0);
  const found = c.var("i32", find({ source, destination: none, ports: none }), "found");
  c.if(found.get().eqz(), () => found.set(find({ source: none, destination, ports: none })));
  return found.get();
}

const rules: FlowRules<TimeoutConfig> = {
  ...constantTimes,
  lookUp,
  accepts: ({ destination, ports }) => destination.or(ports).eqz(),
};
const table = (flags = "") =>
  tableHandler(rules, flags, undefined, (flow, which) => {
    const [own, other] = [wordsOf(flow, which), rewrittenWords(flow, which)];
    return `${own.source} => ${other.source}`;
  });

export const IPAddrRewriter: ElementClass = element({
  name: "IPAddrRewriter",
  ...rewriterMembers(rules),
  config: { ...timeoutArguments(7200n), ...rewriterArguments },
  state: (place): RewriterState => rewriterState(place),
  handlers: { table: table(), mappings: table("D"), ...rewriterHandlers(rules) },
  offers: (offer) => [offerRewriter(offer, rules)],
  push(c, port, packet, context) {
    const { config } = context;
    const flows = new Flows(c, context, rules);
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = c.i32(0);
    const source = ip.source.stored.get();
    const found = lookUp(c, (flow) => flows.stored(flow, protocol), {
      source,
      destination: ip.destination.stored.get(),
      ports: c.i32(0),
    });
    const flow = { source, destination: c.i32(0), ports: c.i32(0) };
    flows.pass(port, packet, { flow, protocol, found }, (to, entry) => {
      const { checksum } = ip;
      checksum.stored.set(updatedChecksum(checksum.stored.get(), to.ipChange));
      c.if(
        to.isReply,
        () => {
          ip.destination.stored.set(to.destination);
          packet.dstIp.set(to.destination.swap32());
        },
        () => ip.source.stored.set(to.source),
      );
      rewriteTransportChecksum(c, packet, to.transportChange);
      flows.seen(entry, { guarantee: config.GUARANTEE, timeout: config.TIMEOUT });
    });
  },
});
