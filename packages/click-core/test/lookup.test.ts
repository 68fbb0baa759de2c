/** Click as the lookup of a switch. */
import { readFileSync } from "node:fs";
import { compileLookup, type LookupOptions } from "@clickos/click-core";
import { elements } from "@clickos/click-elements/node";
import {
  batchBytes,
  batchFrame,
  batchHeader,
  createSwitch,
  learningBridge,
  type MemoryPort,
  type ModuleLookup,
  moduleLookup,
  moduleVersion,
  type ValeSwitch,
} from "@clickos/vale";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lookupBlock, lookupFrame, lookupVersion } from "../src/runtime/lookup-block.ts";

const ports = ["uplink", "web", "names"];

async function world(text: string, options: Partial<LookupOptions> = {}, names: readonly string[] = ports) {
  const compiled = await compileLookup(text, { elements, ...options });
  const lookup: ModuleLookup = moduleLookup(compiled);
  const sw: ValeSwitch = createSwitch({ lookup });
  const attached: MemoryPort[] = names.map((name) => sw.attach(name, { mtu: 9000 }));
  const send = (port: number, ...frames: Uint8Array[]): number[] => {
    attached[port]?.send(frames);
    sw.forward();
    return attached.map((p) => p.receive().length);
  };
  return { router: compiled.router, lookup, sw, attached, send };
}

const station = (n: number): number[] => (n === 0 ? Array<number>(6).fill(255) : [2, 0, 0, 0, 0, n]);
const plain = (to: number, from: number, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set([...station(to), ...station(from), 0x88, 0xb5]);
  return bytes;
};
/** A packet of UDP, its checksum right. */
function udp(port: number): Uint8Array {
  const ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((ip[i] as number) << 8) | (ip[i + 1] as number);
  const checksum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
  ip.splice(10, 2, checksum >> 8, checksum & 255);
  const bytes = new Uint8Array(60);
  bytes.set([...station(1), ...station(2), 8, 0, ...ip, 4, 0, port >> 8, port & 255, 0, 8, 0, 0]);
  return bytes;
}

const example = readFileSync(new URL("../../../examples/switch-lookup.click", import.meta.url), "utf8");

