/** Frames of up to 9,018 bytes through compiled VMs: NIC, switch, interface, router and back, in every mode. */
import { routerControl } from "@clickos/click-core/compile";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createIxgbe, drive, driverMemory, type Ixgbe } from "@clickos/ixgbe-model";
import { ringsOf, type VifMode, vifModes } from "@clickos/netback";
import { createSwitch, FrameBatch, type MemoryPort, patch, type ValeSwitch } from "@clickos/vale";
import { NETRXF, NS, netifRxResponse, netmapRing, netmapSlot, ringSlots, sring } from "@clickos/xen-ring";
import { createToolstack, type Toolstack, ToolstackError, type Vm } from "@clickos/xl-fast";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const modes = Object.keys(vifModes) as VifMode[];
const stride = 10_240;
const frame = (length: number, n = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + length + n * 13) & 255);
function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const batch = new FrameBatch(new ArrayBuffer(Math.max(1, frames.length) * stride));
  frames.forEach((f, i) => {
    batch.memory.bytes.set(f, i * stride);
    batch.offsets[i] = i * stride;
    batch.lengths[i] = f.length;
  });
  batch.count = frames.length;
  return batch;
}
/** Much faster than `toEqual` for many bytes. */
const same = (got: readonly Uint8Array[], expected: readonly Uint8Array[]): void => {
  expect(got.map((f) => f.length)).toEqual(expected.map((f) => f.length));
  got.forEach((f, i) => expect(Buffer.compare(f, expected[i]!), `frame ${i}`).toBe(0));
};

interface Rig {
  readonly xl: Toolstack;
  readonly vm: Vm;
  readonly bridges: readonly ValeSwitch[];
  /** Runs the VM only, for some slices: one that has to wait for room in a ring is never idle. */
  run(): void;
  settle(): void;
}

/** A VM whose interfaces are each on a switch of their own, to which `attach` gives the other port. */
async function vmOf(
  text: string,
  options: { mode?: VifMode; mtu?: number; interfaces?: number },
  attach: (bridge: ValeSwitch, i: number) => void,
): Promise<Rig> {
  const { mode = "+batch", mtu, interfaces = 2 } = options;
  const xl = createToolstack({ elements });
  const devices = Array.from({ length: interfaces }, (_, i) => i);
  const rings = Object.fromEntries(devices.map((i) => [i, ringsOf(mode)]));
  const image = await linkImage({ file: "t.click", text }, { elements, name: "t", rings });
  const bridges = devices.map((i) => createSwitch({ name: `br${i}`, lookup: patch() }));
  bridges.forEach(attach);
  const vm = await xl.create({ name: "vm", image, vif: bridges.map((bridge) => ({ bridge, mode, mtu })) });
  return {
    xl,
    vm,
    bridges,
    run() {
      for (let slice = 0; slice < 20; slice++) xl.hypervisor.run();
    },
    settle() {
      for (let busy = true; busy; ) {
        busy = xl.hypervisor.run();
        for (const b of bridges) while (b.forward() > 0) busy = true;
      }
    },
  };
}
/** The same with memory ports. */
async function vmBetween(text: string, options: { mode?: VifMode; mtu?: number; interfaces?: number }) {
  const ports: MemoryPort[] = [];
  const rig = await vmOf(text, options, (bridge) => void ports.push(bridge.attach("outside", { mtu: 9000 })));
  return Object.assign(rig, { ports });
}
/** Buffers of the pool that are not in use. */
function freeBuffers({ domain, image }: Vm): number {
  const { freeCount, poolFresh, poolCount } = routerControl.view(domain.memory.buffer, image.manifest.router.control);
  return freeCount + poolCount - poolFresh;
}
const dropsOf = (vm: Vm): Record<string, number> =>
  Object.fromEntries(vm.drops().map(({ element, reason, count }) => [`${element}: ${reason}`, Number(count)]));
const nonzero = (drops: Readonly<Record<string, number>> = {}): Record<string, number> =>
  Object.fromEntries(Object.entries(drops).filter(([, n]) => n > 0));

const length = fc.oneof(
  fc.integer({ min: 60, max: 9018 }),
  fc.constantFrom(60, 1840, 1841, 2032, 2033, 2048, 2049, 4096, 4097, 8192, 9018),
);

