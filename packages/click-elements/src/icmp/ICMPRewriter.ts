/**
 * ICMPRewriter(MAPS [, keywords DST_ANNO, REPLY_ANNO]) — rewrites ICMP errors about flows that were rewritten.
 *
 * An error (destination unreachable, source quench, redirect, time exceeded, parameter problem) has the start of the packet that it is
 * about. If one of MAPS, names of rewriters with spaces between them (IPRewriter, UDPRewriter, TCPRewriter, IPAddrRewriter,
 * IPAddrPairRewriter, ICMPPingRewriter), has a mapping for that packet, the addresses, ports and checksums in the error and its own
 * destination become those that the sender of the packet knows, and the error leaves on output 0. A name may be followed by a colon and a
 * number: the error leaves on the output that the rewriter uses for replies of the flow, plus that number. Other packets are dropped.
 *
 * The destination annotation is set to a new destination, unless DST_ANNO is false. REPLY_ANNO is a byte of the annotations that is
 * cleared in errors which go the way of replies.
 *
 *   ... -> [0] rw :: IPRewriter(pattern 1.0.0.1 1024-65535 - - 0 1, drop) -> ...; ... -> [1] rw; rw [1] -> ...;
 *   ... -> CheckIPHeader -> IPClassifier(icmp) -> ICMPRewriter(rw) -> ...
 */
