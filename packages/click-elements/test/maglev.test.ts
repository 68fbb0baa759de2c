/** MaglevBalancer: its table, and how flows keep their servers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maglevTable, nobody, type Share } from "../src/balancing/maglev-table.ts";
import { ether, ip, make, tcp, udp } from "./packets.ts";

const size = 1021;
const servers = fc.uniqueArray(
  fc.record({ address: fc.integer({ min: 1, max: 0xffffffff }), weight: fc.integer({ min: 0, max: 5 }) }),
  { minLength: 1, maxLength: 12, selector: ({ address }) => address },
);
function entries(list: readonly Share[]): number[] {
  const counts = list.map(() => 0);
  for (const server of maglevTable(list, size)) if (server !== nobody) counts[server]!++;
  return counts;
}
const chosen = (list: readonly Share[]): number[] => [...maglevTable(list, size)].map((i) => list[i]!.address);

describe("Maglev's table", () => {
  it("gives servers as many entries as their weights say", () => {
    fc.assert(
      fc.property(servers, (list) => {
        const total = list.reduce((sum, { weight }) => sum + weight, 0);
        entries(list).forEach((count, i) => {
          const due = total === 0 ? 0 : (size * list[i]!.weight) / total;
          // Every round gives each server its share, but for the last round.
          expect(Math.abs(count - due)).toBeLessThanOrEqual(2);
        });
      }),
    );
  });

  it("does not depend on the order of the list", () => {
    fc.assert(
      fc.property(servers, (list) => {
        if (list.every(({ weight }) => weight === 0)) return;
        expect(chosen([...list].reverse())).toEqual(chosen(list));
      }),
    );
  });

  it("moves few entries of the others when a server goes", () => {
    const list = Array.from({ length: 10 }, (_, i) => ({ address: 0x0a000001 + i, weight: 1 }));
    const before = chosen(list);
    const gone = list[3]!.address;
    const after = chosen(list.filter(({ address }) => address !== gone));
    const moved = before.filter((address, i) => address !== gone && address !== after[i]).length;
    expect(moved / size).toBeLessThan(0.1);
  });
});

/** A balancer whose packets show on device 1 with the server as their destination. */
const balancer = (text: string): string => `FromDevice(0) -> CheckIPHeader(14)
  -> lb :: MaglevBalancer(${text}) -> StoreIPAddress(dst) -> ToDevice(1);`;
async function start(text: string) {
  let now = 1_000_000_000n;
  const router = await make(balancer(text), { clock: () => now });
  return {
    router,
    wait(seconds: number) {
      now += BigInt(seconds) * 1_000_000_000n;
      router.run();
    },
    /** Last bytes of the servers' addresses. */
    send(...packets: Uint8Array[]): number[] {
      router.device(0).send(packets.map((packet) => ether(packet)));
      router.run();
      return router
        .device(1)
        .receive()
        .map((frame) => frame[33]!);
    },
  };
}
const client = (i: number) => ({ src: `1.2.${i >> 8}.${i & 255}`, dst: "9.9.9.9" });
const flow = (i: number, flags = 2): Uint8Array => tcp(1024 + i, 80, flags, client(i));
const all = (n: number) => Array.from({ length: n }, (_, i) => flow(i));
const ten = Array.from({ length: 4 }, (_, i) => `10.0.0.${i + 1}`).join(", ");

describe("MaglevBalancer", () => {
  it("spreads flows by weight, keeps each where it is, and agrees with another balancer", async () => {
    const { send, router } = await start("10.0.0.1, 10.0.0.2 2, 10.0.0.3 1");
    const first = send(...all(200), ...all(200));
    expect(first.slice(200)).toEqual(first.slice(0, 200));
    const share = first.slice(0, 200).filter((server) => server === 2).length / 200;
    expect(share).toBeGreaterThan(0.38);
    expect(share).toBeLessThan(0.62);
    expect(router.read("lb.flows")).toBe("200");
    const other = await start("10.0.0.3, 10.0.0.1, 10.0.0.2 2");
    expect(other.send(...all(200))).toEqual(first.slice(0, 200));
  });

  it("leaves flows where they are when weights change, and moves those of a server that is down", async () => {
    const { send, router } = await start(ten);
    const before = send(...all(100));
    router.write("lb.weight", "10.0.0.2 0");
    expect(send(...all(100))).toEqual(before);
    const fresh = send(...Array.from({ length: 100 }, (_, i) => flow(i + 100)));
    expect(fresh).not.toContain(2);
    router.write("lb.down", "10.0.0.2");
    const after = send(...all(100));
    expect(after.filter((server, i) => before[i] !== 2 && server !== before[i])).toEqual([]);
    expect(after).not.toContain(2);
    router.write("lb.up", "10.0.0.2");
    expect(send(...all(100))).toEqual(after);
    expect(router.read("lb.servers").split("\n")[1]).toMatch(/^10\.0\.0\.2 0 up 0 \d+ \d+$/);
  });

  it("forgets a flow after a time without packets, and the oldest where there is no room", async () => {
    const { send, router, wait } = await start(`${ten}, TIMEOUT 5, CAPACITY 3`);
    send(flow(1));
    wait(1);
    send(flow(2), flow(3));
    wait(1);
    send(flow(1), flow(4));
    expect(router.read("lb.flows")).toBe("3");
    wait(5);
    wait(1);
    expect(router.read("lb.flows")).toBe("0");
  });

  it("drops where nobody is up, and says so", async () => {
    const { send, router } = await start("10.0.0.1");
    router.write("lb.down", "10.0.0.1");
    expect(send(flow(1))).toEqual([]);
    expect(router.drops()).toMatchObject([{ element: "lb", reason: "no server is up", count: 1 }]);
    expect(router.read("lb.lookup", "5")).toBe("-");
    router.write("lb.up", "10.0.0.1");
    expect(send(flow(1))).toEqual([1]);
    expect(router.read("lb.lookup", "5")).toBe("10.0.0.1");
  });

  it("sends all fragments between two hosts to one server", async () => {
    const { send } = await start(ten);
    const parts = [0x2000, 0x2003, 6].map((fragment, i) =>
      ip({ ...client(1), protocol: 17, fragment, payload: Uint8Array.from({ length: 24 }, () => i) }),
    );
    expect(new Set(send(...parts)).size).toBe(1);
    expect(new Set(send(udp(1, 2, client(1)), udp(1, 2, client(1)))).size).toBe(1);
  });

  it("keeps flows by address when it is given other servers", async () => {
    const { send, router } = await start("10.0.0.1, 10.0.0.2, 10.0.0.3");
    const before = send(...all(60));
    router.write("lb.config", "10.0.0.3, 10.0.0.4, 10.0.0.1");
    const after = send(...all(60));
    expect(after.filter((server, i) => before[i] !== 2 && server !== before[i])).toEqual([]);
    expect(after).not.toContain(2);
  });

  it("refuses what makes no sense", async () => {
    for (const [text, message] of [
      ["", /between 1 and/],
      ["10.0.0.1, 10.0.0.1", /listed twice/],
      ["10.0.0.1 70000", /WEIGHT of 10.0.0.1/],
      ["10.0.0.1, TABLE_SIZE 1000", /prime/],
      ["10.0.0.1, TIMEOUT 0", /TIMEOUT/],
    ] as const)
      await expect(make(balancer(text))).rejects.toThrow(message);
    const { router } = await start("10.0.0.1");
    expect(() => router.write("lb.down", "10.0.0.9")).toThrow(/no server '10.0.0.9'/);
    expect(() => router.write("lb.weight", "10.0.0.1 x")).toThrow(/WEIGHT/);
  });
});
