import { elements } from "@clickos/click-elements";
import { type Image, ImageError, linkImage, loadImage } from "@clickos/click-image";
import { devicePage } from "@clickos/netfront";
import { createSwitch, type MemoryPort, patch, type ValeSwitch } from "@clickos/vale";
import { netmapRing } from "@clickos/xen-ring";
import { createToolstack, type Toolstack, type Vm } from "@clickos/xl-fast";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const link = (text: string, name = "vm"): Promise<Image> => linkImage({ file: "t.click", text }, { elements, name });

interface Rig {
  xl: Toolstack;
  vm: Vm;
  bridges: ValeSwitch[];
  ports: MemoryPort[];
  settle(): void;
}

/** A VM whose interfaces are each patched to a memory port. */
async function rig(text: string, xl: Toolstack = createToolstack({ elements }), name = "vm"): Promise<Rig> {
  const image = await link(text);
  const bridges = image.manifest.vifs.map((_, i) => createSwitch({ name: `br${i}`, lookup: patch() }));
  const ports = bridges.map((b) => b.attach("outside"));
  const vm = await xl.create({ name, image: image.bytes, vif: bridges.map((bridge) => ({ bridge })) });
  const settle = (): void => {
    for (let busy = true; busy; ) {
      busy = xl.hypervisor.run();
      for (const b of bridges) while (b.forward() > 0) busy = true;
    }
  };
  return { xl, vm, bridges, ports, settle };
}
const frame = (n: number, length = 60): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i < 4 ? n >> (i * 8) : i * n) & 255);

describe("a VM", () => {
  it("boots, forwards in order, and says how long each phase took", async () => {
    const { vm, ports, settle } = await rig("FromDevice(0) -> c :: Counter -> ToDevice(1)");
    const frames = Array.from({ length: 200 }, (_, i) => frame(i, 60 + i * 5));
    ports[0]!.send(frames);
    settle();
    expect(ports[1]!.receive()).toEqual(frames);
    expect(vm.read("c.count")).toBe("200");
    expect(vm.timeline.phases.map((p) => p.name)).toEqual([
      "load",
      "compile",
      "domain",
      "instantiate",
      "guest",
      "connect",
      "store",
    ]);
    expect(vm.timeline.totalUs).toBeGreaterThan(0);
  });

  it("keeps forwarding over many turns of its rings, and loses no buffer", async () => {
    const { vm, ports, settle } = await rig(
      "FromDevice(0) -> Queue(100) -> ToDevice(1); FromDevice(1) -> EtherMirror -> ToDevice(0)",
    );
    for (let turn = 0; turn < 60; turn++) {
      const out = Array.from({ length: 90 }, (_, i) => frame(turn * 90 + i));
      ports[0]!.send(out);
      ports[1]!.send(out.slice(0, 30));
      settle();
      expect(ports[1]!.receive()).toEqual(out);
      expect(ports[0]!.receive()).toHaveLength(30);
    }
    expect(vm.drops()).toEqual([]);
  });

  it("works with devices of any number and order, on one interface, and with none", async () => {
    const { vm, ports, settle } = await rig("FromDevice(7) -> ToDevice(3)");
    expect(vm.image.manifest.vifs.map((v) => v.device)).toEqual([3, 7]);
    ports[1]!.send([frame(1)]);
    settle();
    expect(ports[0]!.receive()).toEqual([frame(1)]);
    const alone = await rig("InfiniteSource(LIMIT 10) -> d :: Discard");
    alone.settle();
    expect(alone.vm.read("d.count")).toBe("10");
  });

  it("prints to its console, also more than the ring holds", async () => {
    const { vm, ports, settle } = await rig("FromDevice(0) -> Print(hi, -1) -> Discard");
    ports[0]!.send(Array.from({ length: 20 }, () => frame(1, 400)));
    settle();
    const lines = vm.domain.console.trimEnd().split("\n");
    expect(lines).toHaveLength(20);
    expect(new Set(lines).size).toBe(1);
    expect(lines[0]).toMatch(/^hi: {2}400 \| 01000000 /);
  });

  it("is woken by its timers", async () => {
    const { vm, xl, settle } = await rig("RatedSource(RATE 1000, LIMIT 3) -> d :: Discard");
    const end = performance.now() + 1000;
    while (vm.read("d.count") !== "3" && performance.now() < end) settle();
    expect(vm.read("d.count")).toBe("3");
    expect(xl.hypervisor.nextTimer).toBe(undefined);
  });

  it("takes little memory while idle", async () => {
    const { vm } = await rig("FromDevice(0) -> ToDevice(0)");
    expect(vm.domain.residentBytes()).toBeLessThan(256 * 1024);
  });
});

