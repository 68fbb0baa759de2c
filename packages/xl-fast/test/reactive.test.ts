/** VMs that packets make: every packet is accounted for, whatever comes and whenever. */
import { createHypervisor } from "@clickos/hypervisor";
import {
  createSwitch,
  type FrameKeyKind,
  learningBridge,
  type MemoryPort,
  steeredLookup,
  type ValeSwitch,
} from "@clickos/vale";
import { createReactive, createToolstack, type Reactive, type ReactiveRule, type Toolstack } from "@clickos/xl-fast";
import { afterEach, describe, expect, it } from "vitest";
import { elements } from "./rig.ts";

/** A frame of UDP over IPv4, of a source that has a number, to one station behind the switch. */
function frame(source: number, id: number, { vlan = 0, port = 1000, first = 2, back = false } = {}): Uint8Array {
  const tag = vlan === 0 ? [] : [0x81, 0, vlan >> 8, vlan & 255];
  const addresses = [10, 0, source >> 8, source & 255, 192, 0, 2, 1];
  if (back) addresses.push(...addresses.splice(0, 4));
  const ports = [port >> 8, port & 255, 0, 53];
  if (back) ports.push(...ports.splice(0, 2));
  const ip = [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ...addresses, ...ports, 0, 12, 0, 0];
  const macs = [first, 9, 9, 9, 9, 9, 2, 1, 1, 1, source >> 8, source & 255];
  const bytes = [...macs, ...tag, 8, 0, ...ip, id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255];
  return Uint8Array.from({ length: 64 }, (_, i) => bytes[i] ?? 0);
}
const idOf = (bytes: Uint8Array, vlan = 0): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(14 + 28 + (vlan === 0 ? 0 : 4));

