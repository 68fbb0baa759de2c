// The middleboxes of examples/middleboxes in the benchmark: what comes in at each of their devices.
//
// To add one: a line in `middleboxes`, by the name that is printed.
import { readFileSync } from "node:fs";
import { internetChecksum } from "@clickos/wire/checksum";
import { dns, dnsPort, dnsQuestion } from "@clickos/wire/dns";
import { etherTypes } from "@clickos/wire/ethernet";
import { gre } from "@clickos/wire/gre";
import { igmp, igmpTypes } from "@clickos/wire/igmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { pppProtocols } from "@clickos/wire/ppp";
import { vxlan, vxlanPort } from "@clickos/wire/vxlan";
import {
  address,
  concat,
  connections,
  drawnFrames,
  frame,
  ip,
  mac,
  neighbours,
  routedFrames,
  says,
  tcpPacket,
  times,
  udpFrame,
  udpPacket,
} from "./middlebox-frames.mjs";
import { dialIn, inSession } from "./ppp-sessions.mjs";
import { dotted, filterArguments, mixedList, randomFrom } from "./rule-lists.mjs";
import { contentRules, contents, webFrames } from "./web-traffic.mjs";

export const example = (name) =>
  readFileSync(new URL(`../../../examples/middleboxes/${name}.click`, import.meta.url), "utf8");
const filter = (list) => `FromDevice(0) -> CheckIPHeader(14) -> IPFilter(${filterArguments(list)}) -> ToDevice(1);`;

// ---- what is measured

/**
 * @typedef {Record<number, Uint8Array[]>} Frames by device
 * @typedef {object} Middlebox
 * @property {string} [text] its configuration; by default that of the example by its name
 * @property {bigint} [seed] the router's
 * @property {() => Frames | Promise<Frames>} frames what comes in at each device, over and over
 * @property {() => Frames | Promise<Frames>} [first] what comes in before, once
 * @property {(router: Router) => void} [prepare] what is written to handlers before
 * @property {number} [passes] the share of packets that must come through; 1 where absent
 */

