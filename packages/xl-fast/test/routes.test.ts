/** Routing tables in virtual machines: handlers through the toolstack, states that are saved, copied and moved. */
import { HandlerError } from "@clickos/click-core";
import { elements } from "@clickos/click-elements";
import { linkImage } from "@clickos/click-image";
import { createToolstack, type Vm } from "@clickos/xl-fast";
import { describe, expect, it } from "vitest";
import { type Bench, bench, configure, shell } from "./rig.ts";

const text = `FromDevice(0) -> Strip(14) -> CheckIPHeader -> Unstrip(14) -> rt :: RadixIPLookup(10.0.0.0/8 0, 11.0.0.0/8 1.2.3.4 1);
  rt[0] -> ToDevice(0); rt[1] -> ToDevice(1)`;

/** An IP packet in a frame, from 9.9.9.9. */
function to(...address: number[]): Uint8Array {
  const f = new Uint8Array(60);
  f.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 9, 9, 9, 9, ...address]);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += ((f[i] as number) << 8) | (f[i + 1] as number);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  f.set([(~sum >> 8) & 255, ~sum & 255], 24);
  return f;
}

async function boot(b: Bench): Promise<Vm> {
  const image = await linkImage({ file: "t.click", text }, { elements, name: "vm" });
  return b.xl.create({ name: "vm", image: image.bytes, vif: b.vif });
}
/** Which interfaces a packet for an address leaves by. */
function sent(b: Bench, ...address: number[]): number[] {
  b.ports[0]?.send([to(...address)]);
  b.settle();
  return b.ports.flatMap((p, i) => p.receive().map(() => i));
}

