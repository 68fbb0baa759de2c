/** The access server: subscribers dial in, talk to the world and to each other, and are counted and held to their rates. */
import { icmpTypes } from "@clickos/wire/icmp";
import { pppProtocols } from "@clickos/wire/ppp";
import { describe, expect, it } from "vitest";
import { PppClient, readPppFrame } from "../../../../packages/click-elements/test/pppoe-client.ts";
import {
  address,
  addressText,
  concat,
  exampleText,
  frame,
  icmp,
  kinds,
  type Middlebox,
  mac,
  open,
  readFrame,
  readIp,
  udp,
} from "./support.ts";

const remote = "198.18.0.9";
const up = (src: string, data?: Uint8Array) => udp({ src, dst: remote }, 1024, 53, data);
const down = (dst: string, data?: Uint8Array) => frame(udp({ src: remote, dst }, 53, 1024, data));

/** Dials in, and gives the client. */
function dial(box: Middlebox, name: string, password: string, n: number): PppClient {
  const client = new PppClient({ name, password, mac: mac(n), wantsDns: true });
  client.talk((each) => box.send(0, each)[0]!);
  return client;
}
/** The packet in a frame for a host. */
function inSession(each: Uint8Array | undefined, n: number): ReturnType<typeof readIp> & { session: number } {
  const { to, protocol, payload, sessionId } = readPppFrame(each!);
  expect([to, protocol]).toEqual([mac(n), pppProtocols.ip]);
  return { ...readIp(payload), session: sessionId };
}

