/** A guard against floods: connections are opened by cookies and translated, sources are held to a rate, those who send most are known. */
import { tcp as tcpFormat, tcpMaximumSegmentSize } from "@clickos/wire/tcp";
import { describe, expect, it } from "vitest";
import { dropped, sendHostile } from "./hostile.ts";
import { bytes, converse, frame, icmp, kinds, type Middlebox, mac, open, readFrame, tcp, udp } from "./support.ts";

const client = "198.51.100.7";
const server = "192.0.2.80";
const inward = { src: client, dst: server };
const outward = { src: server, dst: client };
const toGuard = (n: number) => ({ to: mac(n) });

type Fields = Parameters<typeof tcp>[3];
interface Segment {
  readonly text: string;
  readonly seq: number;
  readonly ack: number;
  readonly flags: string;
  readonly window: number;
  readonly mss: number | undefined;
  readonly data: string;
}
/** What a frame with a segment says; its checksums are looked at. */
function segmentOf(each: Uint8Array): Segment {
  const { text, ip, data } = readFrame(each);
  const header = tcpFormat.view(ip.payload);
  const flags = (["syn", "ack", "rst", "fin"] as const).filter((flag) => header[flag] === 1).join("+");
  const option = header.options.length > 0 ? tcpMaximumSegmentSize.view(header.options) : undefined;
  return {
    text,
    seq: header.sequenceNumber,
    ack: header.acknowledgmentNumber,
    flags,
    window: header.window,
    mss: option?.maximumSegmentSize,
    data: new TextDecoder().decode(data),
  };
}
const mss = (n: number): Uint8Array => tcpMaximumSegmentSize.bytes({ maximumSegmentSize: n });

/** Clients and servers around a guard, neighbours who answer ARP and all. */
function world(box: Middlebox) {
  const converseWith = (device: number, packet: Uint8Array): { toWorld: Segment[]; toServers: Segment[] } => {
    const left = converse(box, device, [frame(packet, toGuard(device + 1))]);
    return { toWorld: (left[0] ?? []).map(segmentOf), toServers: (left[1] ?? []).map(segmentOf) };
  };
  return {
    fromClient: (fields: Fields, data = "", port = 4000) =>
      converseWith(0, tcp(inward, port, 80, { window: 5000, ...fields }, bytes(data))),
    fromServer: (fields: Fields, data = "", port = 4000) =>
      converseWith(1, tcp(outward, 80, port, { window: 7000, ...fields }, bytes(data))),
  };
}

/** Opens a connection: the client's numbers begin at 1000, the server's at 90000; the cookie. */
function connect({ fromClient, fromServer }: ReturnType<typeof world>): number {
  const cookie = fromClient({ sequenceNumber: 1000, syn: 1, options: mss(1460) }).toWorld[0]?.seq as number;
  fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1 });
  fromServer({ sequenceNumber: 90_000, acknowledgmentNumber: 1001, syn: 1, ack: 1 });
  return cookie;
}