describe("frames of 60 to 9,018 bytes", () => {
  for (const mode of modes)
    for (const text of [
      "FromDevice(0) -> ToDevice(1)",
      "FromDevice(0) -> Queue(1000) -> ToDevice(1)",
      "FromDevice(0) -> t :: Tee -> ToDevice(1); t [1] -> Queue -> ToDevice(1)",
    ])
      it(`cross NIC, switch, VM, switch and NIC, whole and in order, in mode ${mode}: ${text}`, async () => {
        const nics: Ixgbe[] = [];
        const { vm, bridges, settle } = await vmOf(text, { mode, mtu: 9000 }, (bridge, i) => {
          const nic = createIxgbe({ mac: `02:00:00:00:ff:0${i}`, dma: new ArrayBuffer(driverMemory) });
          nics.push(nic);
          bridge.attach(drive(nic, "nic", { mtu: 9000 }));
        });
        const left: Uint8Array[] = [];
        nics[1]!.connect({
          receive(batch) {
            for (let i = 0; i < batch.count; i++)
              left.push(batch.memory.bytes.slice(batch.offsets[i]!, batch.offsets[i]! + batch.lengths[i]!));
          },
        });
        const copies = text.includes("Tee") ? 2 : 1;
        const free = freeBuffers(vm);
        let n = 0;
        fc.assert(
          fc.property(fc.array(length, { minLength: 1, maxLength: 30 }), (lengths) => {
            const frames = lengths.map((l) => frame(l, n++));
            expect(nics[0]!.arrive(batchOf(frames), 0)).toBe(frames.length);
            settle();
            const got = left.splice(0);
            if (copies === 1) same(got, frames);
            else {
              // Each way keeps the order.
              expect(got.length).toBe(2 * frames.length);
              const sorted = (list: readonly Uint8Array[]): string[] =>
                list.map((f) => Buffer.from(f).toString("latin1")).sort();
              expect(sorted(got)).toEqual(sorted([...frames, ...frames]));
            }
          }),
          // Many times what the heap holds.
          { numRuns: 60 },
        );
        // A VM takes back the buffers of what it sent when it runs again: all but those of the last frame.
        nics[0]!.arrive(batchOf([frame(60)]), 0);
        settle();
        expect(free - freeBuffers(vm)).toBeLessThanOrEqual(copies);
        expect(vm.drops()).toEqual([]);
        for (const vif of vm.vifs) expect(nonzero(vif.drops)).toEqual({});
        for (const { stats } of bridges)
          for (const port of Object.values(stats.ports)) expect(port).toMatchObject({ noRoom: 0, tooLong: 0 });
      });

  it("are counted where an interface carries less", async () => {
    for (const mode of modes) {
      const { vm, bridges, ports, settle } = await vmBetween("FromDevice(0) -> c :: Counter -> ToDevice(1)", {
        mode,
        mtu: 1500,
      });
      const frames = [60, 1518, 1519, 9018, 1000].map((l) => frame(l));
      ports[0]!.send(frames);
      settle();
      same(ports[1]!.receive(), [frames[0]!, frames[1]!, frames[4]!]);
      expect(bridges[0]!.stats.ports[vm.vifs[0]!.name]).toMatchObject({ outPackets: 3, tooLong: 2, noRoom: 0 });
      expect(vm.read("c.count")).toBe("3");
    }
  });

  it("that a VM makes are sent as far as its interface carries them, and else counted", async () => {
    for (const mode of modes) {
      const make = async (bytes: number, mtu?: number, count = 20) => {
        const text = `FromDevice(0) -> Pad(${bytes}) -> q :: Queue -> ToDevice(1)`;
        const rig = await vmBetween(text, { mode, ...(mtu === undefined ? {} : { mtu }) });
        const free = freeBuffers(rig.vm);
        rig.ports[0]!.send(Array.from({ length: count }, (_, i) => frame(60, i)));
        rig.settle();
        const got = rig.ports[1]!.receive();
        expect(got.every((f, i) => f.length === bytes && Buffer.compare(f.subarray(0, 60), frame(60, i)) === 0)).toBe(
          true,
        );
        const result = [got.length, nonzero(rig.vm.vifs[1]!.drops), dropsOf(rig.vm)];
        rig.ports[0]!.send([frame(60)]);
        rig.settle();
        expect(free - freeBuffers(rig.vm)).toBeLessThanOrEqual(5);
        return result;
      };
      expect(await make(9018, 9000)).toEqual([20, {}, {}]);
      expect(await make(9018, 1500)).toEqual([0, { "transmit frame too long": 20 }, {}]);
      expect(await make(2033)).toEqual([0, { "transmit frame too long": 20 }, {}]);
      expect(await make(2032)).toEqual([20, {}, {}]);
      // More than any number of slots: they do not wait for ever.
      expect(await make(140_000, 9000, 3)).toEqual([0, {}, { "device 1: frame too long to send": 3 }]);
    }
  });

  it("are dropped and counted when there is no large buffer, and come again when there is", async () => {
    for (const mode of modes) {
      const { vm, ports, settle } = await vmBetween(
        "FromDevice(0) -> q :: Queue(400) -> u :: Unqueue(ACTIVE false) -> Queue(400) -> ToDevice(1)",
        { mode, mtu: 9000 },
      );
      const frames = Array.from({ length: 120 }, (_, i) => frame(i % 4 === 3 ? 60 : 9018, i));
      for (let i = 0; i < 120; i += 20) {
        ports[0]!.send(frames.slice(i, i + 20));
        settle();
      }
      const lost = dropsOf(vm)[": no packet buffer"]!;
      // Of 90 long ones about 64 fit in a heap of 1 MiB; short ones are not concerned.
      expect(Number(vm.read("q.length")) + lost).toBe(120);
      expect(Math.abs(lost - 26)).toBeLessThan(5);
      vm.write("u.active", "true");
      settle();
      let long = 90 - lost;
      const kept = frames.filter((f) => f.length === 60 || long-- > 0);
      same(ports[1]!.receive(), kept);
      for (let i = 0; i < 120; i += 20) {
        ports[0]!.send(frames.slice(i, i + 20));
        settle();
        same(ports[1]!.receive(), frames.slice(i, i + 20));
      }
      expect(dropsOf(vm)).toEqual({ ": no packet buffer": lost });
    }
  });

  it("wait in a queue while their interface is full, and are dropped whole and counted where nothing waits", async () => {
    for (const mode of modes)
      for (const queue of ["", "-> Queue(200) "]) {
        const { vm, bridges, ports, run, settle } = await vmBetween(`FromDevice(0) ${queue}-> ToDevice(1)`, {
          mode,
          mtu: 9000,
        });
        const frames = Array.from({ length: 120 }, (_, i) => frame(i % 3 === 0 ? 9018 : 200, i));
        const free = freeBuffers(vm);
        // The second switch does not move: the ring fills up.
        for (let i = 0; i < frames.length; i += 20) {
          ports[0]!.send(frames.slice(i, i + 20));
          while (bridges[0]!.forward() > 0);
          run();
        }
        settle();
        const got = ports[1]!.receive();
        const dropped = Object.values(dropsOf(vm)).reduce((sum, n) => sum + n, 0);
        expect([got.length + dropped, dropped > 0]).toEqual([120, queue === ""]);
        // What came is whole.
        const known = new Set(frames.map((f) => Buffer.from(f).toString("latin1")));
        expect(got.every((f) => known.has(Buffer.from(f).toString("latin1")))).toBe(true);
        if (queue) same(got, frames);
        ports[0]!.send([frame(60)]);
        settle();
        expect(free - freeBuffers(vm)).toBeLessThanOrEqual(1);
      }
  });

  it("are refused with an error where an MTU is none", async () => {
    for (const mtu of [9001, 0, 1.5])
      await expect(vmBetween("FromDevice(0) -> ToDevice(1)", { mtu })).rejects.toThrow(
        new ToolstackError("BAD_VIFS", `'${mtu}' is no MTU: a whole number from 68 to 9000`),
      );
  });

  it("stay in a queue when their VM is saved and restored, as it was or compiled again", async () => {
    const text = "FromDevice(0) -> Queue(400) -> u :: Unqueue(ACTIVE false) -> Queue(400) -> ToDevice(1)";
    for (const mode of ["baseline", "+batch"] as const)
      for (const recompile of [false, true]) {
        const a = await vmBetween(text, { mode, mtu: 9000 });
        const frames = Array.from({ length: 18 }, (_, i) => frame(i % 2 ? 9018 - i : 300, i));
        a.ports[0]!.send(frames);
        a.settle();
        const saved = await a.xl.save("vm");
        const bridges = [0, 1].map((i) => createSwitch({ name: `again${i}`, lookup: patch() }));
        const [from, to] = bridges.map((bridge) => bridge.attach("outside", { mtu: 9000 })) as [MemoryPort, MemoryPort];
        const vm = await a.xl.restore(saved, {
          vif: bridges.map((bridge) => ({ bridge, mode, mtu: 9000 })),
          recompile,
        });
        vm.write("u.active", "true");
        from.send(frames.slice(0, 5));
        for (let busy = true; busy; ) {
          busy = a.xl.hypervisor.run();
          for (const b of bridges) while (b.forward() > 0) busy = true;
        }
        same(to.receive(), [...frames, ...frames.slice(0, 5)]);
        expect(vm.drops()).toEqual([]);
      }
  });
});

