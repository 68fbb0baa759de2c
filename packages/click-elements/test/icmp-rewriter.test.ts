import type { Router } from "@clickos/click-core";
import { ConfigurationError } from "@clickos/click-language";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ip, make, pass, tcp, udp } from "./packets.ts";

const nat = (maps = "rw", outputs = "ToDevice(0)"): string => `
  FromDevice(0) -> MarkIPHeader -> [0] rw :: IPRewriter(pattern 1.0.0.1 5000-5999 - - 0 1, drop);
  FromDevice(1) -> MarkIPHeader -> c :: IPClassifier(icmp, -);
  c [0] -> icmp :: ICMPRewriter(${maps}) -> ${outputs}; c [1] -> [1] rw;
  rw [0] -> ToDevice(1); rw [1] -> ToDevice(0)`;

/** An error about a packet, with so many of its bytes. */
function icmpError(
  about: Uint8Array,
  { type = 3, code = 1, bytes = 28, dst = "1.0.0.1", src = "8.8.4.4" } = {},
): Uint8Array {
  const payload = new Uint8Array(8 + Math.min(bytes, about.length));
  payload.set([type, code]);
  payload.set(about.subarray(0, bytes), 8);
  const sum = checksum(payload);
  payload.set([sum >> 8, sum & 255], 2);
  return ip({ src, dst, protocol: 1, payload });
}
/** Sends a packet out, and an error about what became of it back in. */
function roundTrip(router: Router, packet: Uint8Array, options: Parameters<typeof icmpError>[1] = {}): Uint8Array[] {
  const [, [sent]] = pass(router, [packet]) as [unknown, [Uint8Array]];
  expect(sent.subarray(12, 16).join(".")).toBe("1.0.0.1");
  return pass(router, [icmpError(sent, options)], 1)[0] as Uint8Array[];
}

