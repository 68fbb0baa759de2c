/** What changes or makes headers leaves their checksums right: every one of them is the one that a sum over all bytes gives. */
import { internetChecksum, onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { icmp } from "@clickos/wire/icmp";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make, pass } from "./packets.ts";

interface Made {
  readonly protocol: number;
  readonly options: readonly number[];
  readonly fragment: number;
  readonly data: Uint8Array;
  readonly source: number;
  readonly destination: number;
  readonly ttl: number;
}

const address = fc.integer({ min: 0x01000000, max: 0xdfffffff });
const option = fc.constantFrom(
  [1],
  [7, 7, 4, 0, 0, 0, 0],
  [68, 8, 5, 0, 0, 0, 0, 0],
  [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0],
);
const packets = fc.record({
  protocol: fc.constantFrom(ipProtocols.icmp, ipProtocols.tcp, ipProtocols.udp),
  options: fc.array(option, { maxLength: 3 }).map((some) => {
    const all = some.flat();
    return [...all, ...new Array<number>((4 - (all.length & 3)) & 3).fill(0)];
  }),
  fragment: fc.constantFrom(0, 0, 0, 0x4000),
  data: fc.uint8Array({ minLength: 20, maxLength: 60 }),
  source: address,
  destination: address,
  ttl: fc.integer({ min: 2, max: 255 }),
});

/** Where a protocol's checksum is in its header. */
const sumAt = { [ipProtocols.icmp]: 2, [ipProtocols.tcp]: 16, [ipProtocols.udp]: 6 } as Record<number, number>;

/** The sum over a packet's transport, with its checksum: all ones where that is right. */
function transportSum(packet: Uint8Array): number {
  const ip = ipv4.view(packet);
  const segment = packet.subarray(ip.ihl * 4);
  const pseudo = ip.protocol === ipProtocols.icmp ? 0 : pseudoHeaderSum(ip, ip.protocol, segment.length);
  return onesSum(segment, pseudo);
}

function packetOf({ protocol, options, fragment, data, source, destination, ttl }: Made): Uint8Array {
  const headerLength = 20 + options.length;
  const packet = new Uint8Array(headerLength + data.length);
  packet.set(options, 20);
  packet.set(data, headerLength);
  const ip = ipv4.emit(packet, {
    ihl: headerLength / 4,
    totalLength: packet.length,
    flagsAndOffset: fragment,
    protocol,
    source,
    destination,
    ttl,
  });
  ip.checksum = internetChecksum(packet.subarray(0, headerLength));
  if (protocol === ipProtocols.udp) packet.set([data.length >> 8, data.length & 255], headerLength + 4);
  if (protocol === ipProtocols.icmp) packet.set([8, 0], headerLength);
  if (protocol === ipProtocols.tcp) packet.set([0x50], headerLength + 12);
  const at = headerLength + (sumAt[protocol] as number);
  packet.set([0, 0], at);
  const sum = ~transportSum(packet) & 0xffff || 0xffff;
  packet.set([sum >> 8, sum & 255], at);
  return packet;
}

function expectRightSums(packet: Uint8Array, protocols: readonly number[]): void {
  const ip = ipv4.read(packet);
  if (!ip.ok) throw new Error(ip.problem.text);
  expect(onesSum(packet.subarray(0, ip.header.ihl * 4))).toBe(0xffff);
  expect(ip.header.totalLength).toBe(packet.length);
  if (protocols.includes(ip.header.protocol)) expect(transportSum(packet)).toBe(0xffff);
}

const all = [ipProtocols.icmp, ipProtocols.tcp, ipProtocols.udp];
const { icmp: ping, tcp, udp } = ipProtocols;
/** What is done to packets; the protocols whose checksums are right afterwards; and those that it is for. */
const changes: Record<
  string,
  { readonly code: string; readonly right: readonly number[]; readonly of?: readonly number[] }
