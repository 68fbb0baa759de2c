/** The IP router: forwarding in both directions, ARP, messages to senders, routes that come and go. */
import { arp, arpOperations } from "@clickos/wire/arp";
import { ethernet } from "@clickos/wire/ethernet";
import { icmpTypes } from "@clickos/wire/icmp";
import { describe, expect, it } from "vitest";
// @ts-expect-error: plain JavaScript
import * as lists from "../../bench/rule-lists.mjs";
import {
  addressText,
  arpFrame,
  concat,
  converse,
  frame,
  icmp,
  kinds,
  type Middlebox,
  mac,
  open,
  readFrame,
  readIp,
  texts,
  udp,
} from "./support.ts";

const host = { src: "10.0.0.9", dst: "203.0.113.5" };
const peer = { src: "203.0.113.5", dst: "10.0.0.9" };

const neighbours = ["10.0.0.9", "10.0.0.7", "192.0.2.254", "192.0.2.8"];
const send = (box: Middlebox, device: number, ...frames: Uint8Array[]) =>
  converse(box, device, frames, (ip) => (neighbours.includes(ip) ? mac(Number(ip.split(".")[3])) : undefined));

describe.each(kinds)("an IP router %s", (kind) => {
  it("forwards both ways: to the gateway, and to the host", async () => {
    await using box = await open(kind, "ip-router");
    const out = send(box, 0, frame(udp(host, 1024, 53), { to: mac(1) }));
    expect([out[0], texts(out[1])]).toEqual([[], ["UDP 10.0.0.9:1024 > 203.0.113.5:53"]]);
    const { ether, ip } = readFrame(out[1]![0]);
    expect([ether.source, ether.destination, ip.ttl]).toEqual([mac(2), mac(254), 63]);
    const back = send(box, 1, frame(udp(peer, 53, 1024), { to: mac(2) }));
    expect([texts(back[0]), back[1]]).toEqual([["UDP 203.0.113.5:53 > 10.0.0.9:1024"], []]);
    const reply = readFrame(back[0]![0]);
    expect([reply.ether.source, reply.ether.destination, reply.ip.ttl]).toEqual([mac(1), mac(9), 63]);
  });

  it("answers for its own addresses: ARP, pings, and ports where nobody listens", async () => {
    await using box = await open(kind, "ip-router");
    const asker = { mac: mac(9), ip: "10.0.0.9" };
    const { 0: answers } = send(box, 0, arpFrame(arpOperations.request, asker, { ip: "10.0.0.1" }));
    const answer = arp.view(ethernet.view(answers![0]!).payload);
    expect([answer.operation, answer.senderHardware]).toEqual([arpOperations.reply, mac(1)]);
    const echo = concat(Uint8Array.of(0, 1, 0, 2), new Uint8Array(30).fill(7));
    const { 0: left } = send(
      box,
      0,
      frame(icmp({ ...host, dst: "10.0.0.1" }, icmpTypes.echo, 0, echo)),
      frame(udp({ ...host, dst: "192.0.2.1" }, 1, 2)),
    );
    expect(texts(left)).toEqual(["ICMP 10.0.0.1 > 10.0.0.9 0/0", "ICMP 10.0.0.1 > 10.0.0.9 3/3"]);
    expect(readFrame(left![0]).data).toEqual(echo);
  });

  it("tells senders: no time left, too long to pass whole, a better way", async () => {
    await using box = await open(kind, "ip-router");
    const late = udp({ ...host, ip: { ttl: 1 } }, 1024, 53);
    const { 0: told, 1: none } = send(box, 0, frame(late));
    expect([texts(told), none]).toEqual([["ICMP 10.0.0.1 > 10.0.0.9 11/0"], []]);
    expect(readIp(readFrame(told![0]).data.subarray(4)).text).toBe("UDP 10.0.0.9:1024 > 203.0.113.5:53");
    const long = (df: number): Uint8Array => frame(udp({ ...host, ip: { df } }, 1024, 53, new Uint8Array(1600)));
    const [kept, cut] = [send(box, 0, long(1)), send(box, 0, long(0))];
    expect([texts(kept[0]), kept[1]]).toEqual([["ICMP 10.0.0.1 > 10.0.0.9 3/4"], []]);
    expect([cut[0], cut[1]!.map((each) => ethernet.view(each).payload.length)]).toEqual([[], [1500, 148]]);
    const { 0: redirected } = send(box, 0, frame(udp({ ...host, dst: "10.0.0.7" }, 1, 2)));
    // It passes, and the sender is told.
    expect(texts(redirected).sort()).toEqual(["ICMP 10.0.0.1 > 10.0.0.9 5/1", "UDP 10.0.0.9:1 > 10.0.0.7:2"]);
  });

  it("finds the longest prefix among many routes, which come while it runs", async () => {
    await using box = await open(kind, "ip-router");
    // Neighbours behind gateways on either side.
    const random = lists.randomFrom(5);
    const routes = new Map<string, { network: number; length: number; device: number }>();
    while (routes.size < 3000) {
      const length = 9 + random(24);
      const network = (((random(64) + 20) * 2 ** 24 + random(2 ** 24)) & (0xffffffff << (32 - length))) >>> 0;
      routes.set(`${network}/${length}`, { network, length, device: random(2) });
    }
    const gateways = ["10.0.0.7", "192.0.2.8"];
    const all = [...routes.values()];
    const line = (r: (typeof all)[number]): string =>
      `add ${addressText(r.network)}/${r.length} ${gateways[r.device]} ${r.device}`;
    box.write("routes.ctrl", all.map(line).join("\n"));
    const wayTo = (to: number): number | undefined => {
      const matching = all.filter(({ network, length }) => (to ^ network) >>> (32 - length) === 0);
      return matching.sort((a, b) => b.length - a.length)[0]?.device;
    };
    const targets = Array.from({ length: 60 }, () => (all[random(all.length)]!.network + random(2)) >>> 0);
    // Packets come from the other side, so that nobody is told of a better way.
    for (const to of targets) {
      const way = wayTo(to) ?? 1;
      const dst = addressText(to);
      const left = send(box, 1 - way, frame(udp({ src: way ? "10.0.0.9" : "203.0.113.5", dst }, 7, 9)));
      expect([texts(left[way]), left[1 - way]]).toEqual([[expect.stringContaining(`> ${dst}:9`)], []]);
      const gateway = wayTo(to) === undefined ? 254 : way ? 8 : 7;
      expect(readFrame(left[way]![0]).ether.destination).toEqual(mac(gateway));
    }
    box.write("routes.remove", line(all[0]!).slice("add ".length));
    expect(box.read("routes.table")).not.toContain(`${addressText(all[0]!.network)}/${all[0]!.length}\t`);
  });
});
