/**
 * IPRewriter(INPUTSPEC, ... [, keywords TCP_TIMEOUT, TCP_NODATA_TIMEOUT, TCP_DONE_TIMEOUT, TCP_GUARANTEE, UDP_TIMEOUT,
 * UDP_STREAMING_TIMEOUT, UDP_GUARANTEE, REAP_INTERVAL, CAPACITY, DST_ANNO, REPLY_ANNO]) — rewrites flows of TCP and UDP.
 *
 * Keeps a table of flows. A packet of a known flow, in either direction, has its addresses, ports and checksums
 * rewritten and leaves on the flow's output. A packet of a new flow is treated as the specification of its input
 * says:
 *
 *   pattern SADDR SPORT DADDR DPORT FOUTPUT ROUTPUT — makes a mapping; `-` keeps a field, SPORT may be a range
 *   keep FOUTPUT ROUTPUT — makes a mapping that changes nothing
 *   pass OUTPUT, nochange OUTPUT — sends the packet on, makes no mapping
 *   drop — drops it
 *
 * Replies are rewritten back and leave on ROUTPUT. Of a range of ports, a flow keeps its own where it is free, and gets one
 * at random otherwise; `1024-65535?` always gives one at random, `1024-65535#` the next. At most 1,024 are tried. Instead of
 * ports, addresses may vary: `pattern 1.0.0.1-1.0.0.9 - 0 1`, `pattern 1.0.0.0/24 - 0 1`. Other protocols and later fragments
 * pass only inputs that are `pass` or `nochange`.
 *
 * Flows are due after a while without packets: TCP_TIMEOUT (24 hours) where data has gone both ways, TCP_DONE_TIMEOUT (4
 * minutes) where both sides are done, TCP_NODATA_TIMEOUT (5 minutes) elsewhere; UDP_TIMEOUT (5 minutes), or UDP_STREAMING_TIMEOUT
 * (the same) after three packets, at least one each way. They go when the table is looked through, every REAP_INTERVAL (15
 * minutes), or when there are CAPACITY of them, or there is no memory for another one; then the one that is due first goes, but none in
 * the first TCP_GUARANTEE or UDP_GUARANTEE (5 seconds) after a packet: rather, new ones are refused. With DST_ANNO (true) the
 * destination annotation becomes the new destination. With REPLY_ANNO, replies get the annotation byte that the first packet of
 * their flow had.
 *
 * Handlers: table_size, nmappings, mapping_failures, size, patterns, tcp_table, udp_table, tcp_lookup SADDR SPORT DADDR DPORT
 * (read); capacity (read, write); clear (write).
 *
 *   rw :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop);
 */

