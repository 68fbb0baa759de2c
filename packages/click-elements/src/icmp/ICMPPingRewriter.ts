/**
 * ICMPPingRewriter(INPUTSPEC, ... [, keywords TIMEOUT, GUARANTEE, REAP_INTERVAL, CAPACITY, DST_ANNO, REPLY_ANNO]) — rewrites ICMP
 * echo requests and their replies.
 *
 * Lets pings through a network address translator. Each input has a specification, as those of IPRewriter: a request of a
 * new flow, which is a source, a destination and an identifier, gets other ones by it. A range of source ports says which
 * identifiers there are. Requests of that flow are rewritten in the same way, replies to them are rewritten back, and both
 * leave on the outputs that the specification names.
 *
 * Replies that belong to no flow, and all other packets, are dropped, or leave where the input's specification is `pass`.
 *
 * A flow is due TIMEOUT (5 minutes) after its last packet, and cannot be given up for another one before GUARANTEE (5 seconds).
 * The other keywords are IPRewriter's.
 *
 * Handlers: table, mappings, table_size, nmappings, mapping_failures, patterns, size (read); capacity, pattern0,
 * pattern1, and so on (read, write): the specifications; clear (write).
 *
 *   rw :: ICMPPingRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop);
 */
import {
  arg,
  type ElementClass,
  element,
  formatIpAddress,
  type Handler,
  keyword,
  rest,
} from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { stored16, stored32 } from "@clickos/wire";
import { updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { transportOf } from "../lib/headers.ts";
import { fixZeroSum } from "../lib/icmp-echo.ts";
import { Flows } from "../nat/flows.ts";
import { type FlowWords, Rewriter } from "../nat/rewriter.ts";
import {
  capacityOf,
  type FlowRules,
  flowLines,
  patternHandlers,
  type RewriterConfig,
  type RewriterState,
  rewriterHandlers,
  rewriterKeywords,
  rewriterState,
} from "../nat/rewriter-base.ts";
import { type InputSpec, inputSpec } from "../nat/rewriter-spec.ts";

const second = 1_000_000_000n;

interface Times {
  readonly TIMEOUT: bigint;
  readonly GUARANTEE: bigint;
}

/** Requests of a flow have its identifier and the next number for ports, replies the other way round: that tells them apart. */
const request = (identifier: I32): I32 => identifier.or(identifier.add(1).shl(16));
const reply = (identifier: I32): I32 => request(identifier).rotl(16);

const rules: FlowRules<Times> = {
  guarantees: ({ GUARANTEE }) => GUARANTEE > 0n,
  times: (c, { TIMEOUT, GUARANTEE }) => ({ timeout: c.i64(TIMEOUT), guarantee: c.i64(GUARANTEE) }),
  timesOnHost: ({ TIMEOUT, GUARANTEE }) => ({ timeout: TIMEOUT, guarantee: GUARANTEE }),
  chosen: (flow) => ({ ...flow, ports: request(flow.ports.and(0xffff)) }),
  // There is no pseudo-header.
  transportChange: (from, to) => wordChange(from.ports.and(0xffff), to.ports.and(0xffff)),
};

/** Source, destination and identifier of a key. */
function words([source = 0, destination = 0, ports = 0]: readonly number[]): string {
  return [formatIpAddress(stored32(source)), formatIpAddress(stored32(destination)), stored16(ports & 0xffff)].join(
    ", ",
  );
}

const turned = ([source = 0, destination = 0, ports = 0]: readonly number[]): number[] => [
  destination,
  source,
  ((ports << 16) | (ports >>> 16)) >>> 0,
];

const table: Handler<RewriterConfig & Times, unknown, RewriterState> = {
  kind: "table",
  read: (s, context) =>
    flowLines(
      s,
      context,
      rules,
      (flow, which) => `(${words(flow.key(which))}) => (${words(turned(flow.key(1 - which)))})`,
    ),
};

const keywords = {
  TIMEOUT: keyword(arg.time, 300n * second),
  GUARANTEE: keyword(arg.time, 5n * second),
  ...rewriterKeywords,
};

export const ICMPPingRewriter: ElementClass = element({
  name: "ICMPPingRewriter",
  ports: "1-/1-",
  processing: "h/h",
  config: { INPUTSPEC: rest(inputSpec), ...keywords },
  prepare({ config, ninputs, arguments: texts, error }) {
    if (config.INPUTSPEC.length !== ninputs) error(`need ${ninputs} arguments, one per input port`);
    return { texts };
  },
  state: ({ ninputs }) => rewriterState(ninputs),
  initial: ({ config }) => ({ capacity: capacityOf(config) }),
  handlers: { table, mappings: { ...table, flags: "D" }, ...rewriterHandlers(rules) },
  handlerOrder: ["table", "mappings", "table_size", "nmappings", "mapping_failures", "patterns", "size"],
  furtherHandlers: ({ inputs, plan }) => patternHandlers(inputs.length, plan.texts, Object.keys(keywords)),
  offers: (offer) => [
    offer(
      Rewriter,
      (c, context) => {
        const flows = new Flows(c, context, rules);
        // Who asks has the reply to a request, and its identifier.
        const find = (flow: FlowWords, protocol: I32): I32 =>
          flows.find({ ...flow, ports: reply(flow.ports.and(0xffff)) }, protocol);
        return { find, mapping: (found) => flows.mapping(found), noutputs: context.noutputs };
      },
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
    const other = (reason: string) => (): void => {
      if (spec.kind === "nochange") output(spec.output).push(packet);
      else packet.drop(reason);
    };
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const notPing = other("not an ICMP echo message");
    const message = transportOf(packet);
    const isWhole = ip.protocol.get().eq(ipProtocols.icmp).and(ip.fragmentOffset.get().eqz());
    const needed = icmp.size + icmpEcho.fields.identifier.offset + icmpEcho.fields.identifier.size;
    c.if(isWhole.and(message.has(needed)).eqz(), notPing);
    const header = message.need(needed, "stated").header(icmp);
    const type = header.type.get();
    const isRequest = type.eq(icmpTypes.echo);
    c.if(isRequest.or(type.eq(icmpTypes["echo-reply"])).eqz(), notPing);
    // The sequence number, which may be cut off, is not looked at.
    const identifier = header.payload().header(icmpEcho, "stated").identifier.stored;

    const [source, destination] = [ip.source.stored, ip.destination.stored];
    const ports = c.select(isRequest, request(identifier.get()), reply(identifier.get()));
    const flow = { source: source.get(), destination: destination.get(), ports };
    const protocol = c.i32(ipProtocols.icmp);
    const annotation = config.REPLY_ANNO < 0 ? undefined : packet.annotation8(config.REPLY_ANNO);
    const found = c.var("i32", flows.find(flow, protocol), "found");
    c.if(found.get().eqz(), () => {
      c.if(isRequest.eqz(), other("a reply to nothing that was rewritten"));
      if (spec.kind === "drop" || spec.kind === "nochange") other("new flow refused")();
      else {
        found.set(flows.make(port, spec, flow, protocol));
        c.if(found.get().eqz(), () => packet.drop("no room for another flow"));
        if (annotation) state.flows.value(state.flows.entryOf(found.get())).replyAnnotation.set(annotation.get());
      }
    });

    const to = flows.mapping(found.get());
    const { stored: headerSum } = ip.checksum;
    headerSum.set(updatedChecksum(headerSum.get(), to.ipChange));
    source.set(to.source);
    destination.set(to.destination);
    if (config.DST_ANNO) packet.dstIp.set(to.destination.swap32());
    if (annotation) c.if(to.isReply, () => annotation.set(to.replyAnnotation));
    identifier.set(c.select(to.isReply, to.ports.shrU(16), to.ports.and(0xffff)));
    const { stored: sum } = header.checksum;
    sum.set(updatedChecksum(sum.get(), to.transportChange));
    fixZeroSum(c, sum, message);
    flows.seen(state.flows.entryOf(found.get()), { guarantee: config.GUARANTEE, timeout: config.TIMEOUT });
    c.switch(
      to.output,
      Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
      () => output(noutputs - 1).push(packet),
    );
  },
});