describe("the toolstack", () => {
  it("lists, names, and destroys; the store and the switches follow", async () => {
    const xl = createToolstack({ elements });
    const { bridges } = await rig("FromDevice(0) -> ToDevice(0)", xl, "one");
    await expect(xl.create({ name: "one", image: await link("Idle -> Discard"), vif: [] })).rejects.toMatchObject({
      code: "NAME_TAKEN",
    });
    await expect(
      xl.create({ name: "two", image: await link("FromDevice(0) -> Discard"), vif: [] }),
    ).rejects.toMatchObject({ code: "BAD_VIFS" });
    expect(xl.list()).toMatchObject([{ name: "one", state: "running", vifs: 1 }]);
    const { id } = xl.list()[0]!;
    expect(xl.store.read(`/local/domain/${id}/name`)).toBe("one");
    expect(xl.store.read(`/local/domain/0/backend/vif/${id}/0/bridge`)).toBe("br0");
    xl.destroy("one");
    expect([
      xl.list(),
      xl.store.exists(`/local/domain/${id}`),
      Object.keys(bridges[0]!.stats.ports),
      xl.hypervisor.mapper.mapped,
    ]).toEqual([[], false, ["outside"], 0]);
    expect(() => xl.destroy("one")).toThrow(/no VM named 'one'/);
  });

  it("creates and destroys many, and leaks no mapping, domain or port", async () => {
    const xl = createToolstack({ elements });
    const image = await link("FromDevice(0) -> ToDevice(0)");
    const bridge = createSwitch();
    for (let i = 0; i < 200; i++) {
      await xl.create({ name: "v", image, vif: [{ bridge }] });
      xl.destroy("v");
    }
    expect([xl.hypervisor.mapper.mapped, xl.hypervisor.domains.length, Object.keys(bridge.stats.ports).length]).toEqual(
      [0, 0, 0],
    );
    expect(xl.hypervisor.events.status(0, 201).state).not.toBe("interdomain");
  });
});

describe("an image that names an interface twice", () => {
  it("is refused, and leaves none of domain 0's event channels in use, however often it comes", async () => {
    const xl = createToolstack({ elements });
    const { events } = xl.hypervisor;
    const inUse = (): number =>
      Array.from({ length: 4095 }, (_, p) => events.status(0, p + 1).state).filter((s) => s !== "closed").length;
    const image = await link("FromDevice(0) -> ToDevice(0)");
    const [device] = image.manifest.vifs;
    const twice = { ...image, manifest: { ...image.manifest, vifs: [device!, device!] } };
    const bridge = createSwitch();
    for (let i = 0; i < 20; i++)
      await expect(xl.create({ name: "v", image: twice, vif: [{ bridge }, { bridge }] })).rejects.toMatchObject({
        code: "BAD_VIFS",
      });
    expect([inUse(), xl.hypervisor.domains.length]).toEqual([0, 0]);
  });
});

describe("images", () => {
  it("are the same bytes for the same input, and survive a round trip", async () => {
    const [a, b] = await Promise.all([link("FromDevice(0) -> ToDevice(1)"), link("FromDevice(0) -> ToDevice(1)")]);
    expect(a!.bytes).toEqual(b!.bytes);
    expect(await loadImage(a!.bytes)).toEqual(a);
    expect(WebAssembly.validate(a!.bytes)).toBe(true);
  });

  it("that were cut, changed or are something else are refused, at every byte", async () => {
    const { bytes } = await link("FromDevice(0) -> ToDevice(1)");
    await expect(loadImage(new TextEncoder().encode("hello, this is text"))).rejects.toMatchObject({
      code: "NOT_AN_IMAGE",
    });
    await expect(loadImage(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))).rejects.toMatchObject({
      code: "NOT_AN_IMAGE",
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice();
        changed[at]! ^= flip;
        await expect(loadImage(changed)).rejects.toBeInstanceOf(ImageError);
        await expect(loadImage(bytes.slice(0, at))).rejects.toBeInstanceOf(ImageError);
      }),
      { numRuns: 60 },
    );
    await expect(loadImage(Uint8Array.of(...bytes, 1))).rejects.toBeInstanceOf(ImageError);
  });

  it("with a right digest over a wrong manifest are refused too", async () => {
    const { bytes, manifest } = await link("FromDevice(0) -> ToDevice(1)");
    const { customSection } = await import("@clickos/codegen");
    const end = Buffer.from(bytes).indexOf("clickos.manifest") - 5;
    for (const wrong of [
      null,
      7,
      {},
      { ...manifest, format: 2 },
      { ...manifest, vifs: [{ device: 0, page: 1e9, rxRing: 0, txRing: 0 }] },
      { ...manifest, router: { ...manifest.router, control: -4 } },
      { ...manifest, router: { ...manifest.router, drops: [{}] } },
    ]) {
      const body = Buffer.concat([
        bytes.subarray(0, end),
        customSection("clickos.manifest", new TextEncoder().encode(JSON.stringify(wrong))),
      ]);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
      await expect(
        loadImage(new Uint8Array(Buffer.concat([body, customSection("clickos.sha256", digest)]))),
      ).rejects.toBeInstanceOf(ImageError);
    }
  });

  it("say when a configuration holds more packets than a VM can grant, or needs files", async () => {
    await expect(link("Idle -> Queue(100000) -> Discard")).rejects.toThrow(/more than/);
    // Fewer, that memory would hold, but not the grant table.
    await expect(link("Idle -> Queue(10000) -> Discard")).rejects.toMatchObject({
      code: "TOO_LARGE",
      message: expect.stringContaining("more than"),
    });
    const { elements: all } = await import("@clickos/click-elements/node");
    await expect(
      linkImage({ file: "t", text: "FromDump(x) -> Discard" }, { elements: all, name: "x" }),
    ).rejects.toThrow(/needs the host's files/);
  });
});

