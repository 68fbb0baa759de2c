/** PortBlockMapper: who has which ports, for how long, and what is told of it. */
import { describe, expect, it } from "vitest";
import { ether, ip, make, tcp, udp } from "./packets.ts";

async function nat(arguments_: string, rewriter = "TCP_TIMEOUT 60, UDP_TIMEOUT 60, UDP_GUARANTEE 0, REAP_INTERVAL 1") {
  let now = 1_000_000_000_000n;
  let said = "";
  const router = await make(
    `blocks :: PortBlockMapper(${arguments_}); rw :: IPRewriter(blocks, drop, ${rewriter});
     FromDevice(0) -> MarkIPHeader(14) -> [0] rw [0] -> ToDevice(1); FromDevice(1) -> MarkIPHeader(14) -> [1] rw [1] -> ToDevice(0);`,
    {
      clock: () => now,
      chatter: (text) => {
        said += text;
      },
    },
  );
  return {
    router,
    /** What packets from inside become: `address:port`, in order. */
    out(...packets: Uint8Array[]): string[] {
      const left: string[] = [];
      for (let i = 0; i < packets.length; i += 100) {
        router.device(0).send(packets.slice(i, i + 100).map((packet) => ether(packet)));
        router.run();
        for (const f of router.device(1).receive())
          left.push(`${f.subarray(26, 30).join(".")}:${(f[34]! << 8) | f[35]!}`);
      }
      return left;
    },
    back(packet: Uint8Array): string[] {
      router.device(1).send([ether(packet)]);
      router.run();
      return router
        .device(0)
        .receive()
        .map((f) => `${f.subarray(30, 34).join(".")}:${(f[36]! << 8) | f[37]!}`);
    },
    wait(seconds: number): void {
      for (let i = 0; i < seconds; i++) {
        now += 1_000_000_000n;
        router.run();
      }
    },
    said: () => said.split("\n").slice(0, -1),
  };
}
const from = (n: number, port: number, dst = "8.8.8.8"): Uint8Array => udp(port, 53, { src: `10.0.0.${n}`, dst });
const portOf = (text: string): number => Number(text.split(":")[1]);

describe("PortBlockMapper", () => {
  it("gives each subscriber ports of its own block, the same for all destinations", async () => {
    const { router, out, back } = await nat("1.0.0.1, 0, 1, BLOCK 64");
    const first = out(from(1, 5000), from(1, 5000, "9.9.9.9"), from(1, 5001));
    expect(first[1]).toBe(first[0]);
    const [low, high] = /1\.0\.0\.1 (\d+)-(\d+) 3/.exec(router.read("blocks.blocks"))!.slice(1).map(Number) as [
      number,
      number,
    ];
    expect(high - low).toBe(63);
    for (const text of first) {
      expect(text).toMatch(/^1\.0\.0\.1:/);
      expect(portOf(text)).toBeGreaterThanOrEqual(low);
      expect(portOf(text)).toBeLessThanOrEqual(high);
    }
    const other = out(from(2, 5000))[0]!;
    expect(portOf(other) < low || portOf(other) > high).toBe(true);
    expect(back(udp(53, portOf(other), { src: "8.8.8.8", dst: "1.0.0.1" }))).toEqual(["10.0.0.2:5000"]);
    expect(back(udp(53, portOf(other) + 1, { src: "8.8.8.8", dst: "1.0.0.1" }))).toEqual([]);
  });

  it("gives another block of the same address where one is full, up to a limit, and refuses then", async () => {
    const { router, out } = await nat("1.0.0.0/30, 0, 1, BLOCK 16, BLOCKS 2, PORTS 1024-2047");
    const left = out(...Array.from({ length: 40 }, (_, i) => from(1, 6000 + i)));
    expect(new Set(left).size).toBe(32);
    expect(new Set(left.map((text) => text.split(":")[0])).size).toBe(1);
    expect(router.read("blocks.refused")).toBe("8");
    expect(router.read("blocks.blocks").trim().split("\n")).toHaveLength(2);
    expect(router.drops()).toMatchObject([{ element: "rw", reason: "no room for another flow", count: 8 }]);
    expect(router.read("blocks.free")).toBe(String(4 * 64 - 2));
  });

  it("takes blocks back when the last flow has ended a while ago, and logs both", async () => {
    const { router, out, wait, said } = await nat("1.0.0.1, 0, 1, HOLD 10s");
    const [first] = out(from(1, 5000));
    wait(65);
    expect([router.read("rw.size"), router.read("blocks.subscribers")]).toEqual(["0", "1"]);
    // It comes back in time, and has its block still.
    expect(out(from(1, 5000))).toEqual([first]);
    wait(80);
    expect([router.read("blocks.subscribers"), router.read("blocks.blocks")]).toEqual(["0", ""]);
    const range = /1\.0\.0\.1 \d+-\d+/.exec(said()[0]!)![0];
    expect(said()).toEqual([
      expect.stringMatching(new RegExp(`^blocks: 1000\\.\\d+ 10\\.0\\.0\\.1 gets ${range}$`)),
      expect.stringMatching(new RegExp(`^blocks: 11\\d\\d\\.\\d+ 10\\.0\\.0\\.1 gives back ${range}$`)),
    ]);
  });

  it("counts flows that handlers end, and those that are refused", async () => {
    const { router, out, wait } = await nat(
      "1.0.0.1, 0, 1, HOLD 1s, LOG false",
      "CAPACITY 5, UDP_GUARANTEE 0, REAP_INTERVAL 1",
    );
    out(...Array.from({ length: 20 }, (_, i) => from(1, 5000 + i)));
    expect(router.read("blocks.blocks")).toMatch(/ 5\n$/);
    router.write("rw.clear", "");
    wait(3);
    expect(router.read("blocks.subscribers")).toBe("0");
  });

  it("keeps blocks with their flows when the configuration is replaced", async () => {
    const { router, out } = await nat("1.0.0.1, 0, 1, BLOCK 64");
    const [first] = out(from(1, 5000));
    const before = router.read("blocks.blocks");
    router.write("rw.pattern1", "drop");
    expect(router.read("blocks.blocks")).toBe(before);
    expect(out(from(1, 5000))).toEqual([first]);
    expect(router.read("blocks.blocks")).toBe(before);
  });

  it("refuses what makes no sense", async () => {
    for (const [text, message] of [
      ["1.0.0.300, 0, 1", /ADDRESSES/],
      ["1.0.0.9-1.0.0.1, 0, 1", /ADDRESSES/],
      ["1.0.0.1, 0, 1, BLOCK 100", /power of two/],
      ["1.0.0.1, 0, 1, PORTS 0-10", /PORTS/],
      ["1.0.0.1, 0, 1, PORTS 1024-1100", /fewer ports/],
      ["1.0.0.0/8, 0, 1", /blocks; there may be/],
      ["1.0.0.1, 0, 1, BLOCKS 9", /between 1 and 8/],
      ["1.0.0.1, 0, 7", /output port out of range/],
    ] as const)
      await expect(nat(text)).rejects.toThrow(message);
  });

  it("shares a subscriber's ports among rewriters, by protocol", async () => {
    const { out } = await nat("1.0.0.1, 0, 1, BLOCK 64");
    const options = { src: "10.0.0.1", dst: "8.8.8.8" };
    const [one, two] = out(udp(5000, 53, options), tcp(5000, 53, 2, options));
    expect(two).toBe(one);
    expect(out(ip({ ...options, protocol: 47 }))).toEqual([]);
  });
});