interface Rig {
  readonly xl: Toolstack;
  readonly access: ValeSwitch;
  readonly core: ValeSwitch;
  readonly users: MemoryPort;
  readonly server: MemoryPort;
  readonly reactive: Reactive;
  /** Moves everything until nothing moves, and all VMs that were wanted are there. */
  settle(): Promise<void>;
}
const open: Reactive[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const through = "FromDevice(0) -> c :: Counter -> ToDevice(1); FromDevice(1) -> r :: Counter -> ToDevice(0);";
async function rig(
  rule: Partial<ReactiveRule> & { readonly per: FrameKeyKind },
  text = through,
  xl = createToolstack({ elements }),
): Promise<Rig> {
  const access = createSwitch({ name: "access", lookup: steeredLookup(learningBridge()) });
  const core = createSwitch({ name: "core", lookup: steeredLookup(learningBridge()) });
  const users = access.attach("users");
  const server = core.attach("server");
  const vif = [
    { bridge: access, antiSpoof: false },
    { bridge: core, antiSpoof: false },
  ];
  const reactive = await createReactive(
    { toolstack: xl, elements },
    { name: "fw", configuration: { file: "fw.click", text }, vif, idleMs: 60_000, ...rule },
  );
  open.push(reactive);
  const move = (): void => {
    for (let busy = true; busy; ) {
      busy = xl.hypervisor.run();
      for (const bridge of [access, core]) while (bridge.forward() > 0) busy = true;
    }
  };
  return {
    xl,
    access,
    core,
    users,
    server,
    reactive,
    async settle() {
      move();
      await reactive.settled();
      move();
    },
  };
}
/** Every frame that was steered is under one count, and what was held was sent on, lost, or waits. */
function balanced({ reactive }: Rig, entered: number): void {
  const { steered, held, released, queueFull, tooManyKeys, refused, lost, waiting } = reactive.stats;
  expect(steered + held + queueFull + tooManyKeys + refused - (held - released - lost - waiting)).toBe(entered);
}

describe("a rule", () => {
  it("makes a VM for each source, loses no packet, and keeps the order of each", async () => {
    const r = await rig({ per: "source" });
    const sent: number[] = [];
    for (let round = 0; round < 5; round++) {
      const some = Array.from({ length: 40 }, (_, i) => frame(i % 20, round * 100 + i));
      sent.push(...some.map((f) => idOf(f)));
      expect(r.users.send(some)).toBe(40);
      // Some wait, some overtake those of others, none its own.
      if (round < 3) r.access.forward();
      else await r.settle();
    }
    const got = r.server.receive();
    expect(got.map((f) => idOf(f)).sort((a, b) => a - b)).toEqual([...sent].sort((a, b) => a - b));
    for (let source = 0; source < 20; source++) {
      const own = got.filter((f) => f[29] === source).map((f) => idOf(f));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    expect(r.reactive.stats).toMatchObject({ vms: 20, created: 20, steered: 40, held: 160, released: 160, waiting: 0 });
    balanced(r, 200);
    expect(r.reactive.list().slice(0, 2)).toEqual([
      { name: "fw.1", key: "10.0.0.0" },
      { name: "fw.2", key: "10.0.0.1" },
    ]);
    expect(r.xl.list()).toHaveLength(20);
    expect(r.xl.get("fw.3")?.read("c.count")).toBe("10");
    // What is sent back comes to the VM, whoever learned what.
    r.server.send([frame(2, 7, { back: true }), frame(99, 8, { back: true })]);
    await r.settle();
    expect(r.xl.get("fw.3")?.read("r.count")).toBe("1");
    expect(r.users.receive().map((f) => idOf(f))).toEqual([7]);
  });

  it.each([
    ["flow", 6, "10.0.0.1 1000 > 192.0.2.1 53, protocol 17"],
    ["subscriber", 3, "02:01:01:01:00:01"],
    ["vlan", 2, "VLAN 5"],
  ] as const)("per %s has its own keys", async (per, vms, first) => {
    const r = await rig({ per });
    const vlan = per === "vlan" ? 5 : 0;
    const frames = [1, 2, 3].flatMap((source) =>
      [1000, 2000].map((port) =>
        frame(source, source * 10_000 + port, { port, vlan: vlan && port === 2000 ? 6 : vlan }),
      ),
    );
    r.users.send(frames);
    await r.settle();
    expect([r.reactive.stats.vms, r.reactive.list()[0]?.key, r.server.pending]).toEqual([vms, first, 6]);
    balanced(r, 6);
  });

  it("puts the key's values into arguments and handlers, of one image", async () => {
    const r = await rig(
      { per: "flow", set: { "sw.switch": "0", "p.color": "$PROTO" } },
      `// a template
       FromDevice(0) -> SetIPAddress($SRC) -> a :: SetIPAddress(ANNO 4, IPADDR $DST) -> p :: Paint(1) -> sw :: Switch(1) -> ToDevice(1);
       sw[1] -> len :: CheckLength(LENGTH $SPORT) -> Discard; len[1] -> Discard; FromDevice(1) -> Discard;`,
    );
    r.users.send([frame(1, 1), frame(2, 2, { port: 2000 })]);
    await r.settle();
    expect(r.server.pending).toBe(2);
    const read = (path: string): string[] => ["fw.1", "fw.2"].map((name) => r.xl.get(name)?.read(path) ?? "");
    expect(read("a.addr")).toEqual(["192.0.2.1", "192.0.2.1"]);
    expect(read("SetIPAddress@2.addr")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(read("p.color")).toEqual(["17", "17"]);
    expect(read("len.length")).toEqual(["1000", "2000"]);
    expect(r.xl.get("fw.1")?.image).toBe(r.xl.get("fw.2")?.image);
  });

  it("says what is wrong with a template, where it stands", async () => {
    const wrong = (text: string, set = {}): Promise<string> =>
      rig({ per: "source", set }, text).then(
        () => "nothing",
        (e: Error) => e.message,
      );
    expect(await wrong(`${through}\nIdle -> f :: IPFilter(allow src $SRC) -> Discard`)).toMatch(
      /fw\.click:2.*'\$SRC' stands in an argument of 'f :: IPFilter' that is compiled in/,
    );
    expect(await wrong(through, { "c.count": "$SRC" })).toMatch("the handler 'c.count' cannot be written");
    expect(await wrong(through, { "d.x": "1" })).toMatch("there is no handler 'd.x'");
    expect(await wrong(through, { "c.reset": "$DST" })).toMatch("there is no parameter '$DST', but $SRC, $VLAN");
    expect(await wrong("FromDevice(0) -> Discard")).toMatch("has 1 interfaces, 2 given");
    const plain = createSwitch();
    await expect(rig({ per: "source", vif: [{ bridge: plain }] })).rejects.toThrow("cannot be steered");
  });

  it("ends idle VMs, and makes another one for packets that come late", async () => {
    const r = await rig(
      { per: "source", idleMs: 40 },
      "FromDevice(0) -> q :: Queue(9) -> u :: Unqueue(ACTIVE false) -> ToDevice(1); FromDevice(1) -> Discard",
    );
    r.users.send([frame(1, 1), frame(2, 2)]);
    await r.settle();
    // One holds a packet, the other none.
    r.xl.get("fw.2")?.write("u.active", "true");
    await r.settle();
    expect(r.server.receive().map((f) => idOf(f))).toEqual([2]);
    while (r.reactive.stats.reaped === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await r.settle();
    }
    expect([r.reactive.list(), r.xl.list().map(({ name }) => name)]).toEqual([
      [{ name: "fw.1", key: "10.0.0.1" }],
      ["fw.1"],
    ]);
    r.users.send([frame(2, 3), frame(2, 4)]);
    await r.settle();
    expect(r.reactive.list()).toHaveLength(2);
    r.xl.get("fw.3")?.write("u.active", "true");
    r.xl.get("fw.1")?.write("u.active", "true");
    await r.settle();
    expect(
      r.server
        .receive()
        .map((f) => idOf(f))
        .sort(),
    ).toEqual([1, 3, 4]);
    balanced(r, 4);
  });

  it("has limits of VMs, of waiting packets and of creations, and counts what is beyond", async () => {
    let time = 0;
    const xl = createToolstack({ elements });
    const bridge = createSwitch({ lookup: steeredLookup(learningBridge()) });
    const users = bridge.attach("users");
    const made: string[] = [];
    const reactive = await createReactive(
      { toolstack: xl, elements, now: () => time, onCreated: (vm, key) => made.push(`${vm.name} ${key}`) },
      {
        name: "few",
        per: "source",
        configuration: { file: "x", text: "FromDevice(0) -> c :: Counter -> Discard" },
        vif: [{ bridge }],
        limit: 5,
        queue: 12,
        queuePerVm: 3,
        ratePerSecond: 20,
        ports: ["users"],
      },
    );
    open.push(reactive);
    // Five of one source, three of each of four others, two of a sixth.
    const sources = [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 6];
    users.send(sources.map((source, i) => frame(source, i)));
    bridge.forward();
    // The queue is full before the fifth source's.
    expect(reactive.stats).toMatchObject({ held: 12, queueFull: 2 + 3, tooManyKeys: 0, waiting: 12, pending: 4 });
    while (reactive.stats.pending > 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([made, reactive.stats.pending]).toEqual([["few.1 10.0.0.1", "few.2 10.0.0.2"], 2]);
    while (reactive.stats.pending > 0) {
      time += 50;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (xl.hypervisor.run() || bridge.forward() > 0);
    users.send([frame(5, 50), frame(6, 60), frame(1, 70)]);
    bridge.forward();
    expect(reactive.stats).toMatchObject({ tooManyKeys: 1, steered: 1, released: 12, waiting: 1 });
    expect(bridge.stats.ports.users).toMatchObject({ inPackets: 20, refused: 6 });
    expect(xl.get("few.1")?.read("c.count")).toBe("3");
  });

  it("drops the packets of a key for a second when its VM cannot be made, or crashes", async () => {
    let time = 0;
    const xl = createToolstack({ elements, hypervisor: createHypervisor({ memoryKiB: 6 * 1024, pooledKiB: 0 }) });
    const bridge = createSwitch({ lookup: steeredLookup(learningBridge()) });
    const users = bridge.attach("users");
    const ended: string[] = [];
    const reactive = await createReactive(
      { toolstack: xl, elements, now: () => time, onEnded: (name, _key, why) => ended.push(`${name} ${why}`) },
      {
        name: "f",
        per: "source",
        configuration: { file: "x", text: "FromDevice(0) -> Faulty -> c :: Counter -> Discard" },
        vif: [{ bridge }],
        idleMs: 1200,
      },
    );
    open.push(reactive);
    const settle = async (): Promise<void> => {
      while (xl.hypervisor.run() || bridge.forward() > 0);
      await reactive.settled();
      while (xl.hypervisor.run() || bridge.forward() > 0);
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    users.send([1, 2, 3].map((source) => frame(source, source)));
    await settle();
    // There is memory for two.
    expect(reactive.stats).toMatchObject({ created: 2, failed: 1, refused: 1, held: 3, released: 2 });
    expect(reactive.stats.lastError).toMatch(/^10\.0\.0\.3: .*KiB/);
    users.send([frame(3, 4), frame(1, 5, { first: 0xee })]);
    await settle();
    expect([reactive.stats.refused, reactive.stats.crashed, ended, xl.list().length]).toEqual([
      2,
      1,
      ["f.1 crashed"],
      1,
    ]);
    users.send([frame(1, 6), frame(3, 7)]);
    await settle();
    expect(reactive.stats).toMatchObject({ refused: 4, created: 2 });
    // After a second both are tried again: there is memory for one.
    time = 1100;
    while (reactive.stats.created < 3) {
      users.send([frame(1, 8), frame(2, 9), frame(3, 10)]);
      await settle();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(reactive.stats.created).toBe(3);
    // One that somebody destroys is made again.
    const name = xl.list()[0]?.name ?? "";
    xl.destroy(name);
    expect(ended).toContain(`${name} destroyed`);
    await reactive.close();
    expect([xl.list(), Object.keys(bridge.stats.ports)]).toEqual([[], ["users"]]);
    users.send([frame(1, 11)]);
    bridge.forward();
    expect(bridge.stats.drops.nobody).toBe(1);
  });

  it("takes VMs from shells, on a thread of their own or not", async () => {
    const r = await rig({ per: "source", shells: 2 });
    expect(r.xl.shells).toBe(2);
    r.users.send([frame(1, 1), frame(2, 2)]);
    await r.settle();
    expect(r.server.pending).toBe(2);
    expect(r.xl.get("fw.1")?.timeline.phases.map(({ name }) => name)).toContain("shell");
    await r.reactive.close();
    expect(r.xl.shells).toBe(0);
  });
});