describe("a routing table in a VM", () => {
  it("has the routes of its image, and those that handlers add", async () => {
    const b = bench(2);
    const vm = await boot(b);
    expect([sent(b, 10, 0, 0, 1), sent(b, 11, 0, 0, 1), sent(b, 12, 0, 0, 1)]).toEqual([[0], [1], []]);
    vm.write("rt.add", "10.1.0.0/16 1");
    vm.write("rt.ctrl", "remove 11.0.0.0/8\nset 0.0.0.0/0 5.6.7.8 0");
    expect([sent(b, 10, 1, 0, 1), sent(b, 11, 0, 0, 1), sent(b, 12, 0, 0, 1)]).toEqual([[1], [0], [0]]);
    expect(vm.handlers().read("rt.lookup", "99.0.0.1")).toBe("0 5.6.7.8");
    expect(vm.read("rt.table")).toBe("10.0.0.0/8\t\t-\t\t0\n0.0.0.0/0\t\t5.6.7.8\t\t0\n10.1.0.0/16\t\t-\t\t1\n");
    expect(() => vm.write("rt.add", "10.0.0.0/8 1")).toThrow("rt.add: conflict with existing route '10.0.0.0/8 - 0'");
    expect(vm.domain.crash).toBe(undefined);
  });

  it("is saved, restored and cloned with what was added, also when it is compiled again", async () => {
    const b = bench(2);
    const vm = await boot(b);
    for (let i = 0; i < 3000; i++) vm.write("rt.add", `20.${i >> 8}.${i & 255}.7 1`);
    vm.write("rt.remove", "10.0.0.0/8");
    const table = vm.read("rt.table");
    const c = bench(2, b.xl);
    const clone = await b.xl.clone("vm", { name: "clone", vif: c.vif });
    clone.write("rt.remove", "20.0.0.7");
    expect([sent(c, 20, 0, 0, 7), sent(c, 20, 0, 1, 7), sent(c, 10, 0, 0, 1)]).toEqual([[], [1], []]);
    expect(sent(b, 20, 0, 0, 7)).toEqual([1]);
    const bytes = await b.xl.save("vm");
    for (const recompile of [false, true]) {
      const d = bench(2, createToolstack({ elements }));
      const again = await d.xl.restore(bytes, { vif: d.vif, recompile });
      expect(again.read("rt.table")).toBe(table);
      expect([sent(d, 20, 11, 183, 7), sent(d, 20, 11, 184, 7), sent(d, 10, 0, 0, 1)]).toEqual([[1], [], []]);
      again.write("rt.add", "20.11.184.0/24 0");
      expect(sent(d, 20, 11, 184, 7)).toEqual([0]);
    }
  });

  it("is there for routers that come through the store", async () => {
    const b = bench(2);
    const vm = await shell(b, text);
    const at = `/local/domain/${vm.domain.id}/data/clickos/0`;
    b.xl.store.write(`${at}/elements/rt/add`, "12.0.0.0/8 1");
    await vm.settled();
    expect(sent(b, 12, 0, 0, 1)).toEqual([1]);
    b.xl.store.write(`${at}/elements/rt/add`, "12.0.0.0/8 0");
    await vm.settled();
    expect(b.xl.store.read(`${at}/error`)).toBe("rt.add: conflict with existing route '12.0.0.0/8 - 1'");
    await configure(b, vm, 0, text.replace("11.0.0.0/8 1.2.3.4 1", "12.0.0.0/8 0"));
    expect(sent(b, 12, 0, 0, 1)).toEqual([0]);
  });

  it("refuses routes that there is no memory for", async () => {
    const b = bench(2);
    const vm = await boot(b);
    const route = (i: number): string => `20.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    let count = 0;
    const fill = (): void => {
      for (; count < 100_000; count++) vm.write("rt.add", `${route(count)} 1`);
    };
    expect(fill).toThrow(/^rt.add: no memory to store route '20.*\/32 - 1'$/);
    expect(count).toBeGreaterThan(10_000);
    expect(vm.read("rt.table").split("\n").length).toBe(count + 3);
    expect(sent(b, 20, (count - 1) >> 16, ((count - 1) >> 8) & 255, (count - 1) & 255)).toEqual([1]);
    vm.write("rt.remove", route(5));
    vm.write("rt.add", `${route(count)} 1`);
    vm.write("rt.flush", "");
    expect(vm.read("rt.table")).toBe("");
  });

  /** Adds hosts from 20.0.0.0 on, so many, and tells how many there was room for. */
  const addHosts = (vm: Vm, from: number, count: number): number => {
    const chunk = 1000;
    for (let i = from; i < from + count; i += chunk) {
      const lines = Array.from(
        { length: chunk },
        (_, k) => `add 20.${(i + k) >> 16}.${((i + k) >> 8) & 255}.${(i + k) & 255} 1`,
      );
      try {
        vm.write("rt.ctrl", lines.join("\n"));
      } catch (e) {
        expect(String(e)).toContain("rt.ctrl: no memory to store route");
        return i - from;
      }
    }
    return count;
  };

  it("has the memory behind its router, which is more than 64 MiB where the VM has more", async () => {
    const b = bench(2);
    const image = await linkImage({ file: "t.click", text }, { elements, name: "vm" });
    const small = await b.xl.create({ name: "small", image: image.bytes, vif: b.vif, memoryKiB: 4096 });
    const more = addHosts(small, 0, 200_000);
    expect(more).toBeGreaterThan(40_000);
    expect(more).toBeLessThan(150_000);
    const c = bench(2, b.xl);
    const large = await b.xl.create({ name: "large", image: image.bytes, vif: c.vif, memoryKiB: 80 * 1024 });
    expect(addHosts(large, 0, 200_000)).toBe(200_000);
    expect(sent(c, 20, 3, 13, 63)).toEqual([1]);
    const table = large.read("rt.table");
    const bytes = await b.xl.save("large");
    for (const recompile of [false, true]) {
      const d = bench(2, createToolstack({ elements }));
      const again = await d.xl.restore(bytes, { vif: d.vif, recompile });
      expect(again.read("rt.table") === table).toBe(true);
      expect([sent(d, 20, 3, 13, 63), sent(d, 20, 3, 13, 64)]).toEqual([[1], []]);
      expect(addHosts(again, 200_000, 10_000)).toBe(10_000);
    }
  });

  it("gives memory to routers that come, and has it again when they go", async () => {
    const b = bench(2);
    const vm = await b.xl.create({ name: "vm", vif: b.vif, memoryKiB: 8192 });
    await configure(b, vm, 0, text);
    const first = addHosts(vm, 0, 30_000);
    expect(first).toBe(30_000);
    await configure(
      b,
      vm,
      1,
      "i :: InfiniteSource(LIMIT 5) -> c :: Counter -> q :: Queue(400) -> u :: Unqueue(ACTIVE false) -> d :: Discard",
    );
    b.settle();
    const before = addHosts(vm, 30_000, 300_000);
    expect(before).toBeGreaterThan(20_000);
    // The other router's packets are as they were.
    expect([vm.read("c.count", 1), vm.read("q.length", 1)]).toEqual(["5", "5"]);
    vm.write("u.active", "true", 1);
    b.settle();
    expect(vm.read("d.count", 1)).toBe("5");
    // There is no room for a third one now.
    await configure(b, vm, 2, "Idle -> Queue(1000) -> Discard");
    const at = `/local/domain/${vm.domain.id}/data/clickos`;
    expect(b.xl.store.read(`${at}/2/error`)).toMatch(
      /the router needs \d+ KiB in one piece; 'vm' has [\d.]+ of 8192 free/,
    );
    b.xl.store.write(`${at}/1/status`, "Halted");
    await vm.settled();
    expect(addHosts(vm, 30_000 + before, 1000)).toBe(1000);
    expect(sent(b, 20, 0, 0, 9)).toEqual([1]);
    vm.write("rt.flush", "");
    // What the table has used once stays the heap's.
    await configure(b, vm, 2, "Idle -> Queue(1000) -> Discard");
    expect(b.xl.store.exists(`${at}/2/error`)).toBe(true);
    expect(addHosts(vm, 0, 30_000)).toBe(30_000);
  });

  it("is refused, and nothing else, where a guest has written over it", async () => {
    const b = bench(2);
    const vm = await boot(b);
    vm.write("rt.add", "10.1.0.0/16 1");
    const { state, stateSize } = vm.image.manifest.router.elements.find((e) => e.name === "rt") as {
      state: number;
      stateSize: number;
    };
    new Uint32Array(vm.domain.memory.buffer, state, stateSize / 4).fill(0x7ffffff0);
    const calls = [
      () => vm.read("rt.table"),
      () => vm.handlers().read("rt.lookup", "10.0.0.1"),
      () => vm.write("rt.set", "0.0.0.0/0 0"),
      () => vm.write("rt.remove", "10.0.0.0/8"),
      () => vm.write("rt.flush", ""),
    ];
    for (const call of calls) expect(call).toThrow(HandlerError);
    expect(vm.read("rt.class")).toBe("RadixIPLookup");
    expect(await b.xl.clone("vm", { name: "clone", vif: bench(2, b.xl).vif })).toBeDefined();
  });
});
