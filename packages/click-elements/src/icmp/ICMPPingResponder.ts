/**
 * ICMPPingResponder — answers ICMP echo requests.
 *
 * Turns each request, whose IP header must be marked, into its reply: addresses exchanged, TTL 255, no fragment, checksums brought
 * up to date. The destination annotation becomes the new destination, the paint annotation 0, and the timestamp the time.
 * Other packets leave on output 1 if that is connected and are dropped otherwise. Source routes are not followed.
 *
 *   ... -> CheckIPHeader -> IPFilter(allow dst host 18.26.4.24 && icmp) -> ICMPPingResponder -> ...
 */
import { annotation, type ElementClass, element } from "@clickos/click-core/element";
import type { I32 } from "@clickos/codegen";
import { updatedChecksum, wordChange } from "@clickos/wire/checksum";
import { icmp, icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { transportOf } from "../lib/headers.ts";
import { echoSize, fixZeroSum } from "../lib/icmp-echo.ts";

const ttl = 255;

export const ICMPPingResponder: ElementClass = element({
  name: "ICMPPingResponder",
  ports: "1/1-2",
  processing: "a/ah",
  action(c, packet, { output, clock }) {
    const other = (): void => output(1).push(packet, "no echo request");
    c.if(packet.network.eqz(), other);
    const { ip } = packet;
    const message = transportOf(packet);
    c.if(message.has(echoSize).and(ip.protocol.get().eq(ipProtocols.icmp)).eqz(), other);
    const request = message.need(echoSize, "stated").header(icmp);
    c.if(request.type.get().ne(icmpTypes.echo), other);

    const [source, destination] = [ip.source.stored.get(), ip.destination.stored.get()];
    ip.source.stored.set(destination);
    ip.destination.stored.set(source);
    const sum = ip.checksum.stored;
    const patch = (change: I32): void => sum.set(updatedChecksum(sum.get(), change));
    patch(wordChange(ip.flagsAndOffset.stored.get(), c.i32(0)));
    ip.flagsAndOffset.stored.set(0);
    const before = ip.ttlAndProtocol.stored.get();
    ip.ttl.set(ttl);
    patch(wordChange(before, ip.ttlAndProtocol.stored.get()));

    packet.dstIp.set(ip.destination.get());
    packet.timestamp.set(clock.now());
    packet.annotation8(annotation.paint).set(0);

    const { stored } = request.checksum;
    const asked = request.typeAndCode.stored.get();
    request.type.set(icmpTypes["echo-reply"]);
    request.code.set(0);
    stored.set(updatedChecksum(stored.get(), wordChange(asked, request.typeAndCode.stored.get())));
    fixZeroSum(c, stored, message);
  },
});