> = {
  IPGWOptions: { code: "IPGWOptions(1.2.3.4)", right: all },
  FixIPSrc: { code: "Paint(1, ANNO FIX_IP_SRC) -> FixIPSrc(1.2.3.4)", right: [ping] },
  IPMirror: { code: "IPMirror", right: all },
  ICMPPingResponder: { code: "ICMPPingResponder", right: [ping], of: [ping] },
  ICMPPingRewriter: { code: "ICMPPingRewriter(pattern 1.2.3.4 1-65535? 5.6.7.8 - 0 0)", right: [ping], of: [ping] },
  "ICMPPingRewriter that keeps": { code: "ICMPPingRewriter(keep 0 0)", right: [ping], of: [ping] },
  IPRewriter: { code: "IPRewriter(pattern 1.2.3.4 1-65535? 5.6.7.8 9 0 0)", right: all, of: [tcp, udp] },
  "IPRewriter that passes": { code: "IPRewriter(pass 0)", right: all },
  UDPRewriter: { code: "UDPRewriter(pattern 1.2.3.0/24 5.6.7.8 0 0)", right: all, of: [tcp, udp] },
  TCPRewriter: { code: "TCPRewriter(pattern - 1-65535? - 77 0 0)", right: all, of: [tcp] },
  IPAddrRewriter: { code: "IPAddrRewriter(pattern 1.2.0.0/16 - 0 0)", right: all },
  IPAddrPairRewriter: { code: "IPAddrPairRewriter(pattern 1.2.0.0/16 5.6.7.8 0 0)", right: all },
  SetIPChecksum: { code: "SetIPChecksum", right: all },
  IPEncap: { code: "IPEncap(200, 1.2.3.4, 5.6.7.8, TOS 7)", right: all },
  UDPIPEncap: { code: "UDPIPEncap(1.2.3.4, 5, 6.7.8.9, 10)", right: [udp] },
  ICMPPingEncap: { code: "ICMPPingEncap(1.2.3.4, 5.6.7.8, IDENTIFIER 7)", right: [ping] },
  SetIPDSCP: { code: "SetIPDSCP(46)", right: all },
  SetIPECN: { code: "SetIPECN(2)", right: all },
  MarkIPCE: { code: "MarkIPCE(true)", right: all },
  "StoreIPAddress of the source": { code: "StoreIPAddress(1.2.3.4, src)", right: all },
  "StoreIPAddress of the destination": { code: "StoreIPAddress(255.255.255.255, dst)", right: all },
  SetTCPChecksum: {
    code: "StoreIPAddress(1.2.3.4, 12) -> SetTCPChecksum -> SetIPChecksum",
    right: [ipProtocols.tcp],
    of: [ipProtocols.tcp],
  },
  SetUDPChecksum: { code: "StoreIPAddress(1.2.3.4, 12) -> SetUDPChecksum -> SetIPChecksum", right: [udp], of: [udp] },
  DynamicUDPIPEncap: { code: "DynamicUDPIPEncap(1.2.3.4, 5, 6.7.8.9, 65000, true, 3)", right: [udp] },
  ICMPIPEncap: { code: "ICMPIPEncap(1.2.3.4, 5.6.7.8, timestamp, IDENTIFIER 7)", right: [ping] },
  "CheckTCPHeader, which passes them": { code: "CheckTCPHeader", right: all, of: [ipProtocols.tcp] },
  "CheckUDPHeader, which passes them": { code: "CheckUDPHeader", right: all, of: [udp] },
  "CheckICMPHeader, which passes them": { code: "CheckICMPHeader", right: all, of: [ping] },
  ResetIPChecksum: { code: "ResetIPChecksum(true)", right: [ipProtocols.tcp, udp] },
  IPOutputCombo: {
    // A device takes the first byte for an Ethernet address's.
    code: "SetPacketType(HOST) -> Paint(1, ANNO FIX_IP_SRC) -> c :: IPOutputCombo(9, 1.2.3.4, 1500); c [1] -> Discard; c [2] -> Discard; c [3] -> Discard; c [4] -> Discard; c",
    right: [ping],
  },
  "StripIPHeader and UnstripIPHeader": { code: "StripIPHeader -> UnstripIPHeader", right: all },
};