import {
  arg,
  type ElementClass,
  element,
  keyword,
  type Packet,
  type PrepareContext,
  required,
} from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";
import type { I32 } from "@clickos/codegen";
import { span } from "@clickos/wire";
import { doubleWordChange, foldSum, updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { icmp, icmpEcho, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { icmpErrorTypes } from "../emit/icmp-error.ts";
import { annotationArgument } from "../lib/annotations.ts";
import { type FlowWords, Rewriter, type RewriterPeer, type StagedMapping } from "../nat/rewriter.ts";

/** What of a packet's transport header an error has at least, RFC 792. */
const knownTransport = 8;

interface MapOfFlows {
  /** The rewriter's name. */
  readonly element: string;
  /** What is added to the number of the rewriter's output; absent for output 0. */
  readonly offset: number | undefined;
}

/** Reads MAPS, and says which of them are none. */
function readMaps({
  config,
  scope,
  noutputs,
  error,
}: Pick<PrepareContext<{ readonly MAPS: string }>, "config" | "scope" | "noutputs" | "error">): MapOfFlows[] {
  const maps = splitWords(config.MAPS).flatMap((word): MapOfFlows[] => {
    const [, name = word, number] = /^([^:]*):(.*)$/s.exec(word) ?? [];
    const given = number === undefined ? -1 : arg.i32.parse(number, scope);
    const element = scope.element(name);
    const wrong = typeof given !== "number" ? word : element ? undefined : name;
    if (typeof given !== "number" || !element) {
      error(`${wrong} not an IP rewriter`, 0);
      return [];
    }
    const offset = given < 0 ? undefined : given;
    if (offset !== undefined && offset + element.noutputs > noutputs) {
      error(`${word} port offset requires more than ${noutputs} ${noutputs === 1 ? "output" : "outputs"}`, 0);
      return [];
    }
    if (element.offers(Rewriter)) return [{ element: element.name, offset }];
    error(`${name} not an IP rewriter`, 0);
    return [];
  });
  if (maps.length === 0) error("no IP rewriters supplied", 0);
  return maps;
}

export const ICMPRewriter: ElementClass = element({
  name: "ICMPRewriter",
  ports: "1/1-",
  processing: "h/h",
  config: {
    MAPS: required(arg.raw),
    DST_ANNO: keyword(arg.bool, true),
    REPLY_ANNO: keyword(annotationArgument(1), -1),
  },
  prepare: readMaps,
  peers({ plan, every }): readonly { readonly rewriter: RewriterPeer; readonly offset: number | undefined }[] {
    const rewriters = new Map(every(Rewriter).map((one) => [one.name, one]));
    return plan.flatMap(({ element, offset }) => {
      const rewriter = rewriters.get(element);
      return rewriter ? [{ rewriter, offset }] : [];
    });
  },
  push(c, _port, packet, context) {
    const { config, peers, peer, output, noutputs } = context;
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const wrong = (): void => packet.drop("not an ICMP error with a packet in it");
    const outer = packet.ip;
    c.if(outer.protocol.get().ne(ipProtocols.icmp).or(outer.fragmentOffset.get().ne(0)), wrong);
    const message = span(c, packet.transport, endOf(packet).sub(packet.transport))
      .need(icmp.size + 4 + ipv4.size, wrong)
      .header(icmp);
    const type = message.type.get();
    c.if(icmpErrorTypes.reduce((any, e) => any.or(type.eq(e)), c.i32(0)).eqz(), wrong);
    const inner = message.payload().advance(4).header(ipv4);
    c.if(inner.wellFormed().eqz(), wrong);
    const transport = inner.payload(wrong);
    const protocol = inner.protocol.get();

    // The flow of the packet, turned round: that of its replies.
    const ports = c.var("i32", 0, "ports");
    const first = inner.fragmentOffset.get().eqz();
    const isTcp = protocol.eq(ipProtocols.tcp);
    const isUdp = protocol.eq(ipProtocols.udp);
    const hasPorts = isTcp.or(isUdp).or(protocol.eq(ipProtocols.dccp)).and(first).and(transport.has(knownTransport));
    // What all three have is read as UDP's.
    const datagram = transport.header(udp, "stated");
    c.if(hasPorts, () => ports.set(datagram.ports.stored.get().rotl(16)));
    const echoed = transport.header(icmp, "stated");
    const echo = echoed.payload().header(icmpEcho, "stated");
    const isEcho = c.var("i32", 0, "isEcho");
    c.if(
      protocol
        .eq(ipProtocols.icmp)
        .and(first)
        .and(transport.has(icmp.size + 2)),
      () =>
        c.if(echoed.type.get().eq(icmpTypes.echo), () => {
          isEcho.set(1);
          ports.set(echo.identifier.stored.get());
        }),
    );
    const reply: FlowWords = {
      source: inner.destination.stored.get(),
      destination: inner.source.stored.get(),
      ports: ports.get(),
    };

    const found = c.var("i32", 0, "found");
    const way = c.var("i32", 0, "way");
    const becomes = { source: c.var("i32", 0), destination: c.var("i32", 0), ports: c.var("i32", 0) };
    const isReply = c.var("i32", 0, "isReply");
    const replyAnnotation = c.var("i32", 0, "replyAnnotation");
    for (const { rewriter, offset } of peers)
      c.if(found.get().eqz(), () => {
        const staged = peer(rewriter);
        found.set(staged.find(reply, protocol));
        c.if(found.get(), () => {
          const mapping: StagedMapping = staged.mapping(found.get(), reply);
          for (const word of ["source", "destination", "ports"] as const) becomes[word].set(mapping[word]);
          isReply.set(mapping.isReply);
          replyAnnotation.set(mapping.replyAnnotation);
          if (offset !== undefined) way.set(mapping.output.add(offset));
        });
      });
    c.if(found.get().eqz(), () => packet.drop("about no flow that was rewritten"));

    const [source, destination] = [becomes.source.get(), becomes.destination.get()];
    c.if(outer.destination.stored.get().eq(reply.destination), () => {
      const change = doubleWordChange(reply.destination, destination);
      outer.destination.stored.set(destination);
      outer.checksum.stored.set(updatedChecksum(outer.checksum.stored.get(), change));
      if (config.DST_ANNO) packet.dstIp.set(outer.destination.get());
    });
    if (config.REPLY_ANNO >= 0)
      c.if(isReply.get(), () => packet.annotation8(config.REPLY_ANNO).set(replyAnnotation.get()));

    // What changes in the error's payload, which its own checksum covers.
    const addresses = foldSum(
      doubleWordChange(reply.destination, destination).add(doubleWordChange(reply.source, source)),
    );
    inner.source.stored.set(destination);
    inner.destination.stored.set(source);
    const change = c.var("i32", addresses.add(patch(inner.checksum.stored, addresses)), "change");
    c.if(hasPorts, () => {
      const before = datagram.ports.stored.get();
      const after = becomes.ports.get().rotl(16);
      const inPorts = doubleWordChange(before, after);
      datagram.ports.stored.set(after);
      change.set(change.get().add(inPorts));
      const both = foldSum(addresses.add(inPorts));
      const sum = transport.header(tcp, "stated").checksum;
      c.if(isTcp.and(transport.has(sumEnd)), () => change.set(change.get().add(patch(sum.stored, both))));
      c.if(isUdp, () =>
        c.if(datagram.checksum.stored.get(), () => change.set(change.get().add(patch(datagram.checksum.stored, both)))),
      );
    });
    c.if(isEcho.get(), () => {
      const after = becomes.ports.get().shrU(16);
      const inIdentifier = wordChange(echo.identifier.stored.get(), after);
      echo.identifier.stored.set(after);
      change.set(change.get().add(inIdentifier).add(patch(echoed.checksum.stored, inIdentifier)));
    });
    message.checksum.stored.set(updatedChecksum(message.checksum.stored.get(), foldSum(change.get())));

    const others = Array.from({ length: noutputs - 1 }, (_, i) => () => output(i + 1).push(packet));
    if (peers.every(({ offset }) => offset === undefined)) output(0).push(packet);
    else
      c.switch(way.get(), [() => output(0).push(packet), ...others], () => packet.drop("an output that is not there"));
  },
});

/** Where a TCP header's checksum ends. */
const sumEnd = tcp.fields.checksum.offset + tcp.fields.checksum.size;

function endOf(packet: Packet): I32 {
  return packet.data.add(packet.length);
}

interface Stored {
  get(): I32;
  set(value: I32): void;
}

/** Brings a checksum up to date; gives what that changes in a sum over it. */
function patch(checksum: Stored, change: I32): I32 {
  const before = checksum.get();
  const after = updatedChecksum(before, change).and(0xffff);
  checksum.set(after);
  return wordChange(before, after);
}
