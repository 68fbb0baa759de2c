/** Prepared domains that creations fill in, and creations in bulk. */
import { linkImage } from "@clickos/click-image";
import { createHypervisor } from "@clickos/hypervisor";
import { createSwitch } from "@clickos/vale";
import { createToolstack } from "@clickos/xl-fast";
import { expect, it } from "vitest";
import { bench, configure, elements, frame } from "./rig.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const link = (text: string, name = "x") => linkImage({ file: `${name}.click`, text }, { elements, name });
const phases = (vm: { timeline: { phases: readonly { name: string }[] } }): string =>
  vm.timeline.phases.map((phase) => phase.name).join();

it("a VM takes a shell of its size, which is made again; it is a VM like any other", async () => {
  const b = bench(2);
  const image = await link("FromDevice(0) -> c :: Counter -> ToDevice(1)");
  const memoryKiB = image.manifest.router.pages * 64;
  await b.xl.keepShells({ count: 2, memoryKiB });
  expect([b.xl.shells, b.xl.list(), b.xl.hypervisor.domains.length]).toEqual([2, [], 2]);
  const vm = await b.xl.create({ name: "vm", image, vif: b.vif, share: { weight: 512 } });
  expect(phases(vm)).toBe("load,compile,shell,instantiate,guest,connect,store");
  expect([vm.domain.name, vm.domain.share.weight, b.xl.shells]).toEqual(["vm", 512, 1]);
  b.ports[0]!.send([frame(1)]);
  b.settle();
  expect([b.ports[1]!.receive(), vm.read("c.count")]).toEqual([[frame(1)], "1"]);
  while (b.xl.shells < 2) await turn();
  // One of another size makes its own.
  const larger = await b.xl.create({ name: "larger", memoryKiB: memoryKiB + 64 });
  expect([phases(larger), b.xl.shells]).toEqual(["load,compile,domain,connect,store", 2]);
  await configure(b, larger, 0, "InfiniteSource(LIMIT 3) -> c :: Counter -> Discard");
  b.settle();
  expect(larger.read("c.count")).toBe("3");
  const state = await b.xl.save("vm", { keep: true });
  expect(state.length).toBeGreaterThan(0);
  for (const name of ["vm", "larger"]) b.xl.destroy(name);
  await b.xl.keepShells({ count: 0, memoryKiB });
  expect([b.xl.shells, b.xl.hypervisor.domains, b.xl.hypervisor.events.status(0, 1)]).toEqual([
    0,
    [],
    { state: "closed" },
  ]);
});

it("an image's shells have booted: a VM is only connected, and is apart from the others", async () => {
  const b = bench(2);
  const image = await link("FromDevice(0) -> c :: Counter -> ToDevice(1); InfiniteSource(LIMIT 5) -> d :: Discard");
  await b.xl.keepShells({ count: 2, image });
  // They do not run.
  b.settle();
  const vm = await b.xl.create({ name: "vm", image, vif: b.vif });
  expect(phases(vm)).toBe("load,compile,shell,connect,store");
  b.ports[0]!.send([frame(1), frame(2)]);
  b.settle();
  expect([b.ports[1]!.receive(), vm.read("c.count"), vm.read("d.count")]).toEqual([[frame(1), frame(2)], "2", "5"]);
  b.xl.destroy("vm");
  const next = await b.xl.create({ name: "next", image, vif: b.vif });
  b.ports[0]!.send([frame(3)]);
  b.settle();
  expect([b.ports[1]!.receive(), next.read("c.count")]).toEqual([[frame(3)], "1"]);
  await expect(b.xl.create({ name: "two", image, vif: [] })).rejects.toMatchObject({ code: "BAD_VIFS" });
});

it("a VM whose guest crashes in a shell has its crash located, and says so where it is looked for", async () => {
  const b = bench(0);
  const image = await link("Idle -> f :: FaultyAtBoot -> Discard", "faulty");
  await b.xl.keepShells({ count: 1, memoryKiB: image.manifest.router.pages * 64 });
  await expect(b.xl.create({ name: "vm", image })).rejects.toMatchObject({ code: "CRASHED" });
  expect(b.xl.store.read("/tool/clickos/failed/vm")).toMatch(/crashed while it booted: .*, in .*f.*faulty\.click:1/);
  expect(b.xl.list()).toEqual([]);
  while (b.xl.shells < 1) await turn();
  expect(b.xl.hypervisor.domains.map((d) => d.name)).toEqual(["shell"]);
  await b.xl.create({ name: "vm" });
  expect(b.xl.store.exists("/tool/clickos/failed/vm")).toBe(false);
});

it("shells give way where there is no memory beside them", async () => {
  const xl = createToolstack({ elements, hypervisor: createHypervisor({ memoryKiB: 20 * 64, pooledKiB: 0 }) });
  await xl.keepShells({ count: 2, memoryKiB: 8 * 64 });
  const vm = await xl.create({ name: "vm", memoryKiB: 12 * 64 });
  expect([vm.domain.state, xl.shells]).toEqual(["running", 0]);
  await expect(xl.create({ name: "more", memoryKiB: 12 * 64 })).rejects.toMatchObject({ code: "NO_MEMORY" });
  expect(xl.store.read("/tool/clickos/failed/more")).toContain("asks for 768 KiB");
});

it("hundreds are created in bulk, each beside those that cannot be", async () => {
  const b = bench(0);
  const image = await link("FromDevice(0) -> EtherMirror -> c :: Counter -> ToDevice(0)");
  const bridge = createSwitch();
  const outside = bridge.attach("outside");
  const configs = Array.from({ length: 300 }, (_, i) => ({
    name: i === 7 ? "vm6" : `vm${i}`,
    image,
    vif: i === 9 ? [] : [{ bridge }],
  }));
  const made = await b.xl.createMany(configs);
  expect(made.map((vm, i) => (vm instanceof Error ? i : -1)).filter((i) => i >= 0)).toEqual([7, 9]);
  expect(made.slice(7, 10).map((vm) => (vm instanceof Error ? vm.message : vm.name))).toEqual([
    "a VM named 'vm6' exists already",
    "vm8",
    expect.stringContaining("'vm9' has 1 interfaces"),
  ]);
  expect(b.xl.list().filter((vm) => vm.vifs === 1 && vm.state === "running")).toHaveLength(298);
  const { id } = b.xl.get("vm299")!.domain;
  outside.send([Uint8Array.from({ length: 60 }, (_, i) => [2, 0, 0, id >> 8, id & 255, 0, 2, 1, 1, 1, 1, 1][i] ?? 0)]);
  while (b.xl.hypervisor.run() || bridge.forward() > 0);
  expect([outside.pending, b.xl.get("vm299")!.read("c.count")]).toEqual([1, "1"]);
});