describe.each(kinds)("a guard against floods %s", (kind) => {
  it("opens a connection when the client has answered, and translates it", async () => {
    await using box = await open(kind, "ddos-guard");
    const { fromClient, fromServer } = world(box);
    const first = fromClient({ sequenceNumber: 1000, syn: 1, options: mss(1400) });
    const cookie = first.toWorld[0]?.seq as number;
    expect(first).toEqual({
      toServers: [],
      toWorld: [
        {
          text: `TCP ${server}:80 > ${client}:4000`,
          seq: cookie,
          ack: 1001,
          flags: "syn+ack",
          window: 0,
          mss: 1460,
          data: "",
        },
      ],
    });
    expect(box.read("proxy.connections")).toBe("0");
    const there = `TCP ${client}:4000 > ${server}:80`;
    const back = `TCP ${server}:80 > ${client}:4000`;
    const nothing = { mss: undefined, data: "" };
    expect(fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1 })).toEqual({
      toWorld: [],
      toServers: [{ text: there, seq: 1000, ack: 0, flags: "syn", window: 5000, mss: 1400, data: "" }],
    });
    expect(["connections", "half_open", "accepted"].map((h) => box.read(`proxy.${h}`))).toEqual(["1", "1", "1"]);
    expect(
      fromServer({ sequenceNumber: 90_000, acknowledgmentNumber: 1001, syn: 1, ack: 1, options: mss(1460) }),
    ).toEqual({
      toServers: [{ text: there, seq: 1001, ack: 90_001, flags: "ack", window: 5000, ...nothing }],
      toWorld: [{ text: back, seq: (cookie + 1) >>> 0, ack: 1001, flags: "ack", window: 7000, ...nothing }],
    });
    expect(box.read("proxy.half_open")).toBe("0");
    expect(
      fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1 }, "GET /").toServers,
    ).toMatchObject([{ text: there, seq: 1001, ack: 90_001, flags: "ack", data: "GET /" }]);
    expect(
      fromServer({ sequenceNumber: 90_001, acknowledgmentNumber: 1006, ack: 1, fin: 1 }, "200 OK").toWorld,
    ).toMatchObject([{ text: back, seq: (cookie + 1) >>> 0, ack: 1006, flags: "ack+fin", data: "200 OK" }]);
    expect(
      fromClient({ sequenceNumber: 1006, acknowledgmentNumber: cookie + 8, ack: 1, fin: 1 }).toServers,
    ).toMatchObject([{ seq: 1006, ack: 90_008, flags: "ack+fin" }]);
    box.wait(62);
    expect(box.read("proxy.connections")).toBe("0");
  });

  it("keeps nothing of SYNs, and takes no answer that is not one to its own", async () => {
    await using box = await open(kind, "ddos-guard");
    const { fromClient } = world(box);
    const cookies = Array.from(
      { length: 50 },
      (_, i) => fromClient({ sequenceNumber: 7, syn: 1 }, "", 5000 + i).toWorld[0]?.seq,
    );
    expect(new Set(cookies).size).toBe(50);
    const cookie = cookies[0] as number;
    const refused = [
      { sequenceNumber: 8, acknowledgmentNumber: cookie + 2, ack: 1 },
      { sequenceNumber: 9, acknowledgmentNumber: cookie + 1, ack: 1 },
      { sequenceNumber: 8, acknowledgmentNumber: (cookie ^ 0x0800_0000) + 1, ack: 1 },
      { sequenceNumber: 8, acknowledgmentNumber: cookie + 1, ack: 1, rst: 1 },
    ];
    for (const fields of refused) expect(fromClient(fields, "", 5000)).toEqual({ toWorld: [], toServers: [] });
    // Another client with the same cookie.
    expect(fromClient({ sequenceNumber: 8, acknowledgmentNumber: cookie + 1, ack: 1 }, "", 5001).toServers).toEqual([]);
    box.wait(140);
    // It is too old.
    expect(fromClient({ sequenceNumber: 8, acknowledgmentNumber: cookie + 1, ack: 1 }, "", 5000).toServers).toEqual([]);
    expect(["connections", "syns", "accepted", "refused"].map((h) => box.read(`proxy.${h}`))).toEqual([
      "0",
      "50",
      "0",
      "5",
    ]);
    expect(box.drops()["proxy: no connection"]).toBe(6);
  });

  it("asks a silent server again, and resets the client in the end", async () => {
    await using box = await open(kind, "ddos-guard");
    const { fromClient, fromServer } = world(box);
    const cookie = fromClient({ sequenceNumber: 1000, syn: 1 }).toWorld[0]?.seq as number;
    expect(fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1 }).toServers.length).toBe(1);
    // The client may not send yet; and servers that nobody has asked are not believed.
    expect(fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1 }, "early").toServers).toEqual(
      [],
    );
    expect(fromServer({ sequenceNumber: 5, acknowledgmentNumber: 999, syn: 1, ack: 1 })).toEqual({
      toWorld: [],
      toServers: [],
    });
    const left = box.wait(20);
    expect((left[1] ?? []).map(segmentOf)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ seq: 1000, flags: "syn", mss: 536 })),
    );
    expect((left[0] ?? []).map(segmentOf)).toMatchObject([{ seq: (cookie + 1) >>> 0, ack: 1001, flags: "ack+rst" }]);
    expect(["connections", "half_open"].map((h) => box.read(`proxy.${h}`))).toEqual(["0", "0"]);
    // One that refuses.
    const again = fromClient({ sequenceNumber: 1000, syn: 1 }).toWorld[0]?.seq as number;
    fromClient({ sequenceNumber: 1001, acknowledgmentNumber: again + 1, ack: 1 });
    expect(fromServer({ acknowledgmentNumber: 1001, rst: 1, ack: 1 }).toWorld).toMatchObject([
      { seq: (again + 1) >>> 0, ack: 1001, flags: "ack+rst" },
    ]);
    expect(box.read("proxy.connections")).toBe("0");
  });

  it("confirms again what was lost, and ends with a reset", async () => {
    await using box = await open(kind, "ddos-guard");
    const { fromClient, fromServer } = world(box);
    const cookie = connect({ fromClient, fromServer });
    expect(fromServer({ sequenceNumber: 90_000, acknowledgmentNumber: 1001, syn: 1, ack: 1 })).toMatchObject({
      toWorld: [],
      toServers: [{ seq: 1001, ack: 90_001, flags: "ack" }],
    });
    expect(
      fromClient({ sequenceNumber: 1001, acknowledgmentNumber: cookie + 1, ack: 1, rst: 1 }).toServers,
    ).toMatchObject([{ seq: 1001, ack: 90_001, flags: "ack+rst" }]);
    expect(box.read("proxy.connections")).toBe("0");
  });

  it("holds sources to a rate, and knows who sends the most", async () => {
    await using box = await open(kind, "ddos-guard");
    const flood = (src: string, n: number): Uint8Array[] =>
      Array.from({ length: n }, () => frame(udp({ src, dst: "192.0.2.53" }, 9, 53), toGuard(1)));
    // So that the server's Ethernet address is known.
    converse(box, 0, [frame(icmp({ src: client, dst: "192.0.2.53" }, 8, 0, new Uint8Array(4)), toGuard(1))]);
    let passed = 0;
    for (let i = 0; i < 10; i++)
      passed += box.send(0, ...flood("198.51.100.66", 60), ...flood("198.51.100.67", 5))[1]?.length ?? 0;
    expect(passed).toBe(400 + 50);
    expect(box.drops()["rate: rate of the source"]).toBe(200);
    box.wait(1);
    box.send(0, ...flood("198.51.100.99", 1));
    expect(box.read("senders.top").split("\n").slice(0, 2)).toEqual(["198.51.100.66\t600", "198.51.100.67\t50"]);
  });

  it("passes on what is not its matter, and nothing traps", async () => {
    await using box = await open(kind, "ddos-guard");
    expect(converse(box, 1, [frame(udp({ src: server, dst: client }, 9, 53), toGuard(2))])[0]?.length).toBe(1);
    const before = dropped(box);
    sendHostile(box, [0, 1], { count: kind === "in process" ? 4000 : 1000 });
    expect(dropped(box)).toBeGreaterThan(before);
    expect(fromFresh(box)).toBe("syn+ack");
  });
});

/** Whether it works as before. */
function fromFresh(box: Middlebox): string | undefined {
  return world(box).fromClient({ sequenceNumber: 1, syn: 1 }, "", 9999).toWorld[0]?.flags;
}
