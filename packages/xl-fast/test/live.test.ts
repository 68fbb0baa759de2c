/** A router that takes the place of another while its VM runs. */
import { elements as standard } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor/node";
import { type VifMode, vifModes } from "@clickos/netback";
import { runLoop } from "@clickos/run-loop";
import { createSwitch } from "@clickos/vale";
import { createToolstack, type Vm, type VmEvent } from "@clickos/xl-fast";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { bench, configure, elements, frame, shell } from "./rig.ts";

const worker = new URL("../../hypervisor/dist/pcpu-worker.js", import.meta.url);

const modes = Object.keys(vifModes) as VifMode[];
const frames = (first: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => frame(first + i, 2, 60 + (((first + i) * 37) % 1400)));

/** A UDP packet of a flow, in an Ethernet frame. */
function packet(flow: number): Uint8Array {
  const ip = [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, flow >> 8, flow & 255, 8, 8, 8, 8];
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((ip[i] as number) << 8) | (ip[i + 1] as number);
  sum = ~((sum & 65535) + (sum >> 16)) & 65535;
  ip[10] = sum >> 8;
  ip[11] = sum & 255;
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...ip, 0x30, 0x39, 0, 53, 0, 26, 0, 0];
  return Uint8Array.from({ length: 60 }, (_, i) => head[i] ?? 0);
}
const nat = (between: string): string => `
  FromDevice(0) -> Strip(14) -> CheckIPHeader -> rw :: IPRewriter(pattern 10.9.9.9 1024-65535 - - 0 1, drop);
  FromDevice(1) -> Strip(14) -> CheckIPHeader -> [1]rw;
  rw[0] -> ${between} Unstrip(14) -> Queue(1000) -> ToDevice(1);
  rw[1] -> Unstrip(14) -> Queue(1000) -> ToDevice(0);`;
const sourceOf = (f: Uint8Array): string => f.subarray(26, 36).join();