/** @type {Record<string, Middlebox>} */
export const middleboxes = {
  wire: { frames: () => ({ 0: [udpFrame("10.0.0.1", "10.0.0.2", 1, 2)] }) },
  "ether-mirror": { frames: () => ({ 0: [udpFrame("10.0.0.1", "10.0.0.2", 1, 2)] }) },
  firewall: {
    frames: () => ({
      0: times(256, (i) =>
        frame(tcpPacket(address("203.0.113.5") + i, address("192.0.2.80"), 1024 + i, 443, { ack: 1 })),
      ),
      1: times(256, (i) =>
        frame(tcpPacket(address("192.0.2.80"), address("203.0.113.5") + i, 443, 1024 + i, { ack: 1 })),
      ),
    }),
  },
  ...Object.fromEntries(
    [10, 100, 1000, 10_000].map((n) => {
      const list = mixedList(n);
      return [
        `firewall${n < 1000 ? n : `${n / 1000}k`}`,
        { text: filter(list), frames: () => ({ 0: drawnFrames(list, 16_384) }), passes: 0 },
      ];
    }),
  ),
  "stateful-firewall": {
    frames: () => ({
      1: times(10_000, (i) => udpFrame(`192.0.2.${i & 127}`, "203.0.113.5", 1024 + (i >> 7), 443)),
      0: times(10_000, (i) => udpFrame("203.0.113.5", `192.0.2.${i & 127}`, 443, 1024 + (i >> 7))),
    }),
    // Answers pass once there are flows.
    passes: 0.9,
  },
  "ip-router": { frames: routedFrames, first: neighbours },
  "ip-router1M": {
    text: example("ip-router"),
    first: neighbours,
    prepare(router) {
      const random = randomFrom(1);
      const lengths = [24, 24, 24, 24, 24, 24, 22, 23, 20, 19, 18, 16];
      const lines = new Set();
      while (lines.size < 1_000_000) {
        const length = lengths[random(lengths.length)];
        const network = ((20 * 2 ** 24 + random(150 * 2 ** 24)) & (0xffffffff << (32 - length))) >>> 0;
        const side = network & (1 << (32 - length)) ? "192.0.2.254 1" : "10.0.0.9 0";
        lines.add(`set ${[24, 16, 8, 0].map((s) => (network >>> s) & 255).join(".")}/${length} ${side}`);
      }
      router.write("routes.ctrl", [...lines].join("\n"));
    },
    frames() {
      const random = randomFrom(2);
      const to = () => 20 * 2 ** 24 + random(150 * 2 ** 24);
      return {
        0: times(65_536, () => frame(udpPacket(address("10.0.0.9"), to(), 1024, 53))),
        1: times(65_536, () => frame(udpPacket(address("203.0.113.5"), to(), 53, 1024))),
      };
    },
    // Who sends to where it came from is told of a better way, now and then.
    passes: 0.9,
  },
  "load-balancer": {
    first: () => ({ 0: [11, 12, 13].map((n) => says(n, `10.0.0.${n}`, 1, "10.0.0.1")) }),
    frames: () => ({ 0: connections("192.0.2.80", 10_000) }),
  },
  "load-balancer-nat": {
    first: () => ({ 1: [11, 12, 13].map((n) => says(n, `10.0.0.${n}`, 2, "10.0.0.1")) }),
    frames: () => ({ 0: connections("192.0.2.80", 10_000) }),
  },
  "flow-monitor": {
    frames: () => ({
      0: times(10_000, (i) => udpFrame(`10.0.0.${i & 255}`, "203.0.113.5", 1024 + (i >> 8), 53)),
      1: times(10_000, (i) => udpFrame("203.0.113.5", `10.0.0.${i & 255}`, 53, 1024 + (i >> 8))),
    }),
  },
  ids: {
    text: example("ids").replace(
      / {4}drop tcp[\s\S]*?sid:1000006;\)/,
      () => `${contentRules(contents(1000)).join(", ")}, LOG 0`,
    ),
    frames: () => ({ 1: webFrames(contents(1000), 4000) }),
  },
  // A list of 100,000 names; one question in ten is for one of them.
  "dns-filter": {
    text: example("dns-filter").replace("malware.test", () => times(100_000, (i) => `n${i}.blocked.test`).join(", ")),
    frames: () => ({
      0: times(10_000, (i) =>
        question(`10.0.0.${i & 255}`, i % 10 ? `www.n${i}.example` : `www.n${i * 9}.blocked.test`),
      ),
    }),
  },
  // A flood from 65,536 addresses, half of it SYNs, which are answered.
  "ddos-guard": {
    first: () => ({
      0: [says(254, "203.0.113.254", 1, "203.0.113.1")],
      1: [says(80, "192.0.2.80", 2, "192.0.2.1")],
    }),
    frames: () => ({
      0: times(65_536, (i) => {
        const [from, to] = [address("198.18.0.0") + i, address("192.0.2.80")];
        return frame(i & 1 ? udpPacket(from, to, 1024, 443) : tcpPacket(from, to, 1024 + (i & 8191), 443, { syn: 1 }));
      }),
    }),
  },
  // Of 64 groups, each with listeners at three ports.
  "multicast-switch": {
    first: () => Object.fromEntries([1, 2, 3].map((port) => [port, times(64, (i) => reportFrame(group(i)))])),
    frames: () => ({ 0: times(64, (i) => frame(udpPacket(address("10.0.0.1"), group(i), 1, 2), { to: groupMac(i) })) }),
    passes: 3,
  },
  // A line that is faster than what comes: what is measured is what it costs to sort, store and choose.
  "traffic-shaper": {
    text: example("traffic-shaper").replace(
      /HTBSched\([^)]*\)/,
      "HTBSched(1Gbps 30Gbps 0, 6Gbps 30Gbps 1, 3Gbps 30Gbps 2, LINK 30Gbps)",
    ),
    frames: () => ({
      0: times(10_000, (i) => udpFrame("10.0.0.9", `203.0.113.${i & 255}`, 1024 + (i >> 8), [53, 443, 9999][i % 3])),
    }),
  },
  // A thousand subscribers with a hundred flows each.
  cgnat: {
    frames: () => ({
      0: times(100_000, (i) =>
        udpFrame(`100.64.${1 + ((i % 1000) >> 8)}.${(i % 1000) & 255}`, "198.18.0.9", 5000 + Math.floor(i / 1000), 53),
      ),
    }),
  },
  bras: accessServer(1000),
  "gre-tunnel": tunnel("10.1.0.9", (inner) => [
    ipProtocols.gre,
    concat(gre.bytes({ keyPresent: 1, protocolType: etherTypes.ip, options: Uint8Array.of(0, 0, 0, 7) }), inner),
  ]),
  "ipip-tunnel": tunnel("10.1.0.9", (inner) => [ipProtocols.ipip, inner]),
  "6in4-tunnel": {
    frames: () => ({
      0: times(256, (i) =>
        frame(ip6Packet("2001:db8:1::5", `2001:db8:ffff::${i.toString(16)}`), { type: etherTypes.ip6 }),
      ),
      1: times(256, (i) => fromPeer(ipProtocols.ipv6, ip6Packet(`2001:db8:ffff::${i.toString(16)}`, "2001:db8:1::5"))),
    }),
  },
  // Of each of 156 addresses 64 subscribers.
  lw4o6: {
    text: example("lw4o6").replace(
      /192\.0\.2\.1 1 [\s\S]*?::3,/,
      () => times(10_000, (i) => `192.0.2.${1 + (i >> 6)} ${i & 63} ${b4(i)}`).join(",") + ",",
    ),
    frames: () => ({
      0: times(10_000, (i) =>
        frame(ip6Packet(b4(i), "2001:db8::1", ipProtocols.ipip, lw4o6Packet(i, true)), { type: etherTypes.ip6 }),
      ),
      1: times(10_000, (i) => frame(lw4o6Packet(i, false))),
    }),
  },
  vxlan: {
    frames: () => ({
      0: times(256, (i) => udpFrame("10.0.0.1", "10.0.0.2", 1, 2, { from: mac(i), to: mac(i + 256) })),
      1: times(256, (i) => {
        const carried = concat(
          vxlan.bytes({ i: 1, vni: 42 }),
          udpFrame("10.0.0.2", "10.0.0.1", 2, 1, { from: mac(i + 256), to: mac(i) }),
        );
        return frame(udpPacket(address("198.51.100.1"), address("192.0.2.1"), 49152, vxlanPort, carried));
      }),
    }),
  },
};