describe("a configuration as a lookup", () => {
  it("has the layout that switches document", () => {
    expect(lookupVersion).toBe(moduleVersion);
    expect(lookupBlock.offsets).toMatchObject({ version: batchHeader.version, answers: batchHeader.answers });
    expect(lookupBlock.offsets).toMatchObject({ answerRoom: batchHeader.answerRoom, port: batchHeader.port });
    expect(lookupBlock.offsets).toMatchObject({ count: batchHeader.count, frames: batchHeader.bytes });
    expect(lookupFrame.offsets).toMatchObject({ address: batchFrame.address, room: batchFrame.room });
    expect([lookupFrame.offsets.length, lookupFrame.size]).toEqual([batchFrame.length, batchFrame.bytes]);
    expect(lookupBlock.size).toBe(batchBytes);
  });

  it("sends frames to the ports that their copies come to, several of them too, and counts what is dropped", async () => {
    const { send, sw, router, lookup } = await world(example);
    const arp = plain(0, 1);
    arp.set([8, 6], 12);
    expect(send(0, udp(53), udp(80), udp(443), arp, plain(1, 2))).toEqual([0, 3, 2]);
    expect(send(1, udp(1), plain(3, 4))).toEqual([2, 0, 0]);
    expect(send(2, udp(1))).toEqual([1, 0, 0]);
    expect([router.read("names.count"), router.read("web.count"), router.read("other.count")]).toEqual(["1", "2", "1"]);
    expect(sw.stats.ports.uplink?.refused).toBe(1);
    expect(lookup.faults).toEqual({ blocks: 0, noRoom: 0, answers: 0 });
    // No buffer is lost on the way.
    const free = router.freeBuffers;
    for (let i = 0; i < 50; i++) send(0, ...Array.from({ length: 256 }, (_, k) => (k & 1 ? arp : udp(k))));
    expect(router.freeBuffers).toBe(free);
    expect(router.drops()).toEqual([]);
  });

  it("leaves frames as they came, whatever becomes of the copies", async () => {
    const { attached, sw } = await world(
      "FromDevice(0) -> StoreData(0, XXXXXX) -> Truncate(20) -> Strip(4) -> ToDevice(1)",
    );
    const frame = udp(7);
    attached[0]?.send([frame]);
    sw.forward();
    expect(attached[1]?.receive()).toEqual([frame]);
  });

  it("learns as the switch's own bridge does, with EtherSwitch", async () => {
    const names = ["a", "b", "c", "d"];
    const text = `sw :: EtherSwitch; ${names.map((_, i) => `FromDevice(${i}) -> [${i}] sw [${i}] -> ToDevice(${i});`).join(" ")}`;
    const { send } = await world(text, {}, names);
    const own = createSwitch({ lookup: learningBridge() });
    const ownPorts = names.map((name) => own.attach(name));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 6 })), { maxLength: 9 }))),
        (steps) => {
          for (const [port, pairs] of steps) {
            const frames = pairs.map(([to, from]) => plain(to, from));
            ownPorts[port]?.send(frames);
            own.forward();
            expect(send(port, ...frames)).toEqual(ownPorts.map((p) => p.receive().length));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("runs queues to the end of a batch, drops what comes later, and gives no frame for a packet of its own", async () => {
    let now = 0n;
    const { send, router } = await world(
      `FromDevice(0) -> Queue(300) -> Unqueue -> ToDevice(1);
       FromDevice(1) -> Queue(300) -> DelayUnqueue(1) -> ToDevice(2);
       FromDevice(2) -> ARPResponder(10.0.0.1 2:0:0:0:0:9) -> ToDevice(0)`,
      { clock: () => now },
    );
    expect(send(0, ...Array.from({ length: 256 }, () => udp(1)))).toEqual([0, 256, 0]);
    expect(send(1, udp(1), udp(2))).toEqual([0, 0, 0]);
    now += 5_000_000_000n;
    expect(send(1, udp(3))).toEqual([0, 0, 0]);
    const query = plain(0, 5);
    query.set([8, 6, 0, 1, 8, 0, 6, 4, 0, 1, ...station(5), 10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1], 12);
    expect(send(2, query)).toEqual([0, 0, 0]);
    const drops = router.drops().map(({ element, reason, count }) => `${element}: ${reason}, ${count}`);
    expect(drops.sort().join("; ")).toMatch(
      /^device 0: no frame of the batch, 1; device 2: no frame of the batch, [12]$/,
    );
  });

  it("gives a frame to a port once, and never back to where it came from", async () => {
    const { send, sw } = await world(
      "FromDevice(0) -> t :: Tee(4); t [0], t [1], t [2] -> ToDevice(1); t [3] -> ToDevice(0)",
    );
    expect(send(0, udp(1), udp(2))).toEqual([0, 2, 0]);
    expect(sw.stats.drops.hairpin).toBe(2);
  });

  it("knows ports by names, and counts answers for those that are not there", async () => {
    const compiled = await compileLookup("FromDevice(7) -> t :: Tee; t -> ToDevice(3); t [1] -> ToDevice(9)", {
      elements,
    });
    const names = Object.assign(Array<string>(10).fill(""), { 3: "out", 7: "in" });
    const lookup = moduleLookup(compiled, { ports: names });
    const sw = createSwitch({ lookup });
    const [out, unknown, into] = ["out", "unknown", "in"].map((name) => sw.attach(name));
    into?.send([udp(1)]);
    unknown?.send([udp(1)]);
    sw.forward();
    expect([out?.pending, lookup.faults.answers, sw.stats.ports.unknown?.refused]).toEqual([1, 1, 1]);
  });

  it("keeps its state, and is replaced while the switch runs", async () => {
    const { send, router } = await world("FromDevice(0) -> c :: Counter -> ToDevice(1)");
    expect(send(0, udp(1), udp(2))).toEqual([0, 2, 0]);
    router.write("c.reset", "");
    expect(send(0, udp(1))).toEqual([0, 1, 0]);
    router.hotswap("FromDevice(0) -> c :: Counter -> ToDevice(2)");
    expect(send(0, udp(1))).toEqual([0, 0, 1]);
    expect(router.read("c.count")).toBe("2");
  });

  it("looks at long frames where it is told to, and else leaves them", async () => {
    const small = await world("FromDevice(0) -> ToDevice(1)");
    expect(small.send(0, new Uint8Array(1840), new Uint8Array(1841), udp(1))).toEqual([0, 2, 0]);
    expect([small.lookup.faults.noRoom, small.sw.stats.ports.uplink?.refused]).toEqual([1, 1]);
    const large = await world("FromDevice(0) -> CheckLength(8999) -> ToDevice(1)", { frameLimit: 9018 });
    const free = large.router.freeBuffers;
    for (let i = 0; i < 20; i++)
      expect(large.send(0, new Uint8Array(9000), new Uint8Array(8999), udp(1))).toEqual([0, 2, 0]);
    expect(large.router.freeBuffers).toBe(free);
  });

  it("ends with a batch even if it could go on, and answers nothing once it has stopped", async () => {
    const { send, router, lookup } = await world(
      "FromDevice(0) -> ToDevice(1); InfiniteSource(LIMIT -1) -> Discard; FromDevice(1) -> ToDevice(0)",
    );
    expect(send(0, udp(1))).toEqual([0, 1, 0]);
    router.stop();
    expect(send(0, udp(1))).toEqual([0, 0, 0]);
    expect([lookup.failure, lookup.faults.blocks]).toEqual([undefined, 0]);
  });

  it.each([
    ["Idle -> Discard", /has none/],
    ["FromDevice(0) -> ToDump(/tmp/x)", /files|not available/],
    ["FromDevice(0) -> Nonsense -> ToDevice(1)", /Nonsense/],
  ])("refuses %s", async (text, message) => {
    await expect(compileLookup(text, { elements })).rejects.toThrow(message);
  });
  it.each([0, 1.5, 2 ** 24 + 1])("refuses a frame limit of %d", async (frameLimit) => {
    await expect(compileLookup(example, { elements, frameLimit })).rejects.toThrow(RangeError);
  });
});
