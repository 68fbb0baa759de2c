/** Elements that translate, cut and number packets: checksums are right, and packets that lie do no harm. */
import { onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { ipv6 } from "@clickos/wire/ipv6";
import { tcp } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip, make, pass, tcp as segmentOf } from "./packets.ts";

const protocols = fc.constantFrom(ipProtocols.tcp, ipProtocols.udp, ipProtocols.icmp);
const mapped = (last: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, last);

/** The sum over what a packet carries, with its checksum. */
const payloadSum = (header: ReturnType<typeof ipv4.view>, bytes: Uint8Array, protocol: number): number =>
  onesSum(bytes, protocol === ipProtocols.icmp ? 0 : pseudoHeaderSum(header, protocol, bytes.length));

describe("ProtocolTranslator46", () => {
  it("makes packets with right lengths and checksums", async () => {
    using router = await make("FromDevice(0) -> ProtocolTranslator46 -> ToDevice(1)");
    fc.assert(
      fc.property(
        protocols,
        fc.uint8Array({ minLength: 20, maxLength: 250 }),
        fc.constantFrom(0, 3, 8, 11, 12),
        (protocol, payload, type) => {
          if (protocol === ipProtocols.icmp) payload[0] = type;
          const [out] = pass(router, [ip({ protocol, payload })])[1] as [Uint8Array];
          const header = ipv6.view(out);
          expect([...header.source]).toEqual([...mapped(1)]);
          expect([...header.destination]).toEqual([...mapped(2)]);
          expect(header.payloadLength).toBe(payload.length);
          const next = protocol === ipProtocols.icmp ? ipProtocols["ipv6-icmp"] : protocol;
          expect(header.nextHeader).toBe(next);
          const bytes = out.subarray(ipv6.size);
          expect(onesSum(bytes, pseudoHeaderSum(header, next, bytes.length))).toBe(0xffff);
        },
      ),
    );
  });
});

describe("ProtocolTranslator64", () => {
  const packet = (nextHeader: number, payload: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(ipv6.size + payload.length);
    ipv6.emit(bytes, {
      payloadLength: payload.length,
      nextHeader,
      hopLimit: 9,
      source: mapped(1),
      destination: mapped(2),
    });
    bytes.set(payload, ipv6.size);
    return bytes;
  };

  it("makes packets with right lengths and checksums", async () => {
    using router = await make("FromDevice(0) -> ProtocolTranslator64 -> CheckIPHeader -> ToDevice(1)");
    fc.assert(
      fc.property(
        protocols,
        fc.uint8Array({ minLength: 20, maxLength: 250 }),
        fc.constantFrom(1, 2, 3, 4, 128, 129),
        (protocol, payload, type) => {
          const isIcmp = protocol === ipProtocols.icmp;
          if (isIcmp) payload.set([type, (payload[1] as number) % 3]);
          const [out] = pass(router, [packet(isIcmp ? ipProtocols["ipv6-icmp"] : protocol, payload)])[1] as [
            Uint8Array,
          ];
          const header = ipv4.view(out);
          expect([header.protocol, header.ttl, header.df, header.totalLength]).toEqual([
            protocol,
            9,
            1,
            20 + payload.length,
          ]);
          expect(payloadSum(header, out.subarray(20), protocol)).toBe(0xffff);
        },
      ),
    );
  });

  it("is the way back of ProtocolTranslator46, for echo messages too", async () => {
    using router = await make(
      "FromDevice(0) -> ProtocolTranslator46 -> ProtocolTranslator64 -> CheckIPHeader -> ToDevice(1)",
    );
    fc.assert(
      fc.property(protocols, fc.uint8Array({ minLength: 20, maxLength: 200 }), (protocol, payload) => {
        const isIcmp = protocol === ipProtocols.icmp;
        if (isIcmp) payload.set([8, 0]);
        const [out] = pass(router, [ip({ protocol, payload })])[1] as [Uint8Array];
        const sumAt = { [ipProtocols.icmp]: 2, [ipProtocols.tcp]: 16, [ipProtocols.udp]: 6 }[protocol] as number;
        const without = (bytes: Uint8Array): number[] => [...bytes].filter((_, i) => i !== sumAt && i !== sumAt + 1);
        expect(without(out.subarray(20))).toEqual(without(payload));
      }),
    );
  });
});

describe("TCPFragmenter", () => {
  it("cuts segments into parts that make up the whole", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 41, max: 300 }),
        fc.uint8Array({ minLength: 1, maxLength: 1200 }),
        fc.boolean(),
        async (mtu, data, fin) => {
          using router = await make(`FromDevice(0) -> MarkIPHeader -> TCPFragmenter(MTU ${mtu}) -> ToDevice(1)`);
          const parts = pass(router, [segmentOf(1, 2, fin ? 0x11 : 0x10, {}, data)])[1] as Uint8Array[];
          let sequence = 1;
          const whole: number[] = [];
          for (const [i, part] of parts.entries()) {
            const header = ipv4.view(part);
            const segment = tcp.view(part.subarray(20));
            expect(part.length).toBeLessThanOrEqual(mtu);
            expect(header.totalLength).toBe(part.length);
            expect(onesSum(part.subarray(0, 20))).toBe(0xffff);
            expect(payloadSum(header, part.subarray(20), ipProtocols.tcp)).toBe(0xffff);
            expect(segment.sequenceNumber).toBe(sequence);
            if (i === parts.length - 1) expect(segment.fin).toBe(Number(fin));
            sequence += part.length - 40;
            whole.push(...part.subarray(40));
          }
          expect(whole).toEqual([...data]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("packets that are cut, or whose headers lie", () => {
  it.each([
    "ProtocolTranslator46",
    "ProtocolTranslator64",
    "MarkIPHeader -> TCPFragmenter(MTU 50)",
    "MarkIPHeader -> TruncateIPPayload(3)",
    "MarkIPHeader -> c :: CopyFlowID",
    "MarkIPHeader -> c :: CopyTCPSeq",
    "IncrementSeqNo(OFFSET 30)",
  ])("do no harm in %s", async (elements) => {
    const second = elements.includes("c ::") ? "; Idle -> [1] c [1] -> Discard" : "";
    using router = await make(`FromDevice(0) -> ${elements} -> ToDevice(1)${second}`);
    fc.assert(
      fc.property(
        protocols,
        fc.uint8Array({ maxLength: 120 }),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }),
        fc.nat(140),
        (protocol, payload, lies, cut) => {
          const bytes = ip({ protocol, payload });
          for (const [at, value] of lies) if (at < bytes.length) bytes[at] = value;
          pass(router, [bytes.subarray(0, cut)]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
