/** Carrier-grade address translation: blocks of ports, both directions, hairpinning, FTP, pings and errors. */
import { icmpTypes } from "@clickos/wire/icmp";
import { describe, expect, it } from "vitest";
import {
  bytes,
  concat,
  converse,
  frame,
  icmp,
  kinds,
  type Middlebox,
  open,
  readFrame,
  readIp,
  type Seen,
  tcp,
  texts,
  udp,
} from "./support.ts";

const remote = "198.18.0.9";
const subscriber = (n: number, dst = remote) => ({ src: `100.64.0.${n}`, dst });
const answer = (dst: string, src = remote) => ({ src, dst });

const send = (box: Middlebox, device: number, ...packets: Uint8Array[]) =>
  converse(
    box,
    device,
    packets.map((packet) => frame(packet)),
  );
/** Address and port that a packet seems to come from. */
function origin({ text }: Seen): { ip: string; port: number } {
  const [, ip, port] = /^\w+ ([\d.]+):?(\d*) >/.exec(text)!;
  return { ip: ip!, port: Number(port) };
}
const single = (frames: Uint8Array[] | undefined): Seen => {
  expect(frames).toHaveLength(1);
  return readFrame(frames![0]);
};

describe.each(kinds)("a carrier-grade NAT %s", (kind) => {
  it("gives subscribers ports of public addresses, and finds the way back", async () => {
    await using box = await open(kind, "cgnat");
    const origins = [2, 3, 4].map((n) => {
      const out = single(send(box, 0, udp(subscriber(n), 5000, 53))[1]);
      expect([out.ether.destination[5], out.ip.ttl]).toEqual([254, 63]);
      const { ip, port } = origin(out);
      expect(ip).toMatch(/^203\.0\.113\.([0-9]|1[0-5])$/);
      const back = single(send(box, 1, udp(answer(ip), 53, port))[0]);
      expect([back.text, back.ether.destination[5]]).toEqual([`UDP ${remote}:53 > 100.64.0.${n}:5000`, n]);
      // Nobody else gets in, and no other port leads there.
      expect(send(box, 1, udp(answer(ip, "198.18.0.8"), 53, port), udp(answer(ip), 53, port + 1))).toEqual({
        0: [],
        1: [],
      });
      return { ip, block: Math.floor((port - 1024) / 512) };
    });
    expect(new Set(origins.map(({ ip, block }) => `${ip} ${block}`)).size).toBe(3);
    const lines = box.read("blocks.blocks").trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^100\.64\.0\.2 203\.0\.113\.\d+ \d+-\d+ 1$/);
    // Flows end, and the blocks come back.
    box.wait(130);
    box.wait(130);
    expect([box.read("blocks.subscribers"), box.read("flows.size")]).toEqual(["0", "0"]);
  });

  it("lets subscribers talk to each other by their public addresses", async () => {
    await using box = await open(kind, "cgnat");
    const [one, two] = [2, 3].map((n) => origin(single(send(box, 0, udp(subscriber(n), 6000, 53))[1]))) as [
      ReturnType<typeof origin>,
      ReturnType<typeof origin>,
    ];
    // As two hosts do that have learnt of each other's public address: the first packet of the first one opens the way.
    expect(send(box, 0, udp(subscriber(2, two.ip), 6000, two.port))).toMatchObject({ 0: [], 1: [] });
    const met = single(send(box, 0, udp(subscriber(3, one.ip), 6000, one.port, bytes("hello")))[0]);
    expect([met.text, met.ip.ttl]).toEqual([`UDP ${two.ip}:${two.port} > 100.64.0.2:6000`, 63]);
    const reply = single(send(box, 0, udp(subscriber(2, two.ip), 6000, two.port))[0]);
    expect(reply.text).toBe(`UDP ${one.ip}:${one.port} > 100.64.0.3:6000`);
  });

  it("changes what FTP says of addresses, and lets its data in", async () => {
    await using box = await open(kind, "cgnat");
    const control = { ack: 1, psh: 1, sequenceNumber: 1000 };
    send(box, 0, tcp(subscriber(2), 40_000, 21, { syn: 1, sequenceNumber: 999 }));
    const command = bytes("PORT 100,64,0,2,156,65\r\n");
    const sent = single(send(box, 0, tcp(subscriber(2), 40_000, 21, control, command))[1]);
    const [, ip, high, low] = /^PORT (\d+,\d+,\d+,\d+),(\d+),(\d+)\r\n$/.exec(new TextDecoder().decode(sent.data))!;
    expect(ip!.replaceAll(",", ".")).toBe(origin(sent).ip);
    const port = Number(high) * 256 + Number(low);
    const data = single(send(box, 1, tcp(answer(origin(sent).ip), 20, port, { syn: 1 }))[0]);
    expect(data.text).toBe(`TCP ${remote}:20 > 100.64.0.2:${156 * 256 + 65}`);
    // What follows has its sequence number changed by what the command has grown.
    const next = tcp(
      subscriber(2),
      40_000,
      21,
      { ...control, sequenceNumber: 1000 + command.length },
      bytes("RETR x\r\n"),
    );
    const after = single(send(box, 0, next)[1]);
    const sequence = (seen: Seen): number => new DataView(seen.packet.slice(20).buffer).getUint32(4);
    expect(sequence(after) - sequence(sent)).toBe(sent.data.length);
  });

  it("lets pings and errors through that belong to a flow", async () => {
    await using box = await open(kind, "cgnat");
    const ping = single(send(box, 0, icmp(subscriber(2), icmpTypes.echo, 0, Uint8Array.of(0, 7, 0, 1)))[1]);
    const { ip } = origin(ping);
    const pong = single(send(box, 1, icmp(answer(ip), icmpTypes["echo-reply"], 0, ping.data))[0]);
    expect([pong.text, [...pong.data]]).toEqual([`ICMP ${remote} > 100.64.0.2 0/0`, [0, 7, 0, 1]]);
    const query = udp(subscriber(2), 5000, 53);
    const out = single(send(box, 0, query)[1]);
    const error = icmp({ src: "198.18.0.1", dst: ip }, icmpTypes.unreachable, 1, concat(new Uint8Array(4), out.packet));
    const told = single(send(box, 1, error)[0]);
    expect(told.text).toBe("ICMP 198.18.0.1 > 100.64.0.2 3/1");
    expect(readIp(told.data.subarray(4)).text).toBe(readIp(query).text);
    const foreign = udp({ src: ip, dst: remote }, 1, 2);
    expect(
      send(box, 1, icmp({ src: "198.18.0.1", dst: ip }, icmpTypes.unreachable, 1, concat(new Uint8Array(4), foreign))),
    ).toEqual({ 0: [], 1: [] });
  });

  it("translates for subscribers only, and tells them of packets without time left", async () => {
    await using box = await open(kind, "cgnat");
    expect(send(box, 0, udp({ src: "10.0.0.1", dst: remote }, 1, 2))[1]).toEqual([]);
    const { 0: told } = send(box, 0, udp({ ...subscriber(2), ip: { ttl: 1 } }, 1, 2));
    expect(texts(told)).toEqual(["ICMP 100.64.0.1 > 100.64.0.2 11/0"]);
    const { 0: pong } = send(box, 0, icmp(subscriber(2, "100.64.0.1"), icmpTypes.echo, 0, Uint8Array.of(0, 1, 0, 1)));
    expect(texts(pong)).toEqual(["ICMP 100.64.0.1 > 100.64.0.2 0/0"]);
    expect(box.read("blocks.subscribers")).toBe("0");
  });
});
