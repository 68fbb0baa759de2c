/** AddressTranslator beside a plain model: which addresses and ports packets get, and their checksums. */
import { onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ipProtocols } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { udp } from "@clickos/wire/udp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass } from "./packets.ts";

const address = (network: number, host: number): Uint8Array =>
  Uint8Array.of(0x3f, 0xfe, 0, network, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host);

function datagram(
  source: Uint8Array,
  sourcePort: number,
  destination: Uint8Array,
  destinationPort: number,
): Uint8Array {
  const length = udp.size + 3;
  const packet = new Uint8Array(ipv6.size + length);
  ipv6.emit(packet, { payloadLength: length, nextHeader: ipProtocols.udp, hopLimit: 9, source, destination });
  udp.emit(packet.subarray(ipv6.size), { sourcePort, destinationPort, length });
  return packet;
}

/** Where a packet comes from and goes to, once its checksum is right. */
function flowOf(packet: Uint8Array): string {
  const ip = ipv6.view(packet);
  const bytes = packet.subarray(ipv6.size);
  expect(onesSum(bytes, pseudoHeaderSum(ip, ipProtocols.udp, bytes.length))).toBe(0xffff);
  const { sourcePort, destinationPort } = udp.view(bytes);
  return `${ip.source[3]}.${ip.source[15]}:${sourcePort} ${ip.destination[3]}.${ip.destination[15]}:${destinationPort}`;
}

const steps = fc.array(
  fc.record({
    outward: fc.boolean(),
    host: fc.integer({ min: 1, max: 4 }),
    port: fc.integer({ min: 1, max: 5 }),
    far: fc.integer({ min: 1, max: 2 }),
  }),
  { maxLength: 40 },
);

const translator = (args: string): string =>
  `FromDevice(0) -> a :: AddressTranslator(${args}) -> ToDevice(2); FromDevice(1) -> [1] a [1] -> ToDevice(3)`;

describe("AddressTranslator", () => {
  it("gives ports to flows, and finds the flows of answers", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 2, max: 6 }), async (all, count) => {
        using router = await make(translator(`0, true, true, false, 3ffe:9::9 1 ${count}`));
        const flows = new Map<string, number>();
        const answers = new Map<string, string>();
        for (const { outward, host, port, far } of all) {
          const there = address(2, far);
          if (outward) {
            const key = `1.${host}:${port} 2.${far}:53`;
            const sent = pass(router, [datagram(address(1, host), port, there, 53)])[2] as Uint8Array[];
            if (!flows.has(key) && flows.size < count) flows.set(key, flows.size + 1);
            const given = flows.get(key);
            expect(sent.map(flowOf)).toEqual(given === undefined ? [] : [`9.9:${given} 2.${far}:53`]);
            if (given !== undefined) answers.set(`2.${far} ${given}`, `2.${far}:53 1.${host}:${port}`);
          } else {
            const sent = pass(router, [datagram(there, 53, address(9, 9), port)], 1)[3] as Uint8Array[];
            const expected = answers.get(`2.${far} ${port}`);
            expect(sent.map(flowOf)).toEqual(expected === undefined ? [] : [expected]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("gives addresses to hosts, the first free one each", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        using router = await make(translator("0, true, false, false, 3ffe:9::1, 3ffe:9::2, 3ffe:9::3"));
        const hosts: number[] = [];
        for (const { outward, host, port, far } of all) {
          const there = address(2, far);
          if (outward) {
            if (!hosts.includes(host) && hosts.length < 3) hosts.push(host);
            const sent = pass(router, [datagram(address(1, host), port, there, 53)])[2] as Uint8Array[];
            const at = hosts.indexOf(host);
            expect(sent.map(flowOf)).toEqual(at < 0 ? [] : [`9.${at + 1}:${port} 2.${far}:53`]);
          } else {
            const sent = pass(router, [datagram(there, 53, address(9, host), port)], 1)[3] as Uint8Array[];
            const to = hosts[host - 1];
            expect(sent.map(flowOf)).toEqual(to === undefined ? [] : [`2.${far}:53 1.${to}:${port}`]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is not harmed by packets that lie", async () => {
    using router = await make(translator("0, true, true, false, 3ffe:9::9 1 100"));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(255)), { maxLength: 6 }), fc.nat(60), (lies, cut) => {
        const packet = datagram(address(1, 1), 1, address(2, 2), 2);
        for (const [at, value] of lies) packet[at] = value;
        for (const way of [0, 1]) pass(router, [packet.subarray(0, cut)], way);
      }),
      { numRuns: 300 },
    );
  });

  it("says what is wrong with its arguments", async () => {
    for (const args of ["", "x", "-1, true", "2, false, 3ffe::1 3ffe::2", "0, true", "0, true, true, false, 3ffe::1 5"])
      await expect(make(translator(args))).rejects.toThrow(/too few arguments|should be/);
  });
});