describe("a hostile guest", () => {
  it("that writes anything to its rings harms neither the switch nor its neighbour", async () => {
    const xl = createToolstack({ elements });
    const bad = await rig("FromDevice(0) -> ToDevice(0)", xl, "bad");
    const good = await rig("FromDevice(0) -> ToDevice(0)", xl, "good");
    const places = bad.vm.image.manifest.vifs[0]!;
    const bytes = new Uint8Array(bad.vm.domain.memory.buffer);
    const words = new Uint32Array(bad.vm.domain.memory.buffer);
    const value = fc.oneof(
      fc.constantFrom(0, 1, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff),
      fc.integer({ min: 0, max: 0xffffffff }),
    );
    let sent = 0;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(places.rxRing, places.txRing, places.page),
            fc.integer({ min: 0, max: netmapRing.size / 4 - 1 }),
            value,
          ),
          { minLength: 1, maxLength: 40 },
        ),
        (writes) => {
          for (const [page, word, v] of writes) words[page / 4 + word] = v;
          // The ring that the switch reads next: an index that claims frames.
          words[(places.txRing + netmapRing.offsets.head) / 4] = writes[0]![2] & 0x1ff;
          bad.ports[0]!.send([frame(1), frame(2)]);
          good.ports[0]!.send([frame(++sent)]);
          bad.settle();
          good.settle();
          expect(good.ports[0]!.receive()).toEqual([frame(sent)]);
          bad.ports[0]!.receive();
        },
      ),
      { numRuns: 400 },
    );
    const stats = bad.vm.vifs[0]!.stats;
    expect(stats.txBadSlot + stats.badIndex + stats.rxBadSlot).toBeGreaterThan(0);
    expect(good.vm.domain.state).toBe("running");
    expect(bytes.length).toBe(bad.vm.domain.memory.buffer.byteLength);
  });

  it("whose grants are not as announced is refused, and nothing stays mapped", async () => {
    const { connectVif, NetbackError } = await import("@clickos/netback");
    const { xl, vm } = await rig("FromDevice(0) -> ToDevice(0)");
    const page = devicePage.view(vm.domain.memory.buffer, vm.image.manifest.vifs[0]!.page);
    const grants = {
      rxRingRef: page.rxRingRef,
      txRingRef: page.txRingRef,
      bufferRef: page.bufferRef,
      bufferFrames: page.bufferFrames,
      bufferCount: page.bufferCount,
    };
    const before = xl.hypervisor.mapper.mapped;
    for (const change of [
      { rxRingRef: 4000 },
      { txRingRef: 0xffffffff },
      { bufferFrames: 3000 },
      { bufferFrames: 0xffffffff },
      { bufferCount: 0xffffffff },
      { bufferRef: 1 },
    ])
      expect(() =>
        connectVif({
          name: "x",
          domain: vm.domain.id,
          grants: { ...grants, ...change },
          mapper: xl.hypervisor.mapper,
          notify() {},
        }),
      ).toThrow(NetbackError);
    expect(xl.hypervisor.mapper.mapped).toBe(before);
  });
});