describe.each(kinds)("an access server %s", (kind) => {
  it("gives subscribers their addresses, and passes what they send and get", async () => {
    await using box = await open(kind, "bras");
    const [alice, bob] = [dial(box, "alice", "secret", 10), dial(box, "bob", "builder", 11)];
    expect([alice, bob].map((each) => [addressText(each.address), addressText(each.dns)])).toEqual([
      ["10.64.0.10", "10.64.0.1"],
      ["10.64.0.11", "10.64.0.1"],
    ]);
    const { 0: none, 1: out } = box.send(0, alice.ip(up("10.64.0.10")), bob.ip(up("10.64.0.11")));
    expect(none).toEqual([]);
    expect(out!.map((each) => readFrame(each).text)).toEqual([
      "UDP 10.64.0.10:1024 > 198.18.0.9:53",
      "UDP 10.64.0.11:1024 > 198.18.0.9:53",
    ]);
    expect(readFrame(out![0]).ether.destination).toEqual(mac(254));
    const { 0: back } = box.send(1, down("10.64.0.11"), down("10.64.0.10"), down("10.64.0.99"));
    expect(back).toHaveLength(2);
    const [first, second] = [inSession(back![0], 11), inSession(back![1], 10)];
    expect([first.text, first.session]).toEqual(["UDP 198.18.0.9:53 > 10.64.0.11:1024", bob.session]);
    expect([second.text, second.session, second.ip.ttl]).toEqual([
      "UDP 198.18.0.9:53 > 10.64.0.10:1024",
      alice.session,
      63,
    ]);
    // To each other, and to the server.
    const { 0: crossed } = box.send(0, alice.ip(udp({ src: "10.64.0.10", dst: "10.64.0.11" }, 7, 9)));
    expect(inSession(crossed![0], 11).text).toBe("UDP 10.64.0.10:7 > 10.64.0.11:9");
    const ping = icmp({ src: "10.64.0.10", dst: "10.64.0.1" }, icmpTypes.echo, 0, Uint8Array.of(0, 1, 0, 1));
    expect(inSession(box.send(0, alice.ip(ping))[0]![0], 10).text).toBe("ICMP 10.64.0.1 > 10.64.0.10 0/0");
    expect(box.read("access.subscribers")).toBe("alice 10.64.0.10 1 1 3 124 2 76\nbob 10.64.0.11 2 1 1 48 2 96\n");
  });

  it("lets nobody in without a password, and nobody out with another's address", async () => {
    await using box = await open(kind, "bras");
    const stranger = dial(box, "alice", "guess", 12);
    expect([stranger.address, stranger.events.at(-1)]).toEqual([0, "refused"]);
    const bob = dial(box, "bob", "builder", 11);
    expect(box.send(0, bob.ip(up("10.64.0.10")), stranger.ip(up("10.64.0.10")))).toEqual({ 0: [], 1: [] });
    expect(box.drops()).toMatchObject({ "access: not from the subscriber's address": 1 });
  });

  it("holds subscribers to their rates, in each direction", async () => {
    await using box = await open(kind, "bras");
    const bob = dial(box, "bob", "builder", 11);
    const data = new Uint8Array(972);
    // A tenth of a second of 1 Mb/s is 12.5 KB, one of 4 Mb/s is 50 KB.
    const sent = box.send(0, ...Array.from({ length: 40 }, () => bob.ip(up("10.64.0.11", data))))[1]!;
    expect(sent).toHaveLength(12);
    const got = box.send(1, ...Array.from({ length: 80 }, () => down("10.64.0.11", data)))[0]!;
    expect(got).toHaveLength(50);
  });

  it("cuts what is too long for a session, or says so", async () => {
    await using box = await open(kind, "bras");
    dial(box, "alice", "secret", 10);
    const long = (df: number) =>
      frame(udp({ src: remote, dst: "10.64.0.10", ip: { df } }, 53, 1024, new Uint8Array(1472)));
    const { 0: parts, 1: none } = box.send(1, long(0));
    expect([none, parts!.map((each) => readPppFrame(each).payload.length)]).toEqual([[], [1492, 28]]);
    const { 0: nothing, 1: told } = box.send(1, long(1));
    expect([nothing, readFrame(told![0]).text]).toEqual([[], "ICMP 10.64.0.1 > 198.18.0.9 3/4"]);
  });

  it("notices who is gone", async () => {
    await using box = await open(kind, "bras", exampleText("bras").replace("CAPACITY 1024", "ECHO_INTERVAL 5s"));
    const alice = dial(box, "alice", "secret", 10);
    for (let i = 0; i < 4; i++)
      for (const each of box.wait(4)[0]!) for (const reply of alice.answer(each)) box.send(0, reply);
    expect(alice.events.filter((event) => event === "echo asked").length).toBeGreaterThanOrEqual(2);
    expect(box.read("access.open")).toBe("1");
    const last = box.wait(30)[0]!.map((each) => readPppFrame(each));
    expect(last.at(-1)).toMatchObject({ code: 0xa7, sessionId: 1 });
    expect(box.read("access.open")).toBe("0");
  });
});

describe("an access server with a thousand subscribers", () => {
  it("has a session for each, and the right one", async () => {
    const ip = (i: number): string => addressText(address("10.64.4.0") + i);
    const list = Array.from({ length: 1000 }, (_, i) => `user${i} pass${i} ${ip(i)} 2Mbps 10Mbps`).join(",\n    ");
    const text = exampleText("bras").replace(/alice secret[\s\S]*?4Mbps/, () => list);
    await using box = await open("in process", "bras", text);
    const hostMac = (i: number) => concat(Uint8Array.of(2, 0, 0, 1), Uint8Array.of(i >> 8, i & 255));
    for (const i of [0, 1, 500, 999, ...Array.from({ length: 60 }, (_, n) => n * 13 + 2)]) {
      const client = new PppClient({ name: `user${i}`, password: `pass${i}`, mac: hostMac(i) });
      client.talk((each) => box.send(0, each)[0]!);
      expect(addressText(client.address)).toBe(ip(i));
      const { 0: back } = box.send(1, down(ip(i)));
      expect([readPppFrame(back![0]!).to, readPppFrame(back![0]!).sessionId]).toEqual([hostMac(i), client.session]);
    }
    expect(box.read("access.open")).toBe("64");
  });
});
