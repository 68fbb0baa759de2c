/** TCPIPSend: packets that are told of, with right checksums, however many; QuitWatcher. */
import { onesSum, pseudoHeaderSum } from "@clickos/wire/checksum";
import { ipProtocols, ipv4 } from "@clickos/wire/ipv4";
import { tcp } from "@clickos/wire/tcp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { make } from "./packets.ts";

describe("TCPIPSend", () => {
  it("makes the packets that it is told of", async () => {
    using router = await make("t :: TCPIPSend -> ToDevice(0)");
    const u32 = fc.nat(0xffffffff);
    const port = fc.nat(65535);
    fc.assert(
      fc.property(u32, port, u32, port, u32, u32, fc.nat(255), (source, sport, destination, dport, seq, ack, flags) => {
        router.write("t.send", `${source} ${sport} ${destination} ${dport} ${seq} ${ack} ${flags} 2`);
        router.run();
        const sent = router.device(0).receive();
        expect(sent.length).toBe(2);
        for (const packet of sent) {
          const ip = ipv4.view(packet);
          const segment = tcp.view(packet.subarray(20));
          expect(onesSum(packet.subarray(0, 20))).toBe(0xffff);
          expect(onesSum(packet.subarray(20), pseudoHeaderSum(ip, ipProtocols.tcp, 20))).toBe(0xffff);
          expect([segment.sourcePort, segment.destinationPort, segment.sequenceNumber]).toEqual([sport, dport, seq]);
          expect([segment.acknowledgmentNumber, segment.flags]).toEqual([ack, flags]);
        }
      }),
    );
  });

  it("makes very many in several turns", async () => {
    using router = await make("t :: TCPIPSend -> c :: Counter -> Discard");
    router.write("t.send", "1 2 3 4 5 6 7 3000000");
    expect(Number(router.read("c.count"))).toBeLessThan(3_000_000);
    router.run();
    expect(router.read("c.count")).toBe("3000000");
  });

  it("says what is wrong with what it is told", async () => {
    using router = await make("t :: TCPIPSend -> Discard");
    for (const text of [
      "",
      "1 2 3 4 5 6",
      "1 2 3 4 5 6 256",
      "1 2 3 4 5 6 7 x",
      "1 2 3 4 5 6 7 1 true 9",
      "1.2.3.4 2 3 4 5 6 7",
    ])
      expect(() => router.write("t.send", text)).toThrow();
  });
});

describe("QuitWatcher", () => {
  it("refuses elements that are not there, or have no task", async () => {
    await expect(make("QuitWatcher(x)")).rejects.toThrow("no element named 'x'");
    await expect(make("Idle -> d :: Discard; QuitWatcher(d)")).rejects.toThrow("no 'd.scheduled' read handler");
  });
});
