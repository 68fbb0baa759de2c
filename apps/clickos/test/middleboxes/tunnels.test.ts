/** Tunnels: GRE, IP in IP, IPv6 in IPv4, Lightweight 4over6 and VXLAN. Where both ends are alike, they talk to each other. */
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { gre, greWords } from "@clickos/wire/gre";
import { icmpTypes } from "@clickos/wire/icmp";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp as udpFormat } from "@clickos/wire/udp";
import { vxlan } from "@clickos/wire/vxlan";
import { describe, expect, it } from "vitest";
import { parseIp6Address } from "../../../../packages/click-elements/src/lib/ip6-address.ts";
import {
  concat,
  converse,
  exampleText,
  frame,
  icmp,
  ip,
  kinds,
  mac,
  open,
  readFrame,
  readIp,
  tcp,
  texts,
  udp,
} from "./support.ts";

const ip6 = (text: string): Uint8Array => parseIp6Address(text)!;
function packet6(
  source: string,
  destination: string,
  nextHeader: number,
  payload: Uint8Array,
  hopLimit = 64,
): Uint8Array {
  const values = {
    nextHeader,
    hopLimit,
    payloadLength: payload.length,
    source: ip6(source),
    destination: ip6(destination),
  };
  return concat(ipv6.bytes(values), payload);
}
/** The other end of a tunnel between 192.0.2.1 and 198.51.100.1: the same with addresses exchanged. */
const otherEnd = (name: string): string =>
  exampleText(name)
    .replace(
      "define($HERE 10.1.0.0/16, $THERE 10.2.0.0/16, $PEER 198.51.100.1)",
      "define($HERE 10.2.0.0/16, $THERE 10.1.0.0/16, $PEER 192.0.2.1)",
    )
    .replace("inside 10.1.0.1/16", "inside 10.2.0.1/16")
    .replace("define($PEER 198.51.100.1)", "define($PEER 192.0.2.1)")
    .replace("outside 192.0.2.1/24", "outside 198.51.100.1/24");
/** Its router sends it what comes for it. */
const forwarded = (each: Uint8Array): Uint8Array => {
  const copy = each.slice();
  ethernet.view(copy).destination = mac(2);
  return copy;
};

const there = { src: "10.1.0.5", dst: "10.2.0.9" };

