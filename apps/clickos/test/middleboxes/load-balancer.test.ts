/** Balancers of layer 4: with direct return, and with rewritten destinations. */
import { arp, arpOperations } from "@clickos/wire/arp";
import { ethernet } from "@clickos/wire/ethernet";
import { icmpTypes } from "@clickos/wire/icmp";
import { describe, expect, it } from "vitest";
import {
  addressText,
  arpFrame,
  converse,
  frame,
  icmp,
  kinds,
  type Middlebox,
  mac,
  open,
  readFrame,
  tcp,
  texts,
} from "./support.ts";

const service = "192.0.2.80";
const visit = (i: number, port = 443) => tcp({ src: `203.0.113.${i}`, dst: service }, 1024 + i, port, { syn: 1 });

const send = (box: Middlebox, device: number, ...frames: Uint8Array[]) => converse(box, device, frames);

describe.each(kinds)("a balancer with direct return %s", (kind) => {
  it("sends each connection to one server, as it is", async () => {
    await using box = await open(kind, "load-balancer");
    const packets = Array.from({ length: 60 }, (_, i) => visit(i + 1));
    const { 0: left } = send(box, 0, ...packets.map((packet) => frame(packet)));
    const serverOf = new Map(left!.map((each) => [readFrame(each).text, ethernet.view(each).destination[5]]));
    expect(left!.map((each) => readFrame(each).packet)).toEqual(expect.arrayContaining(packets));
    const counts = [11, 12, 13].map((n) => [...serverOf.values()].filter((server) => server === n).length);
    expect(counts.reduce((a, b) => a + b)).toBe(60);
    // The last has twice the weight of the others.
    expect(counts[2]).toBeGreaterThan(20);
    expect(Math.min(...counts)).toBeGreaterThan(5);
    const later = send(box, 0, ...packets.map((packet) => frame(packet)))[0]!;
    for (const each of later) expect(ethernet.view(each).destination[5]).toBe(serverOf.get(readFrame(each).text));
    // One server takes no new connections, another one is gone.
    box.write("servers.weight", "10.0.0.11 0");
    box.write("servers.down", "10.0.0.13");
    const after = send(box, 0, ...packets.map((packet) => frame(packet)))[0]!;
    for (const each of after) {
      const was = serverOf.get(readFrame(each).text);
      expect(ethernet.view(each).destination[5]).toBe(was === 13 ? 12 : was);
    }
    expect(box.read("servers.servers")).toMatch(/^10\.0\.0\.11 0 up \d+ \d+ \d+\n10\.0\.0\.12 1 up \d+ \d+ \d+\n/);
  });

  it("answers pings and ARP for the service, and takes nothing else", async () => {
    await using box = await open(kind, "load-balancer");
    const asker = { mac: mac(9), ip: "192.0.2.254" };
    const [answer] = box.send(0, arpFrame(arpOperations.request, asker, { ip: service }))[0]!;
    const { senderHardware, senderProtocol } = arp.view(ethernet.view(answer!).payload);
    expect([senderHardware, addressText(senderProtocol)]).toEqual([mac(1), service]);
    const ping = icmp({ src: "10.0.0.9", dst: service }, icmpTypes.echo, 0, Uint8Array.of(0, 1, 0, 1, 5));
    const { 0: left } = send(
      box,
      0,
      frame(ping),
      frame(visit(1, 22)),
      frame(tcp({ src: "1.2.3.4", dst: "192.0.2.81" }, 5, 80, {})),
    );
    expect(texts(left)).toEqual([`ICMP ${service} > 10.0.0.9 0/0`]);
  });
});

describe.each(kinds)("a balancer that rewrites %s", (kind) => {
  it("gives packets the server's address, and answers the service's", async () => {
    await using box = await open(kind, "load-balancer-nat");
    const clients = Array.from({ length: 30 }, (_, i) => i + 1);
    const { 0: none, 1: left } = send(box, 0, ...clients.map((i) => frame(visit(i, 80))));
    expect(none).toEqual([]);
    const servers = new Set<string>();
    for (const each of left!) {
      const { text, ip, ether } = readFrame(each);
      const server = addressText(ip.destination);
      servers.add(server);
      expect(text).toMatch(/^TCP 203\.0\.113\.(\d+):\d+ > 10\.0\.0\.1[123]:80$/);
      expect(ether.destination).toEqual(mac(ip.destination & 255));
      const reply = tcp({ src: server, dst: addressText(ip.source) }, 80, 1024 + (ip.source & 255), { syn: 1, ack: 1 });
      const { 0: back } = send(box, 1, frame(reply, { from: mac(ip.destination & 255) }));
      expect(texts(back)).toEqual([`TCP ${service}:80 > ${addressText(ip.source)}:${1024 + (ip.source & 255)}`]);
    }
    expect([left!.length, servers.size]).toEqual([30, 3]);
  });
});
