/** Frames taken apart by their headers, tunnels in tunnels: nothing is thrown, and nothing lies outside of its bytes. */
import { arp } from "@clickos/wire/arp";
import { ethernet, etherTypes, readTags, vlan } from "@clickos/wire/ethernet";
import { gre, greWords } from "@clickos/wire/gre";
import { icmp, icmpTypes } from "@clickos/wire/icmp";
import { icmpv6, linkLayerOption, neighborOptions, neighborSolicitation } from "@clickos/wire/icmpv6";
import { ipProtocols, ipv4, ipv4Options } from "@clickos/wire/ipv4";
import { ipv6, ipv6Extension, ipv6Fragment, ipv6Options, readExtensions } from "@clickos/wire/ipv6";
import { ppp, pppControl, pppOptions, pppoe, pppoeTags, pppProtocols } from "@clickos/wire/ppp";
import { tcp, tcpMaximumSegmentSize, tcpOptions } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { vxlan, vxlanPort } from "@clickos/wire/vxlan";
import { concat, mutateBytes } from "../mutate.mjs";

/** What has been found in one frame. */
class Dissection {
  headers = 0;
  problems = 0;

  take(format, bytes) {
    const read = format.read(bytes);
    if (!read.ok) {
      if (!read.problem.text) throw new Error("a problem without words");
      this.problems++;
      return undefined;
    }
    const { header } = read;
    for (const { name, kind, mask } of format.rows) {
      const value = header[name];
      if (kind === "bits" ? !(value >= 0 && value <= mask) : !(value instanceof Uint8Array))
        throw new Error(`${format.name}.${name} is ${value}`);
    }
    this.inside(bytes, header.options);
    this.inside(bytes, header.payload);
    if (header.payload.length >= bytes.length) throw new Error("a header without bytes");
    this.headers++;
    return header;
  }
  inside(outer, inner) {
    if (inner.byteOffset < outer.byteOffset || inner.byteOffset + inner.length > outer.byteOffset + outer.length)
      throw new Error("bytes from outside of the packet");
  }
  list(list, bytes) {
    const { options, malformedAt } = list.read(bytes);
    for (const option of options) this.inside(bytes, option.bytes);
    if (malformedAt !== undefined) this.problems++;
    return options;
  }

  frame(bytes) {
    if (this.headers > 100) return;
    const frame = this.take(ethernet, bytes);
    const tagged = frame && readTags(frame);
    if (!tagged?.ok) return;
    const { etherType, payload } = tagged.header;
    this.inside(bytes, payload);
    this.network(etherType, payload);
  }
  network(etherType, bytes) {
    if (etherType === etherTypes.arp) this.take(arp, bytes);
    else if (etherType === etherTypes.ip) this.ip(bytes);
    else if (etherType === etherTypes.ip6) this.ip6(bytes);
    else if (etherType === etherTypes.transparentEthernet) this.frame(bytes);
    else if (etherType === etherTypes.pppoeDiscovery) this.list(pppoeTags, this.take(pppoe, bytes)?.payload ?? bytes);
    else if (etherType === etherTypes.pppoeSession) {
      const session = this.take(pppoe, bytes);
      const packet = session && this.take(ppp, session.payload);
      if (packet?.protocol === pppProtocols.lcp)
        this.list(pppOptions, this.take(pppControl, packet.payload)?.payload ?? packet.payload);
      else if (packet?.protocol === pppProtocols.ip) this.ip(packet.payload);
    }
  }
  ip(bytes) {
    // A frame may be nothing but headers, thousands of them.
    if (this.headers > 100) return;
    const ip = this.take(ipv4, bytes);
    if (!ip) return;
    this.list(ipv4Options, ip.options);
    if (ip.fragmentOffset === 0) this.transport(ip.protocol, ip.payload);
  }
  ip6(bytes) {
    if (this.headers > 100) return;
    const ip = this.take(ipv6, bytes);
    const upper = ip && readExtensions(ip);
    if (!upper?.ok) return;
    this.inside(bytes, upper.header.payload);
    if (upper.header.fragmentOffset === 0) this.transport(upper.header.protocol, upper.header.payload);
    const extension = ipv6Extension.read(ip.payload);
    if (extension.ok) this.list(ipv6Options, extension.header.options);
  }
  transport(protocol, bytes) {
    if (protocol === ipProtocols.tcp) {
      const segment = this.take(tcp, bytes);
      for (const option of segment ? this.list(tcpOptions, segment.options) : [])
        tcpMaximumSegmentSize.read(option.bytes);
    } else if (protocol === ipProtocols.udp) {
      const datagram = this.take(udp, bytes);
      const tunnel = datagram?.destinationPort === vxlanPort && this.take(vxlan, datagram.payload);
      if (tunnel) this.frame(tunnel.payload);
    } else if (protocol === ipProtocols.gre) {
      const tunnel = this.take(gre, bytes);
      if (!tunnel) return;
      const { key } = greWords(tunnel);
      if ((key !== undefined) !== (tunnel.keyPresent === 1)) throw new Error("a key that is not there");
      this.network(tunnel.protocolType, tunnel.payload);
    } else if (protocol === ipProtocols.ipip) this.ip(bytes);
    else if (protocol === ipProtocols.ipv6) this.ip6(bytes);
    else if (protocol === ipProtocols.icmp) {
      const message = this.take(icmp, bytes);
      if (message?.type === icmpTypes.unreachable && message.payload.length > 4) this.ip(message.payload.subarray(4));
    } else if (protocol === ipProtocols["ipv6-icmp"]) {
      const message = this.take(icmpv6, bytes);
      const solicitation = message && this.take(neighborSolicitation, message.payload);
      for (const option of solicitation ? this.list(neighborOptions, solicitation.payload) : [])
        linkLayerOption.read(option.bytes);
    }
  }
}

