/** Elements for IPv6: addresses as text, checksums, and packets that lie. */
import { onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet, etherTypes } from "@clickos/wire/ethernet";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass } from "./packets.ts";

const address = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => bytes.map((b, i) => (b & 1 ? b : i % 3 ? 0 : b)));
const expanded = (bytes: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16),
  ).join(":");
/** The address as the platform writes it. */
const canonical = (text: string): string => new URL(`http://[${text}]/`).hostname;

const packetOf = (
  source: Uint8Array,
  destination: Uint8Array,
  payload: Uint8Array,
  nextHeader: number = ipProtocols.udp,
): Uint8Array => {
  const packet = new Uint8Array(ipv6.size + payload.length);
  ipv6.emit(packet, { payloadLength: payload.length, nextHeader, hopLimit: 64, source, destination });
  packet.set(payload, ipv6.size);
  return packet;
};

/** The sum over a packet's payload, with its checksum: all ones where that is right. */
function messageSum(packet: Uint8Array): number {
  const ip = ipv6.view(packet);
  expect(ip.payloadLength).toBe(packet.length - ipv6.size);
  return onesSum(packet.subarray(ipv6.size), pseudoHeaderSum(ip, ip.nextHeader, ip.payloadLength));
}

describe("IPv6 addresses", () => {
  it("are read and written as the platform does", async () => {
    const addresses = fc.sample(address, 200);
    using router = await make(
      `Idle -> r :: LookupIP6Route(${addresses.map((bytes) => `${expanded(bytes)}/128 0`).join(", ")}) -> Discard`,
    );
    const texts = router
      .read("r.table")
      .split("\n")
      .slice(1, -1)
      .map((line) => line.split("/")[0] as string);
    const different = new Set(addresses.map((bytes) => canonical(expanded(bytes))));
    expect(texts.map(canonical)).toEqual([...different]);
    using again = await make(`Idle -> r :: LookupIP6Route(${texts.map((text) => `${text} 0`).join(", ")}) -> Discard`);
    expect(again.read("r.table")).toBe(router.read("r.table"));
  });
});

describe("LookupIP6Route", () => {
  it("finds what a search of all routes finds", async () => {
    const routes = fc.sample(fc.tuple(address, fc.nat(128)), 40);
    const bits = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(2).padStart(8, "0")).join("");
    using router = await make(
      `FromDevice(0) -> GetIP6Address(24) -> r :: LookupIP6Route(${routes.map(([bytes, length], i) => `${expanded(bytes)}/${length} ${i % 3}`).join(", ")});
       ${[0, 1, 2].map((i) => `r [${i}] -> ToDevice(${i + 1})`).join("; ")}`,
    );
    const keyed = new Map(routes.map(([bytes, length], i) => [bits(bytes).slice(0, length), i % 3]));
    fc.assert(
      fc.property(fc.oneof(address, fc.constantFrom(...routes.map(([bytes]) => bytes))), (to) => {
        const text = bits(to);
        let expected = -1;
        for (let length = 128; length >= 0 && expected < 0; length--) expected = keyed.get(text.slice(0, length)) ?? -1;
        const got = pass(router, [packetOf(to, to, new Uint8Array(8))]).findIndex((sent) => sent.length > 0);
        expect(got - 1).toBe(expected < 0 ? -2 : expected);
      }),
    );
  });
});

describe("ICMPv6 messages", () => {
  it("have right checksums when they are errors", async () => {
    for (const [type, code] of [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 0],
      [137, 0],
      [137, 1],
    ]) {
      using router = await make(
        `FromDevice(0) -> CheckIP6Header -> e :: ICMP6Error(3ffe::9, ${type}, ${code}) -> ToDevice(1)`,
      );
      fc.assert(
        fc.property(address, fc.uint8Array({ maxLength: 900 }), (from, payload) => {
          const to = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
          if (from.every((b) => b === 0xff)) return;
          const [error] = pass(router, [packetOf(from, to, payload)])[1] as [Uint8Array];
          expect(messageSum(error)).toBe(0xffff);
          expect([...ipv6.view(error).destination]).toEqual([...from]);
        }),
        { numRuns: 40 },
      );
    }
  });

  it("have right checksums when they are advertisements, and none answers a wrong one", async () => {
    using router = await make("FromDevice(0) -> IP6NDAdvertiser(::/0 1:2:3:4:5:6) -> ToDevice(1)");
    fc.assert(
      fc.property(address, address, fc.nat(0xffff), (from, target, spoil) => {
        const message = Uint8Array.of(135, 0, 0, 0, 0, 0, 0, 0, ...target, 1, 1, 2, 0, 0, 0, 0, 1);
        const packet = packetOf(from, target, message, ipProtocols["ipv6-icmp"]);
        ipv6.view(packet).hopLimit = 255;
        const sum = ~messageSum(packet) & 0xffff;
        packet.set([(sum ^ spoil) >> 8, (sum ^ spoil) & 255], ipv6.size + 2);
        const frame = new Uint8Array(ethernet.size + packet.length);
        ethernet.emit(frame, { source: Uint8Array.of(2, 0, 0, 0, 0, 1), etherType: etherTypes.ip6 });
        frame.set(packet, ethernet.size);
        const [answer] = pass(router, [frame])[1] as Uint8Array[];
        if (spoil !== 0 && spoil !== 0xffff) return;
        if (spoil === 0) {
          expect(messageSum((answer as Uint8Array).subarray(ethernet.size))).toBe(0xffff);
          expect([...(answer as Uint8Array).subarray(0, 12)]).toEqual([2, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6]);
        }
      }),
    );
  });
});

describe("packets that are cut or lie", () => {
  it("harm no element", async () => {
    const elements = [
      "CheckIP6Header",
      "DecIP6HLIM",
      "GetIP6Address(24)",
      "IP6Mirror",
      "IP6Fragmenter(50)",
      "ICMP6Error(1::1, 1, 0)",
      "IP6NDAdvertiser(::/0 1:1:1:1:1:1)",
    ];
    for (const element of elements) {
      using router = await make(`FromDevice(0) -> MarkIP6Header -> ${element} -> ToDevice(1)`);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(60), (payload, cut) => {
          const packet = packetOf(
            payload.slice(0, 16).length === 16 ? payload.slice(0, 16) : new Uint8Array(16),
            new Uint8Array(16),
            payload,
          );
          pass(router, [packet.subarray(0, packet.length - (cut % packet.length))]);
          pass(router, [payload]);
        }),
        { numRuns: 50 },
      );
    }
  });
});
