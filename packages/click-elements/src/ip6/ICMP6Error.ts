/**
 * ICMP6Error(SRC, TYPE, CODE) — answers IPv6 packets with ICMPv6 errors.
 *
 * The error comes from SRC and has as much of the packet as 568 bytes hold. TYPE and CODE are numbers; TYPE is that of an error, 1 to 4, or of
 * a redirect, 137. A packet too big (2) says 1500, a parameter problem (4) what the parameter problem annotation has: both numbers
 * stand there low byte first, as Click writes them. A redirect names the destination address annotation. No error is sent about
 * ICMPv6 errors, packets to multicast addresses, and those that came as link broadcasts; such packets are dropped.
 *
 * The destination address annotation is set, and the Fix IP Source annotation.
 *
 *   ... -> d :: DecIP6HLIM -> ...; d [1] -> ICMP6Error(3ffe:1ce1:2::1, 3, 0) -> ...
 */
import { annotation, arg, type ElementClass, element, packetType, required } from "@clickos/click-core/element";
import { stored32 } from "@clickos/wire";
import { icmpv6, icmpv6Error, icmpv6Redirect, icmpv6Types } from "@clickos/wire/icmpv6";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { dataOf } from "../lib/headers.ts";
import { ip6Annotation, ip6Checksum, ip6Of, loadIp6, storeIp6 } from "../lib/ip6.ts";
import { ip6Address } from "../lib/ip6-address.ts";

const mostCarried = 568;
const mtu = 1500;
const hopLimit = 0xff;
const multicast = 0xff;
const errors: readonly number[] = [
  icmpv6Types.unreachable,
  icmpv6Types.packetTooBig,
  icmpv6Types.timeExceeded,
  icmpv6Types.parameterProblem,
];

export const ICMP6Error: ElementClass = element({
  name: "ICMP6Error",
  ports: "1/1",
  processing: "a/a",
  config: { SRC: required(ip6Address), TYPE: required(arg.i32), CODE: required(arg.i32) },
  // What is wrong is told when the element is initialized.
  peers({ config: { SRC, TYPE, CODE }, error }) {
    if (TYPE < 0 || CODE < 0 || SRC.every((byte) => byte === 0)) error("not configured -a");
    else if (!errors.includes(TYPE) && TYPE !== icmpv6Types.redirect)
      error(`ICMP6 type ${TYPE} is not an error or redirect type`);
  },
  action(c, packet, { config, packets, output }) {
    const none = (): void => packet.drop("no ICMPv6 error is due");
    const ip = ip6Of(packet, none);
    c.if(ip.nextHeader.get().eq(ipProtocols["ipv6-icmp"]), () => {
      const { type } = ip.payload().header(icmpv6, none);
      c.if(
        errors.reduce((any, e) => any.or(type.get().eq(e)), c.i32(0)),
        none,
      );
    });
    const linkType = packet.type.get();
    const isGroup = c.load8(ip.destination.address).eq(multicast);
    c.if(isGroup.or(linkType.eq(packetType.broadcast)).or(linkType.eq(packetType.multicast)), none);

    const isRedirect = config.TYPE === icmpv6Types.redirect;
    const messageSize = icmpv6.size + (isRedirect ? icmpv6Redirect.size : icmpv6Error.size);
    const carried = c.select(packet.length.gtU(mostCarried), c.i32(mostCarried), packet.length);
    const length = carried.add(messageSize);
    const stored = c.var("i32", 0, "made");
    packets.make(length.add(ipv6.size), (made) => {
      const bytes = dataOf(made).need(ipv6.size + messageSize, "stated");
      const header = bytes.header(ipv6);
      header.emit({
        payloadLength: length,
        nextHeader: ipProtocols["ipv6-icmp"],
        hopLimit,
        source: config.SRC,
        destination: ip.source,
      });
      const message = bytes.advance(ipv6.size).header(icmpv6);
      c.fill(message.address, 0, messageSize);
      message.emit({ type: config.TYPE, code: config.CODE & 0xff });
      const isFirst = config.CODE === 0;
      if (isRedirect && isFirst) {
        const redirect = message.payload().header(icmpv6Redirect);
        storeIp6(c, redirect.target.address, loadIp6(c, ip6Annotation(packet)));
        redirect.destination.set(ip.destination);
      } else if (!isRedirect) {
        const { parameter } = message.payload().header(icmpv6Error);
        if (config.TYPE === icmpv6Types.packetTooBig && isFirst) parameter.set(stored32(mtu));
        if (config.TYPE === icmpv6Types.parameterProblem && isFirst)
          parameter.stored.set(packet.annotation8(annotation.icmpParameterProblem).get());
      }
      // A redirect of another code has no room for what it would name.
      const at = message.address.add(isRedirect && !isFirst ? icmpv6.size + icmpv6Error.size : messageSize);
      c.fill(message.address.add(messageSize), 0, carried);
      c.copy(at, packet.data, carried);
      message.checksum.stored.set(ip6Checksum(c, header, ipProtocols["ipv6-icmp"], message.address, length));
      made.setNetworkHeader(header.address, header.address.add(ipv6.size));
      storeIp6(c, ip6Annotation(made), loadIp6(c, header.destination.address));
      made.annotation8(annotation.fixIpSrc).set(1);
      stored.set(made.store());
    });
    c.if(stored.get(), () => {
      packet.kill();
      packets.take(stored.get(), (answer) => output(0).push(answer));
    });
    none();
  },
});
