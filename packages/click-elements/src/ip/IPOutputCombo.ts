/**
 * IPOutputCombo(COLOR, IPADDR, MTU) — what an IP router does with packets that go out.
 *
 * DropBroadcasts, PaintTee, IPGWOptions, FixIPSrc, DecIPTTL and a check of the length in one. Expects marked IP headers at the
 * front of packets. Link-level broadcasts are dropped. A packet painted with COLOR, which leaves by the interface that it came
 * from, is copied to output 1. Record route and timestamp options are processed, with IPADDR as the router's address; a packet
 * whose options are malformed leaves on output 2. Where the Fix IP Source annotation is set, the source becomes IPADDR. A
 * packet whose time to live is over leaves on output 3, and one of more than MTU bytes on output 4. All others leave on output 0.
 *
 *   ... -> c :: IPOutputCombo(1, 18.26.4.24, 1500) -> ...;
 *   c [1] -> ICMPError(18.26.4.24, redirect, host) -> ...; c [2] -> ICMPError(18.26.4.24, parameterproblem) -> ...;
 *   c [3] -> ICMPError(18.26.4.24, timeexceeded) -> ...; c [4] -> IPFragmenter(1500) -> ...
 */
import { annotation, arg, type ElementClass, element, packetType, required } from "@clickos/click-core/element";
import { ipv4 } from "@clickos/wire/ipv4";
import { paintByte } from "../lib/annotations.ts";
import { decrementTtl, setHeaderChecksum } from "../lib/ip-header.ts";
import { processOptions } from "../lib/router-options.ts";

export const IPOutputCombo: ElementClass = element({
  name: "IPOutputCombo",
  ports: "1/5",
  processing: "h/h",
  config: { COLOR: required(arg.i32), IPADDR: required(arg.ipAddress), MTU: required(arg.u32) },
  push(c, _port, packet, context) {
    const { config, output, packets } = context;
    const type = packet.type.get();
    c.if(type.eq(packetType.broadcast).or(type.eq(packetType.multicast)), () => packet.drop("link-level broadcast"));
    c.if(packet.annotation8(paintByte).get().eq(config.COLOR), () =>
      packets.copy(packet, (copy) => output(1).push(copy)),
    );
    c.if(packet.network.eqz(), () => packet.drop("no IP header marked"));
    const { ip } = packet;
    const { options, headerLength } = ip.parts(() => packet.drop("bad IP header length"));
    const changed = c.var("i32", 0, "changed");
    c.if(headerLength.gtU(ipv4.size), () => {
      const addresses = { mine: config.IPADDR, others: [] };
      const processed = processOptions(c, context, addresses, ip.address, options);
      c.if(processed.wrong, () => {
        packet.annotation8(annotation.icmpParameterProblem).set(processed.wrong);
        output(2).push(packet);
      });
      changed.set(processed.changed);
    });
    const fix = packet.annotation8(annotation.fixIpSrc);
    c.if(fix.get(), () => {
      fix.set(0);
      ip.source.set(config.IPADDR);
      changed.set(1);
    });
    c.if(changed.get(), () => setHeaderChecksum(c, ip));
    const ttl = ip.ttl.get();
    c.if(ttl.leU(1), () => output(3).push(packet));
    decrementTtl(ip, ttl);
    c.if(packet.length.gtU(config.MTU), () => output(4).push(packet));
    output(0).push(packet);
  },
});
