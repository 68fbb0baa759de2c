import { ConfigurationError } from "@clickos/click-language";
import { internetChecksum } from "@clickos/wire/checksum";
import { ipv4 } from "@clickos/wire/ipv4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksum, ip, make, pass, udp } from "./packets.ts";

/** A device takes the first byte for an Ethernet address's, and these packets have none. */
const errorOf = (args: string): string =>
  `FromDevice(0) -> SetPacketType(HOST) -> MarkIPHeader -> e :: ICMPError(18.26.4.24, ${args}) -> ToDevice(1)`;
const from = { src: "10.0.0.5", dst: "8.8.8.8" };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A packet with options after its header. */
function withOptions(options: readonly number[], payload: Uint8Array): Uint8Array {
  const plain = ip({ ...from, payload });
  const bytes = Uint8Array.of(...plain.subarray(0, 20), ...options, ...payload);
  const header = ipv4.view(bytes);
  header.ihl = 5 + options.length / 4;
  header.totalLength = bytes.length;
  header.checksum = 0;
  header.checksum = internetChecksum(bytes.subarray(0, 20 + options.length));
  return bytes;
}

describe("ICMPError", () => {
  it("has the packet's start in it, right sums, and goes to the sender", async () => {
    using router = await make(errorOf("timeexceeded, reassembly"), { clock: () => 1n });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), (data) => {
        const packet = udp(1, 2, from, data);
        const [error] = pass(router, [packet])[1] as [Uint8Array];
        const carried = Math.min(packet.length, 576 - 28);
        expect([error.length, checksum(error.subarray(0, 20)), checksum(error.subarray(20))]).toEqual([
          carried + 28,
          0,
          0,
        ]);
        expect(hex(error.subarray(28))).toBe(hex(packet.subarray(0, carried)));
        expect([...error.subarray(8, 10), ...error.subarray(12, 22)]).toEqual([
          200, 1, 18, 26, 4, 24, 10, 0, 0, 5, 11, 1,
        ]);
      }),
      { numRuns: 100 },
    );
  });

  it("says the MTU, the place of a mistake, the gateway", async () => {
    const word = async (args: string, before = ""): Promise<string> => {
      using router = await make(errorOf(args).replace("MarkIPHeader ->", `MarkIPHeader -> ${before}`));
      const [error] = pass(router, [udp(1, 2, from)])[1] as [Uint8Array];
      return hex(error.subarray(24, 28));
    };
    expect(await word("unreachable, needfrag, PMTU 1400")).toBe("00000578");
    expect(await word("unreachable, port, PMTU 1400")).toBe("00000000");
    expect(await word("parameterproblem, erroratptr", "Paint(7, 17) ->")).toBe("07000000");
    expect(await word("redirect, host", "CheckIPHeader ->")).toBe("08080808");
  });

  it("is sent about nothing that RFC 1812 spares", async () => {
    using router = await make(errorOf("unreachable, host, 9.9.9.9 10.0.0.77"));
    const spared = [
      ip({ ...from, protocol: 1, payload: Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0) }),
      ip({ ...from, protocol: 1, payload: Uint8Array.of(3) }),
      udp(1, 2, { ...from, dst: "255.255.255.255" }),
      udp(1, 2, { ...from, dst: "224.0.0.1" }),
      udp(1, 2, { ...from, dst: "9.9.9.9" }),
      ...["0.1.2.3", "127.0.0.1", "240.0.0.1", "255.255.255.255", "10.0.0.77"].map((src) =>
        udp(1, 2, { ...from, src }),
      ),
      ip({ ...from, fragment: 3 }),
    ];
    expect(pass(router, spared)[1]).toEqual([]);
    expect(router.drops()).toEqual([{ element: "e", reason: "no ICMP error is due", count: spared.length }]);
    // An echo request is no error, the first fragment is answered.
    const answered = [
      ip({ ...from, protocol: 1, payload: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0) }),
      ip({ ...from, fragment: 0x2000 }),
    ];
    expect(pass(router, answered)[1]).toHaveLength(2);
  });

  it("goes back along a source route, and ignores one that it is about", async () => {
    // Two of three addresses were passed.
    const route = [131, 15, 12, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 0];
    using router = await make(errorOf("timeexceeded"));
    const [error] = pass(router, [withOptions(route, new Uint8Array(30))])[1] as [Uint8Array];
    expect([error[0], ...error.subarray(20, 32)]).toEqual([0x48, 131, 11, 4, 2, 2, 2, 2, 1, 1, 1, 1, 0]);
    expect([checksum(error.subarray(0, 32)), checksum(error.subarray(32))]).toEqual([0, 0]);
    const about = (at: number): string =>
      `FromDevice(0) -> SetPacketType(HOST) -> MarkIPHeader -> Paint(${at}, 17) -> ICMPError(18.26.4.24, parameterproblem, 0) -> ToDevice(1)`;
    for (const [at, length] of [
      [22, 5],
      [40, 8],
    ] as const) {
      using pointing = await make(about(at));
      const [answer] = pass(pointing, [withOptions(route, new Uint8Array(30))])[1] as [Uint8Array];
      expect(answer[0]).toBe(0x40 + length);
    }
    using redirect = await make(errorOf("redirect, host"));
    expect(pass(redirect, [withOptions(route, new Uint8Array(30))])[1]).toEqual([]);
  });

  it("takes another source and size while it runs, and is not shaken by any header", async () => {
    using router = await make(errorOf("timeexceeded"));
    router.write("e.src", "1.2.3.4");
    router.write("e.mtu", "60");
    const [error] = pass(router, [udp(1, 2, from, new Uint8Array(100))])[1] as [Uint8Array];
    expect([error.length, ...error.subarray(12, 16)]).toEqual([60, 1, 2, 3, 4]);
    router.write("e.mtu", "20");
    expect(pass(router, [udp(1, 2, from)])[1]).toEqual([]);
    router.write("e.mtu", "4294967295");
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 80 }), (bytes) => {
        bytes[0] = 0x40 | ((bytes[0] as number) & 15);
        for (const out of pass(router, [bytes])[1] as Uint8Array[])
          expect(checksum(out.subarray(0, (out[0]! & 15) * 4))).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses what is no error", async () => {
    await expect(make(errorOf("echo"))).rejects.toThrow(/ICMP type 8 is not an error type/);
    await expect(make(errorOf("unreachable, reassembly"))).rejects.toThrow(/argument 2 takes ICMP code/);
    await expect(make(errorOf("nothing"))).rejects.toBeInstanceOf(ConfigurationError);
  });
});
