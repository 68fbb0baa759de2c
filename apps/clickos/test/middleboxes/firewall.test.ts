/** Firewalls: by rules alone, of which there may be many, and with connection tracking. */
import { etherTypes } from "@clickos/wire/ethernet";
import { icmpTypes } from "@clickos/wire/icmp";
import { describe, expect, it } from "vitest";
// @ts-expect-error: plain JavaScript
import * as lists from "../../bench/rule-lists.mjs";
import {
  addressText,
  bytes,
  concat,
  frame,
  icmp,
  ip,
  kinds,
  open,
  play,
  readFrame,
  readIp,
  tcp,
  texts,
  udp,
} from "./support.ts";

interface Headers {
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
  readonly protocol: number;
}
type Range = readonly [number, number];
/** As the generator has it: networks and their lengths, ports from and to. */
interface Rule {
  readonly allow: boolean;
  readonly src: Range;
  readonly dst: Range;
  readonly sport: Range;
  readonly dport: Range;
  readonly protocol: string;
}

const host = "192.0.2.9";
const web = "192.0.2.80";
const peer = "203.0.113.5";
const inward = (dst = host) => ({ src: peer, dst });
const outward = (src = host) => ({ src, dst: peer });
const syn = { syn: 1 };
const ack = { ack: 1 };
const arp = frame(new Uint8Array(28), { type: etherTypes.arp });

describe.each(kinds)("a firewall %s", (kind) => {
  it("lets in what its rules allow, and nothing else", async () => {
    const wanted = [
      tcp(inward(web), 4000, 443, syn),
      tcp(inward("192.0.2.25"), 4000, 25, syn),
      udp(inward("192.0.2.53"), 4000, 53),
      tcp({ src: "198.51.100.7", dst: host }, 4000, 22, syn),
      tcp(inward(), 443, 40_000, ack, bytes("an answer")),
      icmp(inward(), icmpTypes["echo-reply"], 0, new Uint8Array(4)),
    ].map((packet) => frame(packet));
    const unwanted = [
      tcp(inward(web), 4000, 8080, syn),
      tcp(inward(), 4000, 443, syn),
      tcp(inward(), 4000, 40_000, { syn: 1, ack: 1 }),
      tcp(inward(), 4000, 22, syn),
      udp(inward(), 4000, 53),
      tcp({ src: "192.0.2.1", dst: web }, 4000, 443, syn),
      icmp(inward(), icmpTypes.echo, 0, new Uint8Array(4)),
      ip({ ...inward(web), ip: { fragmentOffset: 10 } }, 6, new Uint8Array(40)),
    ].map((packet) => frame(packet));
    const out = frame(udp(outward(), 5353, 53));
    const spoofed = frame(udp({ src: "10.0.0.1", dst: peer }, 5353, 53));
    const left = await play(kind, "firewall", [
      ...[arp, ...wanted, ...unwanted].map((each) => [0, each] as const),
      ...[out, spoofed, arp, frame(new Uint8Array(46), { type: etherTypes.ip6 })].map((each) => [1, each] as const),
    ]);
    expect(left).toEqual({ 0: [out, arp], 1: [arp, ...wanted] });
  });

  it.each(kind === "in process" ? [10, 1000] : [100])("decides exactly by %i rules", async (n) => {
    const rules: Rule[] = lists.ruleList("fw", n);
    const text = `FromDevice(0) -> CheckIPHeader(14) -> fw :: IPFilter(${lists.filterArguments(rules)}) -> ToDevice(1);`;
    await using box = await open(kind, "firewall", text);
    const packets: Headers[] = lists.packetsOf(rules, 200);
    const inside = (value: number, [network, length]: Range): boolean =>
      length === 0 || (value ^ network) >>> (32 - length) === 0;
    const within = (value: number, [low, high]: Range): boolean => value >= low && value <= high;
    const names: Record<number, string> = { 1: "icmp", 6: "tcp", 17: "udp" };
    const allowed = packets.filter((p) => {
      const first = rules.find(
        (r) =>
          inside(p.src, r.src) &&
          inside(p.dst, r.dst) &&
          (r.protocol === "any" || r.protocol === names[p.protocol]) &&
          (p.protocol === 1 || (within(p.sport, r.sport) && within(p.dport, r.dport))),
      );
      return first?.allow ?? true;
    });
    const frameOf = (p: Headers): Uint8Array => {
      const between = { src: addressText(p.src), dst: addressText(p.dst) };
      if (p.protocol === 1) return frame(icmp(between, 8, 0, new Uint8Array(4)));
      return frame(p.protocol === 6 ? tcp(between, p.sport, p.dport, ack) : udp(between, p.sport, p.dport));
    };
    expect(allowed.length).toBeGreaterThan(20);
    expect(allowed.length).toBeLessThan(packets.length);
    expect(box.send(0, ...packets.map(frameOf))).toEqual({ 0: [], 1: allowed.map(frameOf) });
  });
});