describe("ICMPRewriter", () => {
  it("turns an error about a rewritten packet into one about the packet that was sent", async () => {
    using router = await make(nat(), { clock: () => 1n });
    const source = fc.record({
      sport: fc.integer({ min: 1, max: 65_535 }),
      dport: fc.integer({ min: 1, max: 65_535 }),
      host: fc.integer({ min: 1, max: 254 }),
      isTcp: fc.boolean(),
      bytes: fc.constantFrom(28, 36, 38, 100),
      type: fc.constantFrom(3, 4, 5, 11, 12),
      data: fc.uint8Array({ minLength: 0, maxLength: 60 }),
    });
    fc.assert(
      fc.property(source, ({ sport, dport, host, isTcp, bytes, type, data }) => {
        const address = { src: `10.0.0.${host}`, dst: "8.8.8.8" };
        const packet = isTcp ? tcp(sport, dport, 2, address, data) : udp(sport, dport, address, data);
        const [error] = roundTrip(router, packet, { type, bytes }) as [Uint8Array];
        expect([
          error.subarray(16, 20).join("."),
          checksum(error.subarray(0, 20)),
          checksum(error.subarray(20)),
        ]).toEqual([address.src, 0, 0]);
        // Every byte, checksums included, where the error has the transport's. Of the two forms of zero a change gives the one
        // without bits, RFC 1624, as in Click; a datagram is sent with the other.
        const first = packet.slice(0, bytes);
        if (!isTcp && first[26] === 0xff && first[27] === 0xff) first.fill(0, 26, 28);
        expect([...error.subarray(28)]).toEqual([...first]);
      }),
      { numRuns: 200 },
    );
  });

  it("gives the checksum of a datagram that is zero as zero", async () => {
    using router = await make(nat(), { clock: () => 1n });
    const packet = udp(1234, 53, { src: "10.0.0.5", dst: "8.8.8.8" }, Uint8Array.of(0xe0, 0xbe));
    expect([...packet.subarray(26, 28)]).toEqual([0xff, 0xff]);
    const [error] = roundTrip(router, packet) as [Uint8Array];
    expect([[...error.subarray(54, 56)], checksum(error.subarray(20))]).toEqual([[0, 0], 0]);
  });

  it("leaves a datagram without a checksum without one", async () => {
    using router = await make(nat(), { clock: () => 1n });
    const packet = udp(1234, 53, { src: "10.0.0.5", dst: "8.8.8.8" });
    packet.set([0, 0], 26);
    const [error] = roundTrip(router, packet) as [Uint8Array];
    expect([...error.subarray(28)]).toEqual([...packet.subarray(0, 28)]);
    expect(checksum(error.subarray(20))).toBe(0);
  });

  it("drops what it knows nothing about, and says why", async () => {
    using router = await make(nat(), { clock: () => 1n });
    const packet = udp(1, 2, { src: "1.0.0.1", dst: "8.8.8.8" });
    const lying = icmpError(packet);
    lying[28] = 0x4f;
    const frames = [
      icmpError(packet),
      icmpError(packet, { type: 0 }),
      icmpError(packet, { bytes: 15 }),
      icmpError(packet.map((b, i) => (i === 0 ? 0x65 : b))),
      lying,
      ip({ protocol: 1, payload: Uint8Array.of(3) }),
    ];
    expect(pass(router, frames, 1)[0]).toEqual([]);
    expect(router.drops().map((d) => [d.element, d.reason, d.count])).toEqual([
      ["icmp", "not an ICMP error with a packet in it", 5],
      ["icmp", "about no flow that was rewritten", 1],
    ]);
  });

  it("is not shaken by any bytes", async () => {
    using router = await make(nat(), { clock: () => 1n });
    const [, [sent]] = pass(router, [udp(7, 8, { src: "10.0.0.5", dst: "8.8.8.8" })]) as [unknown, [Uint8Array]];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }), fc.nat(60), (changes, cut) => {
        const bytes = icmpError(sent, { bytes: 40 });
        for (const [at, value] of changes) if (at >= 20) bytes[at] = value;
        pass(router, [bytes.subarray(0, bytes.length - (cut % (bytes.length - 20)))], 1);
      }),
      { numRuns: 300 },
    );
  });

  it("sends errors the way of the rewriter's replies, where its name has a number behind it", async () => {
    using router = await make(nat("rw:1", "ToDevice(2); icmp [1] -> ToDevice(3); icmp [2] -> ToDevice(0)"), {
      clock: () => 1n,
    });
    const packet = udp(1234, 53, { src: "10.0.0.5", dst: "8.8.8.8" });
    // Replies leave on the rewriter's output 1.
    expect(roundTrip(router, packet)).toHaveLength(1);
  });

  it("asks several rewriters, and says which are none", async () => {
    using router = await make(`
      FromDevice(0) -> MarkIPHeader -> a :: IPRewriter(pattern 2.0.0.1 1-9 - - 0 0) -> Discard;
      FromDevice(2) -> MarkIPHeader -> b :: IPRewriter(pattern 1.0.0.1 1-9 - - 0 0) -> ToDevice(1);
      FromDevice(1) -> MarkIPHeader -> ICMPRewriter(a b) -> ToDevice(0)`);
    const packet = udp(1234, 53, { src: "10.0.0.5", dst: "8.8.8.8" });
    router.device(2).send([packet]);
    router.run();
    const [sent] = router.device(1).receive() as [Uint8Array];
    const [[error]] = pass(router, [icmpError(sent)], 1) as [[Uint8Array]];
    expect([...error.subarray(28)]).toEqual([...packet.subarray(0, 28)]);
    const wrong = (text: string): Promise<unknown> =>
      make(text).then(
        () => undefined,
        (e) => (e instanceof ConfigurationError ? e.message : e),
      );
    expect(await wrong("Idle -> ICMPRewriter(q) -> q :: Queue -> Discard")).toMatch(/q not an IP rewriter/);
    expect(await wrong("Idle -> ICMPRewriter(nobody) -> Discard")).toMatch(/nobody not an IP rewriter/);
    expect(await wrong('Idle -> ICMPRewriter("") -> Discard')).toMatch(/"" not an IP rewriter/);
  });
});