const ether = (etherType, payload) => concat(ethernet.bytes({ etherType }), payload);
const inIp = (protocol, payload, options) => {
  const header = ipv4.bytes({ protocol, ttl: 64, ...(options ? { options } : {}) });
  const packet = concat(header, payload);
  ipv4.view(packet).totalLength = packet.length;
  return packet;
};
const inIp6 = (nextHeader, payload) => concat(ipv6.bytes({ nextHeader, payloadLength: payload.length }), payload);
const segment = (...options) => concat(tcp.bytes({ options: concat(...options) }), new Uint8Array(8));
const mss = tcpMaximumSegmentSize.bytes({ maximumSegmentSize: 1460 });

/** Some payload of IP, in tunnels down to a depth. */
function transport(r, depth) {
  const kind = r.below(depth > 0 ? 9 : 5);
  if (kind === 0)
    return [
      ipProtocols.tcp,
      segment(...Array.from({ length: r.below(4) }, () => r.pick([mss, tcpOptions.bytes(1), tcpOptions.bytes(4)]))),
    ];
  if (kind === 1) return [ipProtocols.udp, concat(udp.bytes({ length: 12, destinationPort: 53 }), new Uint8Array(4))];
  if (kind === 2)
    return [
      ipProtocols.icmp,
      concat(icmp.bytes({ type: r.pick([3, 8]) }), new Uint8Array(4), inIp(17, new Uint8Array(8))),
    ];
  if (kind < 5)
    return [
      ipProtocols["ipv6-icmp"],
      concat(
        icmpv6.bytes({ type: 135 }),
        neighborSolicitation.bytes(),
        linkLayerOption.bytes(),
        linkLayerOption.bytes(),
      ),
    ];
  if (kind === 5) {
    const payload = concat(vxlan.bytes({ vni: 7 }), frame(r, depth - 1));
    return [ipProtocols.udp, concat(udp.bytes({ length: 8 + payload.length, destinationPort: vxlanPort }), payload)];
  }
  if (kind === 6)
    return [
      ipProtocols.gre,
      concat(
        gre.bytes({ keyPresent: 1, protocolType: etherTypes.transparentEthernet, options: new Uint8Array(4) }),
        frame(r, depth - 1),
      ),
    ];
  if (kind === 7) return [ipProtocols.ipip, inIp(...transport(r, depth - 1))];
  return [ipProtocols.ipv6, inIp6(...transport(r, depth - 1))];
}

function frame(r, depth) {
  const kind = r.below(6);
  if (kind === 0) return ether(etherTypes.arp, arp.bytes());
  if (kind === 1)
    return ether(etherTypes.vlan, concat(vlan.bytes({ etherType: etherTypes.ip }), inIp(...transport(r, depth))));
  if (kind === 2) {
    const [next, payload] = transport(r, depth);
    return ether(
      etherTypes.ip6,
      inIp6(
        0,
        concat(ipv6Extension.bytes({ nextHeader: 44 }), ipv6Fragment.bytes({ nextHeader: next, m: 1 }), payload),
      ),
    );
  }
  if (kind === 3) {
    const payload = concat(pppoeTags.bytes(0x0101), pppoeTags.bytes(0x0103, new Uint8Array(r.below(9))));
    return ether(etherTypes.pppoeDiscovery, concat(pppoe.bytes({ code: 9, length: payload.length }), payload));
  }
  if (kind === 4) {
    const options = pppOptions.bytes(1, new Uint8Array(2));
    const packet = concat(
      ppp.bytes({ protocol: pppProtocols.lcp }),
      pppControl.bytes({ code: 1, length: 4 + options.length }),
      options,
    );
    return ether(etherTypes.pppoeSession, concat(pppoe.bytes({ sessionId: 1, length: packet.length }), packet));
  }
  const [protocol, payload] = transport(r, depth);
  return ether(
    etherTypes.ip,
    inIp(protocol, payload, r.once(2) ? ipv4Options.bytes(148, new Uint8Array(2)) : undefined),
  );
}

const first = { below: () => 0, pick: (list) => list[0], once: () => false };
const last = { below: (n) => n - 1, pick: (list) => list[0], once: () => true };

export const target = {
  name: "headers",
  errors: [],
  seeds: () => [frame(first, 2), frame(last, 2)],
  generate: (r) => frame(r, 3),
  mutate: mutateBytes,
  run(input) {
    const dissection = new Dissection();
    dissection.frame(input);
    return dissection.problems > 0 ? "something wrong" : `${Math.min(dissection.headers, 4)} headers`;
  },
};