describe.each(kinds)("a firewall with connection tracking %s", (kind) => {
  it("lets answers in, for as long as their connection is there", async () => {
    await using box = await open(kind, "stateful-firewall");
    const answer = frame(tcp(inward(), 80, 40_000, { syn: 1, ack: 1 }));
    expect(box.send(0, answer)).toEqual({ 0: [], 1: [] });
    const opening = frame(tcp(outward(), 40_000, 80, syn));
    expect(box.send(1, opening)).toEqual({ 0: [opening], 1: [] });
    expect(box.send(0, answer)).toEqual({ 0: [], 1: [answer] });
    const data = frame(tcp(outward(), 40_000, 80, ack, bytes("GET /")));
    expect(box.send(1, data)[0]).toEqual([data]);
    // Of another port, of another host, of another protocol.
    expect(
      box.send(
        0,
        frame(tcp(inward(), 81, 40_000, ack)),
        frame(tcp({ src: "203.0.113.6", dst: host }, 80, 40_000, ack)),
        frame(udp(inward(), 80, 40_000)),
      ),
    ).toEqual({ 0: [], 1: [] });
    // Both sides are done.
    box.send(1, frame(tcp(outward(), 40_000, 80, { fin: 1, ack: 1 })));
    box.send(0, frame(tcp(inward(), 80, 40_000, { fin: 1, ack: 1 })));
    box.wait(20);
    expect(box.send(0, answer)).toEqual({ 0: [], 1: [] });
    expect(box.read("flows.table_size")).toBe("0");
  });

  it("takes no data for a connection that nobody has opened", async () => {
    await using box = await open(kind, "stateful-firewall");
    expect(box.send(1, frame(tcp(outward(), 40_000, 80, ack, bytes("data"))))).toEqual({ 0: [], 1: [] });
    expect(box.drops()).toEqual({ "flows: new flow refused": 1 });
  });

  it("lets in who comes for the web server, and the server's answers out", async () => {
    await using box = await open(kind, "stateful-firewall");
    const visit = frame(tcp(inward(web), 1025, 443, syn));
    const reply = frame(tcp(outward(web), 443, 1025, { syn: 1, ack: 1 }));
    expect(box.send(0, visit, frame(tcp(inward(), 1025, 443, syn)), frame(tcp(inward(web), 1025, 22, syn)))[1]).toEqual(
      [visit],
    );
    expect(box.send(1, reply, frame(tcp(outward(web), 443, 1026, { syn: 1, ack: 1 })))[0]).toEqual([reply]);
  });

  it("lets pings and errors in that belong to a flow", async () => {
    await using box = await open(kind, "stateful-firewall");
    const ping = frame(icmp(outward(), icmpTypes.echo, 0, Uint8Array.of(0, 7, 0, 1)));
    const pong = frame(icmp(inward(), icmpTypes["echo-reply"], 0, Uint8Array.of(0, 7, 0, 1)));
    expect(box.send(0, pong)[1]).toEqual([]);
    expect(box.send(1, ping)[0]).toEqual([ping]);
    expect(box.send(0, pong)[1]).toEqual([pong]);
    const query = udp(outward(), 5353, 53);
    box.send(1, frame(query));
    const about = (packet: Uint8Array): Uint8Array =>
      frame(icmp({ src: "203.0.113.1", dst: host }, icmpTypes.unreachable, 1, concat(new Uint8Array(4), packet)));
    expect(box.send(0, about(query), about(udp(outward(), 5354, 53)))[1]).toEqual([about(query)]);
    expect(readIp(readFrame(about(query)).data.subarray(4)).text).toBe("UDP 192.0.2.9:5353 > 203.0.113.5:53");
  });

  it("believes nobody outside who says to be inside, and hides nothing of ARP", async () => {
    const left = await play(kind, "stateful-firewall", [
      [1, arp],
      [0, arp],
      [0, frame(tcp({ src: "192.0.2.1", dst: web }, 1025, 80, syn))],
      [1, frame(tcp({ src: "10.0.0.1", dst: peer }, 1025, 80, syn))],
      [1, frame(udp(outward(), 1, 53))],
    ]);
    expect(left[1]).toEqual([arp]);
    expect([left[0]![0], texts(left[0]!.slice(1))]).toEqual([arp, ["UDP 192.0.2.9:1 > 203.0.113.5:53"]]);
  });
});