describe("a compiled VM that only sends on an interface", () => {
  it("is not kept awake by what is sent to it there", async () => {
    for (const mode of modes) {
      const { ports, bridges, vm, settle } = await vmBetween("FromDevice(0) -> ToDevice(1)", { mode });
      ports[1]!.send(Array.from({ length: 250 }, () => frame(60)));
      settle();
      ports[0]!.send([frame(60)]);
      settle();
      expect(ports[1]!.receive()).toHaveLength(1);
      ports[1]!.send(Array.from({ length: 250 }, () => frame(60)));
      settle();
      expect(bridges[1]!.stats.ports[vm.vifs[1]!.name]!.noRoom).toBeGreaterThan(200);
    }
  });
});

describe("a compiled VM whose back end writes what it likes", () => {
  /** A VM with its first interface's receive ring, whose back end is ours from now on; the other interface wakes it. */
  async function ring(mode: VifMode) {
    const text = "FromDevice(0) -> c :: Counter -> Queue(400) -> ToDevice(1); FromDevice(1) -> Discard";
    const rig = await vmBetween(text, { mode, mtu: 9000 });
    rig.settle();
    const { buffer } = rig.vm.domain.memory;
    return {
      vm: rig.vm,
      rxRing: rig.vm.image.manifest.vifs[0]!.rxRing,
      words: new Int32Array(buffer),
      data: new DataView(buffer),
      /** Lets the VM run: frames and bytes that it has received. */
      counts() {
        rig.ports[1]!.send([frame(60)]);
        rig.settle();
        rig.ports[1]!.receive();
        expect(rig.vm.domain.state).toBe("running");
        return [rig.vm.read("c.count"), rig.vm.read("c.byte_count")].map(Number);
      },
    };
  }

  it("takes a netmap frame when its last slot is there, and no bytes but those of its buffers", async () => {
    const { rxRing, words, counts } = await ring("+batch");
    const { slots, tail } = netmapRing.offsets;
    let at = 0;
    const show = (lengths: readonly number[], more: boolean): void => {
      lengths.forEach((length, i) => {
        const slot = (rxRing + slots + at * netmapSlot.size) >> 2;
        words[slot + 1] = length | (more || i < lengths.length - 1 ? NS.moreFrag << 16 : 0);
        at = (at + 1) % ringSlots;
      });
      Atomics.store(words, (rxRing + tail) >> 2, at);
    };
    show([1000, 1000, 1000], true);
    expect(counts()).toEqual([0, 0]);
    show([500], false);
    expect(counts()).toEqual([1, 3500]);
    // More than a buffer counts as a buffer.
    show([0xffff, 60000, 1], false);
    expect(counts()).toEqual([2, 3500 + 4097]);
    // A ring full of them, and a frame that is more than there is room for.
    show(Array(190).fill(2048), true);
    expect(counts()).toEqual([2, 7597]);
    show([60], false);
    show([61], false);
    expect(counts()).toEqual([4, 7597 + 190 * 2048 + 121]);
  });

  it("takes a netif frame when its last answer is there, and drops and counts one with an answer that is wrong", async () => {
    for (const mode of ["baseline", "+grants"] as const) {
      const { vm, rxRing, words, data, counts } = await ring(mode);
      const { id, offset, flags, status } = netifRxResponse.offsets;
      let at = 0;
      const show = (answers: readonly (readonly [bytes: number, more: boolean, from?: number])[]): void => {
        for (const [bytes, more, from = 0] of answers) {
          const slot = rxRing + sring.size + (at % 256) * 8;
          data.setUint16(slot + id, at % 64, true);
          data.setUint16(slot + offset, from, true);
          data.setUint16(slot + flags, more ? NETRXF.moreData : 0, true);
          data.setUint16(slot + status, bytes, true);
          at++;
        }
        Atomics.store(words, (rxRing + sring.offsets.rspProd) >> 2, at);
      };
      show([
        [4096, true],
        [4096, true],
      ]);
      expect(counts()).toEqual([0, 0]);
      show([
        [8, false],
        [2000, false],
        [4096, false],
        [60, false],
      ]);
      expect(counts()).toEqual([4, 8200 + 2000 + 4096 + 60]);
      expect(vm.drops()).toEqual([]);
      // An error, a page that is left, an offset beyond it; each in a frame of two.
      show([
        [100, true],
        [0xffff, false],
        [100, true],
        [100, false, 4000],
        [100, true, 0xffff],
        [100, false],
        [5000, false],
        [61, false],
      ]);
      expect(counts()).toEqual([5, 14356 + 61]);
      expect(dropsOf(vm)).toEqual({ "device 0: bad receive answer": 4 });
      show(Array.from({ length: 40 }, () => [4096, true] as const));
      expect(counts()).toEqual([5, 14417]);
      show([[1, false]]);
      expect(counts()).toEqual([6, 14417 + 40 * 4096 + 1]);
    }
  });
});