describe("a router that is replaced while its VM runs", () => {
  beforeAll(() => needsBuild(worker));

  it("has what stood in the rings of either side, in every mode and in order", async () => {
    for (const mode of modes) {
      const b = bench(2);
      const events: VmEvent[] = [];
      b.xl.onVmEvent((e) => events.push(e));
      const vif = b.vif.map((v) => ({ ...v, mode }));
      const vm = await shell(b, "FromDevice(0) -> c :: Counter -> Queue(400) -> ToDevice(1)", { vif });
      const install = (between: string): Promise<unknown> =>
        vm.install(0, `FromDevice(0) -> c :: Counter -> ${between} Queue(400) -> ToDevice(1)`);
      let next = 0;
      const send = (count: number): void => {
        b.ports[0]!.send(frames(next, count));
        next += count;
        while (b.bridges[0]!.forward() > 0) {}
      };
      // The guest has sent these, and the switch has not taken them.
      send(30);
      for (let i = 0; i < 10; i++) b.xl.hypervisor.run();
      // And these it has not read.
      send(20);
      await install("d :: Counter ->");
      send(10);
      await install("");
      b.settle();
      expect(b.ports[1]!.receive()).toEqual(frames(0, 60));
      expect(vm.read("c.count")).toBe("60");
      expect(events).toMatchObject([
        { kind: "reconfigured", router: 0, lost: 0 },
        { kind: "reconfigured", router: 0, lost: 0 },
      ]);
      expect((events[0] as { frames: number }).frames).toBeGreaterThan(20);
      for (const bridge of b.bridges)
        for (const { noRoom } of Object.values(bridge.stats.ports)) expect(noRoom).toBe(0);
    }
  });

  it("loses nothing that was accepted while traffic flows, on a thread of its own", async () => {
    const hypervisor = createHypervisor({ pcpus: 1, worker, heapMiB: 32 });
    const b = bench(2, createToolstack({ elements, hypervisor }));
    const [inside, outside] = [b.ports[0]!, b.ports[1]!];
    const text = (between: string): string =>
      `FromDevice(0) -> c :: Counter -> ${between} q :: Queue(2000) -> ToDevice(1)`;
    const vm = await shell(b, text(""), { pcpu: 1 });
    const abort = new AbortController();
    const loop = runLoop([hypervisor, ...b.bridges], { signal: abort.signal });
    try {
      let sent = 0;
      const got: Uint8Array[] = [];
      let flows = true;
      const traffic = (async () => {
        while (flows || got.length < sent) {
          // No more than the rings take, so that nothing is refused.
          if (flows && sent - got.length < 200) sent += inside.send(frames(sent, 20));
          got.push(...outside.receive());
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      for (const between of ["d :: Counter ->", "", "e :: Counter ->", "d :: Counter -> e :: Counter ->"]) {
        const before = sent;
        const takeover = await vm.install(0, text(between));
        expect(takeover).toMatchObject({ lost: 0 });
        while (sent < before + 100) await new Promise((resolve) => setImmediate(resolve));
      }
      flows = false;
      await traffic;
      expect(got.length).toBe(sent);
      expect(got.every((f, i) => Buffer.compare(f, frame(i, 2, f.length)) === 0)).toBe(true);
      expect([vm.read("c.count"), vm.drops(), vm.domain.state]).toEqual([String(sent), [], "running"]);
      for (const bridge of b.bridges)
        for (const { noRoom } of Object.values(bridge.stats.ports)) expect(noRoom).toBe(0);
    } finally {
      abort.abort();
      await loop;
      await hypervisor.close();
    }
  });

  it("keeps counters, queued packets, timers and the flows of a NAT, and replies find their way", async () => {
    const b = bench(2, createToolstack({ elements: standard }));
    const image = await linkImage({ file: "nat.click", text: nat("") }, { elements: standard, name: "nat" });
    const vm = await b.xl.create({ name: "nat", image, vif: b.vif, memoryKiB: 16384 });
    const pass = (from: number, to: number, sent: readonly Uint8Array[]): Uint8Array[] => {
      const got: Uint8Array[] = [];
      for (let i = 0; i < sent.length; i += 100) {
        b.ports[from]!.send(sent.slice(i, i + 100));
        b.settle();
        got.push(...b.ports[to]!.receive());
      }
      return got;
    };
    const sent = Array.from({ length: 3000 }, (_, i) => packet(i));
    const before = pass(0, 1, sent).map(sourceOf);
    expect(new Set(before).size).toBe(3000);
    for (const between of ["c :: Counter ->", "c :: Counter -> d :: Counter ->", ""]) {
      await vm.install(0, nat(between));
      expect(vm.read("rw.nmappings")).toBe("3000");
      // Every flow has the port that it had, in either direction.
      const out = pass(0, 1, sent.slice(0, 400));
      expect(out.map(sourceOf)).toEqual(before.slice(0, 400));
      const replies = out.map((f) => {
        const reply = f.slice();
        reply.set(f.subarray(26, 30), 30);
        reply.set(f.subarray(30, 34), 26);
        reply.set(f.subarray(34, 36), 36);
        reply.set(f.subarray(36, 38), 34);
        return reply;
      });
      const back = pass(1, 0, replies);
      expect(back.map((f) => f.subarray(30, 34).join())).toEqual(
        sent.slice(0, 400).map((f) => f.subarray(26, 30).join()),
      );
    }
    // Flows that come later are of the same table.
    expect(new Set([...before, ...pass(0, 1, [packet(9000)]).map(sourceOf)]).size).toBe(3001);
  });

  it("is in its place only once it has booted: until then the former goes on, whatever is wrong", async () => {
    const b = bench(3);
    const taken = { bridge: b.bridges[2]!, mac: "02:00:00:00:00:07" };
    const vm = await shell(b, "FromDevice(0) -> c :: Counter -> Queue(10) -> ToDevice(1)", { memoryKiB: 4096 });
    const works = (n: number): void => {
      b.ports[0]!.send(frames(n, 1));
      b.settle();
      expect(b.ports[1]!.receive()).toEqual(frames(n, 1));
      expect(vm.read("c.count")).toBe(String(n + 1));
    };
    works(0);
    await expect(vm.install(0, "FromDevice(0) -> Nonsense")).rejects.toThrow("Nonsense");
    works(1);
    await expect(vm.install(0, "FromDevice(0) -> f :: FaultyAtBoot -> ToDevice(1)")).rejects.toMatchObject({
      code: "CRASHED",
    });
    works(2);
    await expect(vm.install(0, "FromDevice(0) -> Queue(3000) -> ToDevice(1)")).rejects.toMatchObject({
      code: "NO_ROOM",
    });
    works(3);
    await expect(vm.install(0, "FromDevice(7) -> Discard")).rejects.toMatchObject({ code: "BAD_VIFS" });
    works(4);
    expect([vm.domain.state, vm.routers, taken.bridge.name]).toEqual(["running", [0], "br2"]);
  });

  it("may have other interfaces; an address that is taken is found before anything has changed", async () => {
    const bridges = [createSwitch({ name: "br0" }), createSwitch({ name: "br1" })];
    const ports = bridges.map((bridge) => bridge.attach("outside"));
    const xl = createToolstack({ elements });
    const mac = "02:00:00:00:00:07";
    const vif = [{ bridge: bridges[0]! }, { bridge: bridges[1]!, mac }];
    const vm = await xl.create({ name: "vm", vif });
    const settle = (): void => {
      for (let busy = true; busy; ) busy = [xl.hypervisor.run(), ...bridges.map((s) => s.forward() > 0)].includes(true);
    };
    await vm.install(0, "FromDevice(0) -> c :: Counter -> Discard");
    const other = bridges[1]!.attach("other", { addresses: [mac] });
    const both = "FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> d :: Counter -> Discard";
    await expect(vm.install(0, both)).rejects.toMatchObject({ code: "BAD_VIFS" });
    const to = (address: number[]): Uint8Array => Uint8Array.from([...address, 2, 0, 0, 0, 9, 9, ...Array(50).fill(8)]);
    const own = [2, 0, 0, 0, 1, 0];
    ports[0]!.send([to(own)]);
    settle();
    expect(vm.read("c.count")).toBe("1");
    bridges[1]!.detach(other);
    await vm.install(0, both);
    ports[0]!.send([to(own)]);
    ports[1]!.send([to([2, 0, 0, 0, 0, 7])]);
    settle();
    expect([vm.read("c.count"), vm.read("d.count"), vm.interfaces.map((i) => i.connected)]).toEqual([
      "2",
      "1",
      [true, true],
    ]);
    await vm.install(0, "FromDevice(1) -> d :: Counter -> Discard");
    ports[1]!.send([to([2, 0, 0, 0, 0, 7])]);
    settle();
    expect([vm.read("d.count"), vm.interfaces.map((i) => i.connected), Object.keys(bridges[0]!.stats.ports)]).toEqual([
      "2",
      [false, true],
      ["outside"],
    ]);
  });

  it("leaves the routers beside it alone, however often it is replaced", async () => {
    const b = bench(4);
    const vm: Vm = await b.xl.create({ name: "vm", vif: b.vif, memoryKiB: 32768 });
    const text = (k: number, length: number): string =>
      `FromDevice(${k}) -> c :: Counter -> Queue(${length}) -> ToDevice(${k + 1})`;
    await configure(b, vm, 0, text(0, 10));
    await configure(b, vm, 1, text(2, 10));
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 10, max: 900 }), async (router, length) => {
        await vm.install(router, text(router * 2, length));
        for (const k of [0, 2]) b.ports[k]!.send(frames(sent, 5));
        sent += 5;
        b.settle();
        for (const k of [1, 3]) expect(b.ports[k]!.receive()).toEqual(frames(sent - 5, 5));
        expect([vm.read("c.count", 0), vm.read("c.count", 1)]).toEqual([String(sent), String(sent)]);
      }),
      { numRuns: 8 },
    );
  });
});
