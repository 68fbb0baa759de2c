/** What hash tables mix into their keys: drawn when a router boots, the router's for as long as it lives, in no image. */

import { routerControl } from "@clickos/click-core/compile";
import { elements } from "@clickos/click-elements";
import { type Image, linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor";
import { createToolstack, type Toolstack } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";
import { bench, configure, frame, shell } from "./rig.ts";

const text = `FromDevice(0) -> MarkIPHeader(14) -> rw :: IPRewriter(pattern 1.0.0.1 1024-65535# - - 0 0) -> ToDevice(1)`;
const image = await linkImage({ file: "nat", text }, { elements, name: "nat" });

/** UDP from a port of 10.0.0.1. */
function datagram(port: number): Uint8Array {
  const udp = frame(0);
  udp.set([0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 8, 8, 8, 8], 12);
  udp.set([port >> 8, port & 255, 0, 53, 0, 26, 0, 0], 34);
  return udp;
}

async function boot(xl: Toolstack, name: string) {
  const b = bench(2, xl);
  const vm = await xl.create({ name, image: image.bytes, vif: b.vif });
  return { ...b, vm, seed: seedOf(vm) };
}
function seedOf(vm: { readonly domain: { readonly memory: { readonly buffer: ArrayBufferLike } } }): bigint {
  return routerControl.view(vm.domain.memory.buffer, image.manifest.router.control).seed;
}

describe("the seed of a router in a VM", () => {
  it("differs from VM to VM, and is the same in each run where time is simulated", async () => {
    const xl = createToolstack({ elements });
    const seeds = [await boot(xl, "a"), await boot(xl, "b")].map(({ seed }) => seed);
    expect(new Set([...seeds, 0n]).size).toBe(3);
    const simulated = createToolstack({ elements, hypervisor: createHypervisor({ clock: () => 1n }) });
    expect((await boot(simulated, "a")).seed).toBe(0n);
  });

  it("stays with a VM that is saved, so that its flows are found; compiled again, it has another one and the flows", async () => {
    const first = await boot(createToolstack({ elements }), "nat");
    first.ports[0]!.send(Array.from({ length: 200 }, (_, i) => datagram(i + 1)));
    first.settle();
    const before = first.ports[1]!.receive();
    expect([before.length, first.vm.read("rw.size")]).toEqual([200, "200"]);
    const saved = await first.xl.save("nat");
    for (const recompile of [false, true]) {
      const b = bench(2, createToolstack({ elements }));
      const vm = await b.xl.restore(saved, { vif: b.vif, recompile });
      expect([vm.read("rw.size"), seedOf(vm) === first.seed]).toEqual(["200", !recompile]);
      b.ports[0]!.send(Array.from({ length: 201 }, (_, i) => datagram(i + 1)));
      b.settle();
      const after = b.ports[1]!.receive();
      expect([after.slice(0, 200), vm.read("rw.size"), after[200]![35]]).toEqual([before, "201", (1024 + 200) & 255]);
    }
  });

  it.each([
    ["0", 0],
    ["100", 300],
  ])("a full heap takes flows where others may go: guaranteed for %s s", async (guarantee, leastFailures) => {
    const b = bench(2, createToolstack({ elements }));
    const config = text.replace("0 0)", `0 0, UDP_GUARANTEE ${guarantee})`);
    const image = await linkImage({ file: "nat", text: config }, { elements, name: "nat" });
    const vm = await b.xl.create({ name: "nat", image: image.bytes, vif: b.vif });
    const words = routerControl.view(vm.domain.memory.buffer, image.manifest.router.control);
    words.heapEnd = words.heapNext + (32 << 10);
    let passed = 0;
    for (let port = 1; port <= 600; port++) {
      b.ports[0]!.send([datagram(port)]);
      b.settle();
      passed += b.ports[1]!.receive().length;
    }
    const [size, failures] = [Number(vm.read("rw.size")), Number(vm.read("rw.mapping_failures"))];
    expect([size > 100, size < 300, failures >= leastFailures]).toEqual([true, true, true]);
    expect(passed).toBe(600 - failures);
    if (guarantee === "0") expect(failures).toBe(0);
    else expect(failures).toBe(600 - size);
  });

  it("a heap gets what another router left as if it was never used", async () => {
    const b = bench(2, createToolstack({ elements }));
    const vm = await shell(b, text);
    const planOf = (router: number): Image["manifest"]["router"] =>
      (vm.handlers(router) as unknown as { readonly image: Image }).image.manifest.router;
    await configure(b, vm, 1, "Idle -> Queue(100) -> Discard");
    const { base, end } = planOf(1);
    const { buffer } = vm.domain.memory;
    // All but the words that the toolstack reads.
    new Uint8Array(buffer, base + 8192, end - base - 8192).fill(0xff);
    b.xl.store.write(`/local/domain/${vm.domain.id}/data/clickos/1/status`, "Halted");
    await vm.settled();
    const { heapNext, heapEnd } = routerControl.view(buffer, planOf(0).control);
    expect([vm.routers, heapNext <= base, heapEnd >= end]).toEqual([[0], true, true]);
    expect(new Uint8Array(buffer, heapNext, heapEnd - heapNext).every((byte) => byte === 0)).toBe(true);
  });
});
