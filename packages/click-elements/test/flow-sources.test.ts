/** Sources of many flows beside a plain model of them, and encapsulation in IPv6: every checksum is right. */
import { onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ethernet } from "@clickos/wire/ethernet";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass } from "./packets.ts";

const addresses = "1:1:1:1:1:1, 10.0.0.1, 2:2:2:2:2:2, 10.0.0.2";

async function framesOf(source: string): Promise<Uint8Array[]> {
  using router = await make(`${source} -> ToDevice(0)`);
  router.run();
  return router.device(0).receive();
}

/** A frame's flow, once its checksums and lengths are right. */
function flowOf(frame: Uint8Array): string {
  const packet = frame.subarray(ethernet.size);
  const ip = ipv4.view(packet);
  const segment = packet.subarray(ip.headerLength);
  expect(onesSum(packet.subarray(0, ip.headerLength))).toBe(0xffff);
  expect(ip.totalLength).toBe(packet.length);
  expect(onesSum(segment, pseudoHeaderSum(ip, ip.protocol, segment.length))).toBe(0xffff);
  return [...segment.subarray(0, 4)].join(".");
}

describe("FastUDPFlows", () => {
  it("makes packets of so many flows at a time, and each flow has so many packets", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 60, max: 1514 }),
        async (flows, size, length) => {
          const frames = await framesOf(`FastUDPFlows(0, 200, ${length}, ${addresses}, ${flows}, ${size})`);
          expect(frames.length).toBe(200);
          const counts = new Map<string, number>();
          for (const frame of frames) {
            expect(frame.length).toBe(length);
            const flow = flowOf(frame);
            counts.set(flow, (counts.get(flow) ?? 0) + 1);
          }
          const unfinished = [...counts.values()].filter((count) => count !== size);
          expect(unfinished.length).toBeLessThanOrEqual(flows);
          for (const count of unfinished) expect(count).toBeLessThan(size);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("has flows in the router's memory, and says what it has no memory for", async () => {
    await expect(make(`FastUDPFlows(0, 1, 60, ${addresses}, 4294967295, 1) -> Discard`)).rejects.toThrow(
      "FLOWS too large",
    );
    await expect(make(`FastTCPFlows(0, 1, 60, ${addresses}, 0, 1) -> Discard`)).rejects.toThrow(
      "FLOWS must be positive",
    );
    expect((await framesOf(`FastTCPFlows(0, 3, 60, ${addresses}, 400, 9)`)).length).toBe(403);
  });
});

describe("FastTCPFlows", () => {
  it("begins each flow with a SYN, ends it with a FIN, and ends all at the limit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 0, max: 120 }),
        async (flows, size, limit) => {
          const frames = await framesOf(`FastTCPFlows(0, ${limit}, 61, ${addresses}, ${flows}, ${size})`);
          const kinds = new Map<string, string>();
          for (const frame of frames) {
            const flow = flowOf(frame);
            const { syn, fin, psh, ack } = tcp.view(frame.subarray(ethernet.size + ipv4.size));
            const kind = { 8: "s", 4: "f", 3: "d" }[syn * 8 + fin * 4 + psh * 2 + ack];
            kinds.set(flow, (kinds.get(flow) ?? "") + kind);
          }
          const middle = Math.max(size, 3) - 2;
          for (const text of kinds.values()) expect(text).toMatch(new RegExp(`^(sd{0,${middle}}f|f)$`));
          const whole = [...kinds.values()].filter((text) => text.length === middle + 2).length;
          expect(kinds.size - whole).toBeLessThanOrEqual(flows);
          expect(frames.length - limit).toBeGreaterThanOrEqual(0);
          expect(frames.length - limit).toBeLessThanOrEqual(flows);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("IPv6 headers before packets", () => {
  const payload = fc.uint8Array({ maxLength: 1400 });
  it("have the right length, and UDP's the right checksum", async () => {
    using plain = await make("FromDevice(0) -> IP6Encap(udp, 3ffe::1, 3ffe::2, HLIM 7, CLASS 184) -> ToDevice(1)");
    using udp = await make(
      "FromDevice(0) -> SetIP6Address(3ffe::9) -> UDPIP6Encap(3ffe::1, 5, DST_ANNO, 6) -> ToDevice(1)",
    );
    fc.assert(
      fc.property(payload, (bytes) => {
        const [bare] = pass(plain, [bytes])[1] as [Uint8Array];
        const header = ipv6.view(bare);
        expect([header.payloadLength, header.hopLimit, header.trafficClass]).toEqual([bytes.length, 7, 184]);
        expect([...bare.subarray(ipv6.size)]).toEqual([...bytes]);
        const [datagram] = pass(udp, [bytes])[1] as [Uint8Array];
        const ip = ipv6.view(datagram);
        expect([...ip.destination]).toEqual([0x3f, 0xfe, ...new Array(13).fill(0), 9]);
        const sum = onesSum(datagram.subarray(ipv6.size), pseudoHeaderSum(ip, ipProtocols.udp, ip.payloadLength));
        expect(sum).toBe(0xffff);
      }),
      { numRuns: 60 },
    );
  });

  it("of FastUDPSourceIP6 are alike, and have the right checksum", async () => {
    const frames = await framesOf(
      "FastUDPSourceIP6(0, 50, 99, 1:1:1:1:1:1, 3ffe::1, 65000, 2:2:2:2:2:2, 3ffe::2, 9, true, 3)",
    );
    expect(frames.length).toBe(50);
    for (const frame of frames) {
      const packet = frame.subarray(ethernet.size);
      const ip = ipv6.view(packet);
      expect(onesSum(packet.subarray(ipv6.size), pseudoHeaderSum(ip, ipProtocols.udp, ip.payloadLength))).toBe(0xffff);
    }
  });

  it("keep their other bits when SetIP6DSCP sets its six", async () => {
    using router = await make("FromDevice(0) -> MarkIP6Header -> SetIP6DSCP(46) -> ToDevice(1)");
    fc.assert(
      fc.property(fc.uint8Array({ minLength: ipv6.size, maxLength: 60 }), (bytes) => {
        const [out] = pass(router, [bytes])[1] as [Uint8Array];
        const [before, after] = [ipv6.view(bytes), ipv6.view(out)];
        expect([after.version, after.dscp, after.ecn, after.flowLabel]).toEqual([
          before.version,
          46,
          before.ecn,
          before.flowLabel,
        ]);
        expect([...out.subarray(4)]).toEqual([...bytes.subarray(4)]);
      }),
    );
    expect(pass(router, [new Uint8Array(ipv6.size - 1)])[1]).toEqual([]);
  });
});
