/** Frames taken apart by their headers, tunnels in tunnels: nothing is thrown, and nothing lies outside of its bytes. */
import { arp } from "@clickos/wire/arp";
import { ethernet, etherTypes, readTags } from "@clickos/wire/ethernet";
import { gre, greWords } from "@clickos/wire/gre";
import { icmp, icmpTypes } from "@clickos/wire/icmp";
import { icmpv6, linkLayerOption, neighborOptions, neighborSolicitation } from "@clickos/wire/icmpv6";
import { ipProtocols, ipv4, ipv4Options } from "@clickos/wire/ipv4";
import { ipv6, ipv6Extension, ipv6Options, readExtensions } from "@clickos/wire/ipv6";
import { ppp, pppControl, pppOptions, pppoe, pppoeTags, pppProtocols } from "@clickos/wire/ppp";
import { tcp, tcpMaximumSegmentSize, tcpOptions } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { vxlan, vxlanPort } from "@clickos/wire/vxlan";
import { frame } from "../frames.mjs";
import { mutateBytes } from "../mutate.mjs";

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