import { arg, type ElementClass, element, formatIpAddress, type Handler, rest } from "@clickos/click-core/element";
import { stored16, stored32 } from "@clickos/wire";
import { updatedChecksum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { readValue } from "../lib/handlers.ts";
import { transportOf } from "../lib/headers.ts";
import type { HostFlow } from "./flow-table.ts";
import { Flows } from "./flows.ts";
import { Rewriter } from "./rewriter.ts";
import {
  capacityOf,
  type FlowRules,
  flowLines,
  type RewriterConfig,
  type RewriterState,
  rewriterHandlers,
  rewriterKeywords,
  rewriterState,
} from "./rewriter-base.ts";
import { type InputSpec, inputSpec } from "./rewriter-spec.ts";
import {
  type TcpConfig,
  tcpGuarantee,
  tcpKeywords,
  tcpTimeout,
  tcpTimesOnHost,
  trackTcp,
  trackUdp,
  type UdpConfig,
  udpKeywords,
  udpTimeout,
  udpTimesOnHost,
} from "./transport-state.ts";

const rules: FlowRules<TcpConfig & UdpConfig> = {
  guarantees: (config) => tcpGuarantee(config) > 0n || config.UDP_GUARANTEE > 0n,
  times(c, config, flows, entry) {
    const isTcp = flows.keyWord(flows.foundBy(entry, 0), 3).eq(ipProtocols.tcp);
    const flags = flows.value(entry).flags.get();
    return {
      guarantee: c.select(isTcp, c.i64(tcpGuarantee(config)), c.i64(config.UDP_GUARANTEE)),
      timeout: c.select(isTcp, tcpTimeout(c, config, flags), udpTimeout(c, config, flags)),
    };
  },
  timesOnHost: (config, flow) =>
    flow.key()[3] === ipProtocols.tcp
      ? tcpTimesOnHost(config, flow.value.flags)
      : udpTimesOnHost(config, flow.value.flags),
};

type Words = readonly [source: string, sourcePort: number, destination: string, destinationPort: number];

/** Addresses and ports of a key. */
function words([source = 0, destination = 0, ports = 0]: readonly number[]): Words {
  const address = (word: number): string => formatIpAddress(stored32(word));
  return [address(source), stored16(ports & 0xffff), address(destination), stored16(ports >>> 16)];
}
/** What a direction of a flow is turned into: the other one, turned round. */
function rewritten(flow: HostFlow, which: number): Words {
  const [source, sourcePort, destination, destinationPort] = words(flow.key(1 - which));
  return [destination, destinationPort, source, sourcePort];
}

/** The mappings of a protocol. */
function table(protocol: number): Handler<RewriterConfig & TcpConfig & UdpConfig, unknown, RewriterState> {
  const shown = (flow: HostFlow, which: number): string | undefined =>
    flow.key()[3] === protocol
      ? `(${words(flow.key(which)).join(", ")}) => (${rewritten(flow, which).join(", ")})`
      : undefined;
  return { kind: "table", read: (s, context) => flowLines(s, context, rules, shown) };
}

/** Where a TCP header's checksum ends. */
const checksumEnd = tcp.fields.checksum.offset + tcp.fields.checksum.size;

const tcpPort = arg.port("tcp");
const tcpFlow = arg.words({ SADDR: arg.ipAddress, SPORT: tcpPort, DADDR: arg.ipAddress, DPORT: tcpPort });

export const IPRewriter: ElementClass = element({
  name: "IPRewriter",
  ports: "1-/1-",
  processing: "h/h",
  config: { INPUTSPEC: rest(inputSpec), ...tcpKeywords, ...udpKeywords, ...rewriterKeywords },
  prepare({ config, ninputs, error }) {
    const count = config.INPUTSPEC.length;
    if (count !== ninputs)
      error(`${count} input specifications, but ${ninputs} inputs are connected; each input needs one`);
  },
  state: ({ ninputs }) => rewriterState(ninputs),
  initial: ({ config }) => ({ capacity: capacityOf(config) }),
  handlers: {
    ...rewriterHandlers(rules),
    tcp_table: table(ipProtocols.tcp),
    udp_table: table(ipProtocols.udp),
    tcp_lookup: {
      flags: "+",
      read(s, _context, text) {
        const { SADDR, SPORT, DADDR, DPORT } = readValue(tcpFlow, text);
        const ports = (stored16(SPORT) | (stored16(DPORT) << 16)) >>> 0;
        const key = [stored32(SADDR), stored32(DADDR), ports, ipProtocols.tcp];
        const flow = s.flows.find(key);
        if (!flow) return "";
        const isFirst = flow.key().every((word, i) => word === key[i]);
        return rewritten(flow, isFirst ? 0 : 1).join(" ");
      },
    },
  },
  offers: (offer) => [
    offer(
      Rewriter,
      (c, context) => new Flows(c, context, rules),
      (_s, { noutputs }) => ({ noutputs }),
    ),
  ],
  init: (c, context) => new Flows(c, context, rules).start(),
  endless: () => true,
  timer: (c, context) => new Flows(c, context, rules).reap(),
  push(c, port, packet, context) {
    const { state, config, output, noutputs } = context;
    const flows = new Flows(c, context, rules);
    const spec = config.INPUTSPEC[port] as InputSpec;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const protocol = ip.protocol.get();
    const transport = transportOf(packet);
    const isTcp = protocol.eq(ipProtocols.tcp);
    const hasPorts = isTcp.or(protocol.eq(ipProtocols.udp)).and(ip.fragmentOffset.get().eqz());
    c.if(hasPorts.and(transport.has(udp.size)).eqz(), () => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else packet.drop("not TCP or UDP");
    });

    // What both protocols have is read as UDP's.
    const datagram = transport.header(udp, "stated");
    const [source, destination, ports] = [ip.source.stored, ip.destination.stored, datagram.ports.stored];
    const flow = { source: source.get(), destination: destination.get(), ports: ports.get() };
    const annotation = config.REPLY_ANNO < 0 ? undefined : packet.annotation8(config.REPLY_ANNO);
    const found = c.var("i32", flows.find(flow, protocol), "found");
    c.if(found.get().eqz(), () => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else if (spec.kind === "drop") packet.drop("new flow refused");
      else {
        found.set(flows.make(port, spec, flow, protocol));
        c.if(found.get().eqz(), () => packet.drop("no room for another flow"));
        if (annotation) state.flows.value(state.flows.entryOf(found.get())).replyAnnotation.set(annotation.get());
      }
    });

    const to = flows.mapping(found.get());
    const entry = state.flows.entryOf(found.get());
    const { flags } = state.flows.value(entry);
    const checksum = ip.checksum.stored;
    checksum.set(updatedChecksum(checksum.get(), to.ipChange));
    source.set(to.source);
    destination.set(to.destination);
    if (config.DST_ANNO) packet.dstIp.set(to.destination.swap32());
    if (annotation) c.if(to.isReply, () => annotation.set(to.replyAnnotation));
    c.if(
      isTcp,
      () => {
        // A segment that ends before its checksum does keeps its ports.
        c.if(transport.has(checksumEnd), () => {
          const segment = transport.header(tcp, "stated");
          const { stored } = segment.checksum;
          ports.set(to.ports);
          stored.set(updatedChecksum(stored.get(), to.transportChange));
          trackTcp(c, flags, to.isReply, ip, segment);
        });
        flows.seen(entry, { guarantee: tcpGuarantee(config), timeout: tcpTimeout(c, config, flags.get()) });
      },
      () => {
        const { stored } = datagram.checksum;
        const before = stored.get();
        ports.set(to.ports);
        // Zero says that the datagram carries no checksum (RFC 768); a computed zero is sent as all ones.
        c.if(before, () => {
          const after = updatedChecksum(before, to.transportChange).and(0xffff);
          stored.set(c.select(after, after, c.i32(0xffff)));
        });
        trackUdp(c, config, flags, to.isReply);
        flows.seen(entry, { guarantee: config.UDP_GUARANTEE, timeout: udpTimeout(c, config, flags.get()) });
      },
    );
    if (noutputs === 1) output(0).push(packet);
    else
      c.switch(
        to.output,
        Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
        () => output(noutputs - 1).push(packet),
      );
  },
});