describe("checksums are right", () => {
  for (const [name, { code, right, of = all }] of Object.entries(changes))
    it(`after ${name}`, async () => {
      using router = await make(`FromDevice(0) -> CheckIPHeader -> ${code} -> ToDevice(1)`, { clock: () => 5n });
      fc.assert(
        fc.property(
          packets.filter(({ protocol }) => of.includes(protocol)),
          (made) => {
            const [out] = pass(router, [packetOf(made)])[1] as [Uint8Array];
            expectRightSums(out, right);
          },
        ),
        { numRuns: 200 },
      );
    });

  it("in a reply whose bytes are all zero, a sum that is all ones", async () => {
    using router = await make("FromDevice(0) -> CheckIPHeader -> ICMPPingResponder -> ToDevice(1)");
    const request = packetOf({
      ...{ protocol: ping, options: [], fragment: 0, ttl: 9, source: 0x0a000001, destination: 0x0a000002 },
      data: new Uint8Array(20),
    });
    const [reply] = pass(router, [request])[1] as [Uint8Array];
    expect(icmp.view(reply, 20).checksum).toBe(0xffff);
  });

  it("where packets are cut or their headers lie, nothing is read or written beyond them", async () => {
    for (const { code } of Object.values(changes)) {
      using router = await make(`FromDevice(0) -> MarkIPHeader -> ${code} -> ToDevice(1)`);
      fc.assert(
        fc.property(
          packets,
          fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }),
          fc.nat(80),
          (made, lies, cut) => {
            const bytes = packetOf(made);
            for (const [at, value] of lies) bytes[at] = value;
            pass(router, [bytes.subarray(0, cut)]);
          },
        ),
        { numRuns: 100 },
      );
    }
  });
});

describe("TCPReflector and FastUDPSource", () => {
  it("make right checksums", async () => {
    using router = await make("FromDevice(0) -> CheckIPHeader -> TCPReflector -> CheckTCPHeader -> ToDevice(1)");
    let answers = 0;
    fc.assert(
      fc.property(
        packets.filter(({ protocol, options }) => protocol === ipProtocols.tcp && options.length === 0),
        (made) => {
          made.data[12] = 0x50;
          for (const out of pass(router, [packetOf(made)])[1] as Uint8Array[]) {
            expectRightSums(out, [ipProtocols.tcp]);
            answers++;
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(answers).toBeGreaterThan(20);
    using source = await make(
      "FastUDPSource(0, 200, 61, 1:1:1:1:1:1, 1.2.3.4, 65000, 2:2:2:2:2:2, 5.6.7.8, 9, true, 3) -> Strip(14) -> ToDevice(0)",
    );
    source.run();
    const sent = source.device(0).receive();
    expect(sent.length).toBe(200);
    for (const bytes of sent) expectRightSums(bytes, [udp]);
  });
});

describe("SetRandIPAddress", () => {
  const destinations = async (args: string): Promise<Set<string>> => {
    using router = await make(
      `InfiniteSource(DATA abcd, LIMIT 2000, STOP true) -> SetRandIPAddress(${args}) -> StoreIPAddress(0) -> ToDevice(0)`,
    );
    router.run();
    return new Set(
      router
        .device(0)
        .receive()
        .map((bytes) => [...bytes].join(".")),
    );
  };
  it("draws addresses of its prefix", async () => {
    const all = await destinations("10.1.0.0/16");
    expect(all.size).toBeGreaterThan(400);
    expect([...all].every((text) => text.startsWith("10.1."))).toBe(true);
  });
  it("draws no more different ones than LIMIT", async () => {
    expect((await destinations("10.0.0.0/8, 16")).size).toBe(16);
  });
});
