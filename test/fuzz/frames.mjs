/** Frames: well formed, tunnels in tunnels; and such as attackers send, with headers that lie. */
import { arp } from "@clickos/wire/arp";
import { internetChecksum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes, vlan } from "@clickos/wire/ethernet";
import { gre } from "@clickos/wire/gre";
import { icmp } from "@clickos/wire/icmp";
import { icmpv6, linkLayerOption, neighborSolicitation } from "@clickos/wire/icmpv6";
import { igmp, igmpGroupRecord, igmpTypes } from "@clickos/wire/igmp";
import { ipProtocols, ipv4, ipv4Options } from "@clickos/wire/ipv4";
import { ipv6, ipv6Extension, ipv6Fragment } from "@clickos/wire/ipv6";
import { ppp, pppControl, pppOptions, pppoe, pppoeTags, pppProtocols } from "@clickos/wire/ppp";
import { tcp, tcpMaximumSegmentSize, tcpOptions } from "@clickos/wire/tcp";
import { udp } from "@clickos/wire/udp";
import { vxlan, vxlanPort } from "@clickos/wire/vxlan";
import { edges } from "../hostile/random.mjs";
import { concat, mutateBytes } from "./mutate.mjs";

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

/** A well formed frame, with tunnels in it down to a depth. */
export function frame(r, depth) {
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

// ---- frames of a few hosts, as elements meet them

const hosts = [
  0x0a000001, 0x0a000002, 0x0a0000ff, 0x0a000101, 0x01000001, 0x7f000001, 0xe0000001, 0xef010203, 0xffffffff, 0,
];
const ports = [0, 7, 21, 53, 80, 1024, 1025, 5000, 65535];
const unicast = [
  [2, 0, 0, 0, 0, 1],
  [2, 0, 0, 0, 0, 2],
  [1, 1, 1, 1, 1, 1],
];
const group = [1, 0, 0x5e, 1, 2, 3];
const everybody = [255, 255, 255, 255, 255, 255];

/** Sets the checksum of the transport header of a whole IP packet, where there is room for one. */
function sumTransport(packet, header) {
  const { protocol, source, destination } = ipv4.view(packet);
  const segment = packet.subarray(header);
  const place = { [ipProtocols.tcp]: tcp, [ipProtocols.udp]: udp }[protocol];
  if (place && segment.length >= place.size) {
    const view = place.view(segment);
    view.checksum = 0;
    view.checksum = internetChecksum(segment, pseudoHeaderSum({ source, destination }, protocol, segment.length));
  } else if ([ipProtocols.icmp, ipProtocols.igmp].includes(protocol) && segment.length >= icmp.size) {
    // Both have it at the same place.
    const view = icmp.view(segment);
    view.checksum = 0;
    view.checksum = internetChecksum(segment);
  }
}

function transportOf(r) {
  const [sourcePort, destinationPort] = [r.pick(ports), r.pick(ports)];
  const data = new Uint8Array(r.pick([0, 1, 4, 26, 100])).fill(r.below(256));
  const kind = r.below(9);
  if (kind < 3) {
    const options = concat(
      ...Array.from({ length: r.below(4) }, () => r.pick([mss, tcpOptions.bytes(1), tcpOptions.bytes(4)])),
    );
    const flags = { syn: r.below(2), ack: r.below(2), fin: r.once(4) ? 1 : 0, rst: r.once(8) ? 1 : 0 };
    const numbers = { sequenceNumber: r.pick(edges), acknowledgmentNumber: r.pick(edges), window: r.below(65536) };
    return [ipProtocols.tcp, concat(tcp.bytes({ sourcePort, destinationPort, ...flags, ...numbers, options }), data)];
  }
  if (kind < 6)
    return [ipProtocols.udp, concat(udp.bytes({ sourcePort, destinationPort, length: 8 + data.length }), data)];
  if (kind === 6)
    return [
      ipProtocols.icmp,
      concat(
        icmp.bytes({ type: r.pick([0, 8, 3, 5, 11, 12, 13]), code: r.below(4) }),
        new Uint8Array(4),
        r.once(2) ? ipOf(r, 0) : data,
      ),
    ];
  if (kind === 7) {
    // A report's second word says how many records follow.
    const head = igmp.bytes({
      type: r.pick(Object.values(igmpTypes)),
      maxResponseTime: r.below(256),
      group: r.once(2) ? r.below(4) : r.pick(hosts),
    });
    const record = () => igmpGroupRecord.bytes({ type: r.below(8), sources: r.below(3), group: r.pick(hosts) });
    return [ipProtocols.igmp, concat(head, ...Array.from({ length: r.below(4) }, record), data)];
  }
  return [r.pick([0, 4, 41, 47, 50, 58, 89, 255]), data];
}

/** An IP packet of one of the hosts: often a fragment, often with options, sometimes about to die. */
function ipOf(r, depth = 1) {
  const [protocol, payload] = depth > 0 ? transportOf(r) : [ipProtocols.udp, new Uint8Array(r.below(12))];
  const options = r.once(4) ? optionsOf(r) : new Uint8Array();
  const header = ipv4.bytes({
    protocol,
    options,
    ttl: r.pick([0, 1, 2, 64, 255]),
    tos: r.below(256),
    identification: r.below(3),
    source: r.pick(hosts),
    destination: r.pick(hosts),
    ...(r.once(4) ? { mf: r.below(2), fragmentOffset: r.pick([0, 1, 2, 3, 185, 8191]) } : {}),
  });
  const packet = concat(header, payload);
  ipv4.view(packet).totalLength = packet.length;
  if (!r.once(6)) sumTransport(packet, header.length);
  const view = ipv4.view(packet);
  view.checksum = 0;
  view.checksum = internetChecksum(packet.subarray(0, header.length));
  return packet;
}

/** A fragment of a packet of which nothing else comes. */
export const fragment = (() => {
  const packet = concat(
    ipv4.bytes({ protocol: 17, ttl: 64, identification: 0xffff, mf: 1, totalLength: 28 }),
    new Uint8Array(8),
  );
  ipv4.view(packet).checksum = internetChecksum(packet.subarray(0, ipv4.size));
  return concat(ethernet.bytes({ etherType: etherTypes.ip }), packet);
})();

/** Options of an IP header, of which some lie about their length. */
function optionsOf(r) {
  const bytes = Uint8Array.from({ length: 4 * (1 + r.below(10)) }, () => 1);
  for (let at = 0; at < bytes.length; at += 1 + r.below(12)) {
    bytes[at] = r.pick([0, 7, 68, 131, 137, 148, r.below(256)]);
    if (at + 1 < bytes.length) bytes[at + 1] = r.pick([0, 1, 2, 3, 7, 11, 39, r.below(256)]);
    if (at + 2 < bytes.length) bytes[at + 2] = r.pick([0, 1, 4, 5, 8, 255]);
  }
  return bytes;
}

/** A frame that an element may be sent: of these hosts or any other kind, and often damaged. */
export function hostileFrame(r) {
  const [destination, source] = [r.once(5) ? r.pick([everybody, group]) : r.pick(unicast), r.pick(unicast)];
  const kind = r.below(10);
  let bytes;
  if (kind < 6) bytes = concat(ethernet.bytes({ etherType: etherTypes.ip }), ipOf(r));
  else if (kind === 6) {
    const addresses = { senderProtocol: r.pick(hosts), targetProtocol: r.pick(hosts) };
    bytes = concat(
      ethernet.bytes({ etherType: etherTypes.arp }),
      arp.bytes({ operation: 1 + r.below(2), senderHardware: Uint8Array.from(source), ...addresses }),
    );
  } else if (kind === 7)
    bytes = concat(
      ethernet.bytes({ etherType: etherTypes.vlan }),
      vlan.bytes({ vid: r.below(4096), etherType: etherTypes.ip }),
      ipOf(r),
    );
  else bytes = frame(r, 2);
  bytes.set(destination, 0);
  bytes.set(source, 6);
  if (r.once(3)) bytes = mutateBytes(bytes, r);
  // A header that says more than there is, or less.
  if (r.once(6)) bytes = bytes.slice(0, r.below(bytes.length + 1));
  if (r.once(200)) bytes = concat(bytes, new Uint8Array(r.pick([1500, 1900, 2100, 9000])));
  return bytes.slice(0, 9000);
}