describe.each(kinds)("tunnels %s", (kind) => {
  it.each(["gre-tunnel", "ipip-tunnel"])("of %s carry packets from one end to the other, and back", async (name) => {
    await using near = await open(kind, name);
    await using far = await open(kind, name, otherEnd(name));
    const sent = udp(there, 7, 9);
    const { 1: out } = near.send(0, frame(sent));
    const { ether, ip: outer, text, data } = readFrame(out![0]);
    const protocol = name === "gre-tunnel" ? ipProtocols.gre : ipProtocols.ipip;
    expect([ether.destination, outer.protocol, text]).toEqual([
      mac(254),
      protocol,
      `${protocol} 192.0.2.1 > 198.51.100.1`,
    ]);
    if (name === "gre-tunnel") {
      const header = gre.view(data);
      expect([header.protocolType, greWords(header)]).toEqual([
        0x0800,
        { checksum: undefined, key: 7, sequenceNumber: 1 },
      ]);
      expect(readIp(header.payload).text).toBe("UDP 10.1.0.5:7 > 10.2.0.9:9");
    } else expect(readIp(data).text).toBe("UDP 10.1.0.5:7 > 10.2.0.9:9");
    const { 0: arrived } = converse(far, 1, [forwarded(out![0]!)]);
    expect([texts(arrived), readFrame(arrived![0]).ip.ttl, readFrame(arrived![0]).ether.destination]).toEqual([
      ["UDP 10.1.0.5:7 > 10.2.0.9:9"],
      62,
      mac(9),
    ]);
    const reply = far.send(0, frame(udp({ src: "10.2.0.9", dst: "10.1.0.5" }, 9, 7)))[1]!;
    expect(texts(converse(near, 1, [forwarded(reply[0]!)])[0])).toEqual(["UDP 10.2.0.9:9 > 10.1.0.5:7"]);
  });

  it.each(["gre-tunnel", "ipip-tunnel"])(
    "of %s believe their other end alone, and tell of what is too long",
    async (name) => {
      await using near = await open(kind, name);
      await using far = await open(kind, name, otherEnd(name));
      const [good] = near.send(0, frame(udp(there, 7, 9)))[1]!;
      const { packet } = readFrame(good);
      const payload = packet.subarray(20);
      const protocol = readFrame(good).ip.protocol;
      const from = (src: string, body = payload): Uint8Array => frame(ip({ src, dst: "198.51.100.1" }, protocol, body));
      const inner = ip({ src: "10.9.0.5", dst: "10.2.0.9" }, ipProtocols.udp, new Uint8Array(8));
      const wrongInner =
        name === "gre-tunnel"
          ? concat(gre.bytes({ keyPresent: 1, protocolType: 0x0800, options: Uint8Array.of(0, 0, 0, 7) }), inner)
          : inner;
      const wrongKey = concat(
        gre.bytes({ keyPresent: 1, protocolType: 0x0800, options: Uint8Array.of(0, 0, 0, 8) }),
        packet,
      );
      expect(
        converse(far, 1, [
          from("203.0.113.5"),
          from("192.0.2.1", wrongInner),
          from("192.0.2.1", wrongKey),
          from("192.0.2.1", new Uint8Array(3)),
        ])[0],
      ).toEqual([]);
      const long = (df: number) => frame(udp({ ...there, ip: { df } }, 7, 9, new Uint8Array(1472)));
      expect(texts(converse(near, 0, [long(1)])[0])).toEqual(["ICMP 10.1.0.1 > 10.1.0.5 3/4"]);
      expect(near.send(0, long(0))[1]!.length).toBe(2);
      expect(near.send(0, frame(udp({ src: "10.9.0.1", dst: "10.2.0.9" }, 7, 9)))[1]).toEqual([]);
    },
  );

  it("carry IPv6 in IPv4", async () => {
    await using box = await open(kind, "6in4-tunnel");
    const out = packet6("2001:db8:1::5", "2001:db8:ffff::9", 17, new Uint8Array(20));
    const back = packet6("2001:db8:ffff::9", "2001:db8:1::5", 17, new Uint8Array(20));
    const { 1: left } = box.send(0, frame(out, { type: etherTypes.ip6 }));
    const seen = readFrame(left![0]);
    expect([seen.text, ipv6.view(seen.data).hopLimit, ipv6.view(seen.data).destination]).toEqual([
      "41 192.0.2.1 > 198.51.100.1",
      63,
      ip6("2001:db8:ffff::9"),
    ]);
    const tunnelled = (packet: Uint8Array, src = "198.51.100.1") => frame(ip({ src, dst: "192.0.2.1" }, 41, packet));
    const foreign = packet6("2001:db8:ffff::9", "2001:db8:2::5", 17, new Uint8Array(20));
    const { 0: arrived } = box.send(
      1,
      tunnelled(back),
      tunnelled(back, "203.0.113.5"),
      tunnelled(foreign),
      tunnelled(new Uint8Array(10)),
    );
    expect(arrived).toHaveLength(1);
    const { etherType, destination, payload } = ethernet.view(arrived![0]!);
    expect([etherType, destination]).toEqual([etherTypes.ip6, mac(9)]);
    expect([ipv6.view(payload).hopLimit, ipv6.view(payload).source]).toEqual([63, ip6("2001:db8:ffff::9")]);
    // Others' addresses, and those of the link, do not go through.
    const none = [
      packet6("2001:db8:2::5", "2001:db8:ffff::9", 17, new Uint8Array(8)),
      packet6("2001:db8:1::5", "fe80::1", 58, new Uint8Array(8)),
      packet6("2001:db8:1::5", "ff02::1", 58, new Uint8Array(8)),
    ];
    expect(box.send(0, ...none.map((each) => frame(each, { type: etherTypes.ip6 })))[1]).toEqual([]);
    const late = packet6("2001:db8:1::5", "2001:db8:ffff::9", 17, new Uint8Array(8), 1);
    const told = ethernet.view(box.send(0, frame(late, { type: etherTypes.ip6 }))[0]![0]!);
    expect([ipv6.view(told.payload).nextHeader, ipv6.view(told.payload).payload[0]]).toEqual([58, 3]);
  });

  it("of Lightweight 4over6 know subscribers by address and port", async () => {
    await using box = await open(kind, "lw4o6");
    // Of 192.0.2.1, subscriber n has ports from n * 1024 on.
    const b4 = (n: number): string => `2001:db8:1::${n}`;
    const up = (n: number, packet: Uint8Array) =>
      frame(packet6(b4(n), "2001:db8::1", 4, packet), { type: etherTypes.ip6 });
    const query = (port: number) => udp({ src: "192.0.2.1", dst: "203.0.113.9" }, port, 53);
    const { 1: out } = box.send(0, up(1, query(1024)), up(2, query(3071)), up(3, query(1024)), up(1, query(5000)));
    expect(texts(out)).toEqual(["UDP 192.0.2.1:1024 > 203.0.113.9:53", "UDP 192.0.2.1:3071 > 203.0.113.9:53"]);
    const answer = (port: number) => frame(udp({ src: "203.0.113.9", dst: "192.0.2.1" }, 53, port));
    const { 0: down, 1: told } = box.send(1, answer(1024), answer(3071), answer(60_000));
    const tunnelled = down!.map((each) => ipv6.view(ethernet.view(each).payload));
    expect(tunnelled.map(({ source, destination, nextHeader }) => [source, destination, nextHeader])).toEqual([
      [ip6("2001:db8::1"), ip6(b4(1)), 4],
      [ip6("2001:db8::1"), ip6(b4(2)), 4],
    ]);
    expect(readIp(tunnelled[1]!.payload).text).toBe("UDP 203.0.113.9:53 > 192.0.2.1:3071");
    expect(texts(told)).toEqual(["ICMP 198.51.100.1 > 203.0.113.9 3/1"]);
    // Pings by their identifier, errors by what they are about; from one subscriber to another.
    const ping = icmp({ src: "192.0.2.1", dst: "203.0.113.9" }, icmpTypes.echo, 0, Uint8Array.of(8, 5, 0, 1));
    expect(texts(box.send(0, up(2, ping))[1])).toEqual(["ICMP 192.0.2.1 > 203.0.113.9 8/0"]);
    const error = icmp(
      { src: "203.0.113.1", dst: "192.0.2.1" },
      icmpTypes.unreachable,
      1,
      concat(new Uint8Array(4), query(3071)),
    );
    const about = ipv6.view(ethernet.view(box.send(1, frame(error))[0]![0]!).payload);
    expect(about.destination).toEqual(ip6(b4(2)));
    const across = tcp({ src: "192.0.2.1", dst: "192.0.2.1" }, 1500, 2100, { syn: 1 });
    const { 0: hairpin } = box.send(0, up(1, across));
    expect(ipv6.view(ethernet.view(hairpin![0]!).payload).destination).toEqual(ip6(b4(2)));
    box.write("tunnels.add", "192.0.2.2 5 2001:db8:1::5");
    expect(box.read("tunnels.bindings")).toContain("192.0.2.2 5 2001:db8:1::5\n");
    const { 0: fresh } = box.send(1, frame(udp({ src: "203.0.113.9", dst: "192.0.2.2" }, 53, 5 * 1024)));
    expect(ipv6.view(ethernet.view(fresh![0]!).payload).destination).toEqual(ip6(b4(5)));
  });

  it("of VXLAN join two Ethernets", async () => {
    await using near = await open(kind, "vxlan");
    await using far = await open(kind, "vxlan", otherEnd("vxlan"));
    const frames = Array.from({ length: 20 }, (_, i) =>
      frame(new Uint8Array(46).fill(i), { from: mac(i), type: 0x88b5 }),
    );
    const { 1: out } = near.send(0, ...frames);
    const ports = new Set<number>();
    for (const [i, each] of out!.entries()) {
      const { ip: outer, packet } = readFrame(each);
      const datagram = udpFormat.view(packet.subarray(20));
      ports.add(datagram.sourcePort);
      expect([
        outer.destination,
        datagram.destinationPort,
        datagram.checksum,
        vxlan.view(datagram.payload).vni,
      ]).toEqual([0xc6336401, 4789, 0, 42]);
      expect(frames).toContainEqual(vxlan.view(datagram.payload).payload);
      expect(i).toBeLessThan(20);
    }
    expect(ports.size).toBeGreaterThan(1);
    const { 0: arrived } = far.send(1, ...out!.map(forwarded));
    expect(arrived).toHaveLength(20);
    expect(arrived).toEqual(expect.arrayContaining(frames));
    // Of another network, and of another sender.
    const message = (vni: number) => concat(vxlan.bytes({ i: 1, vni }), frames[0]!);
    const carried = (src: string, vni: number) => frame(udp({ src, dst: "198.51.100.1" }, 49152, 4789, message(vni)));
    expect(far.send(1, carried("192.0.2.1", 43), carried("203.0.113.5", 42), carried("192.0.2.1", 42))[0]).toEqual([
      frames[0],
    ]);
  });
});