/** Subscribers dial in, and then each sends and gets packets. */
function accessServer(count) {
  const ether = mac(1);
  const address_ = (i) => address("10.64.4.0") + i;
  const subscribers = times(count, (i) => ({
    mac: mac(256 + i),
    name: `user${i}`,
    password: `pass${i}`,
    address: address_(i),
  }));
  const list = subscribers.map(({ name, password, address }) => `${name} ${password} ${dotted(address)} 0 0`);
  const text = example("bras").replace(/alice secret[\s\S]*?4Mbps/, () => list.join(", "));
  const remote = address("198.18.0.9");
  const seed = 1n;
  return {
    text,
    seed,
    async first() {
      return { 0: (await dialIn(text, seed, ether, subscribers)).sent };
    },
    async frames() {
      const { sessions } = await dialIn(text, seed, ether, subscribers);
      return {
        0: subscribers.map((host, i) =>
          inSession(
            { from: host.mac, to: ether },
            sessions[i],
            pppProtocols.ip,
            udpPacket(host.address, remote, 1024, 53, new Uint8Array(14)),
          ),
        ),
        1: subscribers.map((host) => frame(udpPacket(remote, host.address, 53, 1024))),
      };
    },
  };
}

/** A client asks a name server for the address of a name. */
function question(client, name) {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  const message = concat(
    dns.bytes({ id: 1, rd: 1, questions: 1 }),
    Uint8Array.of(...labels, 0),
    dnsQuestion.bytes({ type: 1, class: 1 }),
  );
  return frame(udpPacket(address(client), address("192.0.2.53"), 4000, dnsPort, message));
}

/** Groups by number, the Ethernet address of one, and what a host sends that listens to it. */
function group(i) {
  return address("239.1.1.0") + i;
}
function groupMac(i) {
  return Uint8Array.of(1, 0, 0x5e, 1, 1, i);
}
function reportFrame(to) {
  const report = igmp.bytes({ type: igmpTypes.reportV2, group: to });
  igmp.view(report).checksum = internetChecksum(report);
  return frame(ip(address("10.0.0.9"), to, ipProtocols.igmp, report), { to: groupMac(to & 255) });
}

/** A frame that comes from the other end of a tunnel. */
function fromPeer(protocol, packet) {
  return frame(ip(address("198.51.100.1"), address("192.0.2.1"), protocol, packet));
}

/** Packets through a tunnel of IPv4, to and from a host inside. */
function tunnel(host, inTunnel) {
  return {
    first: () => ({ 0: [says(9, host, 1, "10.1.0.1")] }),
    frames: () => ({
      0: times(256, (i) => udpFrame(host, `10.2.0.${i}`, 1024, 53)),
      1: times(256, (i) => fromPeer(...inTunnel(udpPacket(address(`10.2.0.${i}`), address(host), 53, 1024)))),
    }),
  };
}

function ip6Packet(source, destination, nextHeader = ipProtocols.udp, payload = new Uint8Array(20)) {
  const words = (text) => {
    const [head, tail = ""] = text.split("::");
    const [first, last] = [head, tail].map((side) => side.split(":").filter((word) => word !== ""));
    const all = [...first, ...Array(8 - first.length - last.length).fill("0"), ...last].map((word) =>
      Number.parseInt(word, 16),
    );
    return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
  };
  const header = {
    nextHeader,
    hopLimit: 64,
    payloadLength: payload.length,
    source: words(source),
    destination: words(destination),
  };
  return concat(ipv6.bytes(header), payload);
}
function b4(i) {
  return `2001:db8:1::${i.toString(16)}`;
}
/** A packet of a subscriber of Lightweight 4over6, or for it. */
function lw4o6Packet(i, sent) {
  const [own, remote] = [address("192.0.2.1") + (i >> 6), address("203.0.113.9")];
  const port = (i & 63) * 1024;
  return sent ? udpPacket(own, remote, port, 53) : udpPacket(remote, own, 53, port);
}
