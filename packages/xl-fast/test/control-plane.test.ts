import { describe, expect, it } from "vitest";
import { bench, configure, frame, shell } from "./rig.ts";

describe("the Click control plane in the store", () => {
  it("starts a router from its chunks, reads and writes its handlers, and halts it", async () => {
    const b = bench(2);
    const vm = await b.xl.create({ name: "vm", vif: b.vif });
    const { store } = b.xl;
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    // In any order, and more than nine, so that numbers are not text.
    const text = "FromDevice(0) -> c :: Counter -> s :: Switch -> ToDevice(1); s[1] -> d :: Discard;";
    const chunks = Array.from({ length: 12 }, (_, i) => text.slice(i * 7, i === 11 ? undefined : (i + 1) * 7));
    for (const i of [11, 3, 0, 1, 2, 4, 10, 9, 5, 6, 8, 7]) store.write(`${home}/config/${i}`, chunks[i]!);
    store.write(`${home}/status`, "Running");
    await vm.settled();
    expect([store.read(`${home}/status`), store.exists(`${home}/error`), vm.vifs.length]).toEqual([
      "Running",
      false,
      2,
    ]);
    b.ports[0]!.send([frame(1), frame(2)]);
    b.settle();
    expect(b.ports[1]!.receive()).toEqual([frame(1), frame(2)]);
    store.write(`${home}/control/read/c/count`, "");
    await vm.settled();
    expect([store.read(`${home}/elements/c/count`), store.read(`${home}/control/read/c/count`)]).toEqual(["2", "2"]);
    store.write(`${home}/elements/s/switch`, "1");
    store.write(`${home}/elements/c/reset`, "");
    await vm.settled();
    b.ports[0]!.send([frame(3)]);
    b.settle();
    expect([vm.read("d.count"), vm.read("c.count"), b.ports[1]!.pending]).toEqual(["1", "1", 0]);
    store.write(`${home}/status`, "Halted");
    await vm.settled();
    expect([store.read(`${home}/status`), vm.routers, vm.vifs]).toEqual(["Halted", [], []]);
    b.ports[0]!.send([frame(4)]);
    b.settle();
    store.write(`${home}/status`, "Running");
    await vm.settled();
    b.ports[0]!.send([frame(5)]);
    b.settle();
    expect([vm.read("c.count"), b.ports[1]!.receive()]).toEqual(["1", [frame(5)]]);
  });

  it("changes arguments of elements while their router runs, names in them included", async () => {
    const b = bench(2);
    const vm = await shell(
      b,
      `AddressInfo(me 10.0.0.7);
       FromDevice(0) -> MarkIPHeader -> d :: DecIPTTL -> p :: Paint(1) -> t :: Truncate(40) -> ToDevice(1);
       Idle -> q :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1); Idle -> [1] q; q -> Discard`,
    );
    const { store } = b.xl;
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    const sent = Uint8Array.from({ length: 60 }, (_, i) => (i === 0 ? 0x45 : i === 8 ? 64 : 0));
    const pass = (): unknown[] => {
      b.ports[0]!.send([sent]);
      b.settle();
      return b.ports[1]!.receive().map((f) => [f[8], f.length]);
    };
    expect(pass()).toEqual([[63, 40]]);
    store.write(`${home}/elements/d/active`, "false");
    store.write(`${home}/elements/t/nbytes`, "50");
    store.write(`${home}/elements/q/ipaddr`, "me");
    await vm.settled();
    expect(pass()).toEqual([[64, 50]]);
    expect(["d.active", "t.nbytes", "q.ipaddr", "q.broadcast"].map((h) => vm.read(h))).toEqual([
      "false",
      "50",
      "10.0.0.7",
      "10.0.0.255",
    ]);
    vm.write("d.active", "true");
    expect(pass()).toEqual([[63, 50]]);
    expect(() => vm.write("d.active", "perhaps")).toThrow("d.active: expected boolean");
    expect(() => vm.write("q.ipaddr", "nobody")).toThrow("q.ipaddr: expected IP address");
  });

  it("takes configurations of any size", async () => {
    const b = bench(0);
    const vm = await b.xl.create({ name: "vm", memoryKiB: 32768 });
    const text = `${Array.from({ length: 1500 }, (_, i) => `Idle -> c${i} :: Counter -> Discard; // ${"x".repeat(80)}`).join("\n")}`;
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    expect(text.length).toBeGreaterThan(150_000);
    for (let i = 0; i * 1000 < text.length; i++)
      b.xl.store.write(`${home}/config/${i}`, text.slice(i * 1000, (i + 1) * 1000));
    b.xl.store.write(`${home}/status`, "Running");
    await vm.settled();
    expect(b.xl.store.read(`${home}/status`)).toBe("Running");
    b.xl.store.write(`${home}/control/read/c1499/count`, "");
    await vm.settled();
    expect(b.xl.store.read(`${home}/elements/c1499/count`)).toBe("0");
  });

  it("runs up to 64 routers in a VM, each in a place of its own", async () => {
    const b = bench(2);
    const vm = await b.xl.create({ name: "vm", vif: b.vif, memoryKiB: 65536 });
    await configure(b, vm, 0, "FromDevice(0) -> c :: Counter -> ToDevice(1)");
    for (let i = 1; i < 64; i++)
      await configure(b, vm, i, `InfiniteSource(LIMIT ${i * 10}) -> c :: Counter -> Discard`);
    b.settle();
    expect(vm.routers).toHaveLength(64);
    expect([1, 2, 63].map((i) => vm.read("c.count", i))).toEqual(["10", "20", "630"]);
    await configure(b, vm, 64, "Idle -> Discard");
    const { store } = b.xl;
    const at = (r: number): string => `/local/domain/${vm.domain.id}/data/clickos/${r}`;
    expect([store.read(`${at(64)}/status`), store.read(`${at(64)}/error`)]).toEqual([
      "Error",
      "a domain has at most 64 routers, 0 to 63",
    ]);
    // One that ends gives its place to the next; the others do not notice.
    store.write(`${at(5)}/status`, "Halted");
    await configure(b, vm, 6, "InfiniteSource(LIMIT 7) -> d :: Counter -> Discard");
    b.ports[0]!.send([frame(1)]);
    b.settle();
    expect([vm.read("d.count", 6), vm.read("c.count", 63), vm.read("c.count")]).toEqual(["7", "630", "1"]);
    expect(b.ports[1]!.receive()).toEqual([frame(1)]);
  });

  it("says what is wrong, in the store and on the console, and leaves what runs alone", async () => {
    const b = bench(2);
    const vm = await shell(b, "FromDevice(0) -> Countr -> ToDevice(1)");
    const { store } = b.xl;
    const at = (r: number): string => `/local/domain/${vm.domain.id}/data/clickos/${r}`;
    expect(store.read(`${at(0)}/status`)).toBe("Error");
    expect(store.read(`${at(0)}/error`)).toMatch(
      /clickos\/0:1: undeclared element 'Countr'[\s\S]*did you mean 'Counter'/,
    );
    expect(vm.domain.console).toContain("undeclared element 'Countr'");
    await configure(b, vm, 0, "FromDevice(0) -> c :: Counter -> ToDevice(1)");
    expect([store.read(`${at(0)}/status`), store.exists(`${at(0)}/error`)]).toEqual(["Running", false]);
    // A broken successor does not take the place of what runs.
    await configure(b, vm, 0, "FromDevice(0) -> ");
    expect(store.read(`${at(0)}/status`)).toBe("Running");
    expect(store.read(`${at(0)}/error`)).toContain("clickos/0:1:");
    b.ports[0]!.send([frame(9)]);
    b.settle();
    expect(b.ports[1]!.receive()).toEqual([frame(9)]);
    const problem = async (path: string, value: string): Promise<string> => {
      store.write(path, value);
      await vm.settled();
      return store.read(`${path.slice(0, path.indexOf("/", at(0).lastIndexOf("/") + 1))}/error`);
    };
    expect(await problem(`${at(0)}/control/read/c/nothing`, "")).toBe("no 'c.nothing' read handler");
    expect(await problem(`${at(0)}/elements/nobody/reset`, "")).toBe("no element named 'nobody'");
    expect(await problem(`${at(0)}/status`, "Resting")).toBe("status 'Resting': it is Running or Halted");
    expect(await problem(`${at(1)}/status`, "Running")).toMatch(/there is no configuration/);
    expect(await problem(`${at(2)}/control/read/c/count`, "")).toBe("router 2 does not run");
    await configure(b, vm, 3, "FromDevice(0) -> Discard");
    expect(store.read(`${at(3)}/error`)).toBe("interface 0 of 'vm' is used by another router");
    await configure(b, vm, 3, "FromDevice(7) -> Discard");
    expect(store.read(`${at(3)}/error`)).toBe("'vm' has no interface 7; it has 0, 1");
    await configure(b, vm, 3, "Idle -> Queue(9000) -> Discard");
    expect(store.read(`${at(3)}/error`)).toMatch(/more than|free: give it more memory/);
  });

  it("says what is wrong with a successor that traps as it boots, and the former goes on", async () => {
    const b = bench(0);
    const vm = await shell(b, "Idle -> c :: Counter -> Discard");
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    expect(b.xl.store.read(`${home}/status`)).toBe("Running");
    await configure(b, vm, 0, "Idle -> FaultyAtBoot -> Discard");
    expect(b.xl.store.read(`${home}/status`)).toBe("Running");
    expect(b.xl.store.read(`${home}/error`)).toMatch(/crashed while it booted: .*divide by zero/);
    expect([vm.routers, vm.read("c.count")]).toEqual([[0], "0"]);
    await configure(b, vm, 0, "Idle -> Discard");
    expect([vm.routers, vm.domain.state]).toEqual([[0], "running"]);
  });

  it("does nothing more for a VM that is destroyed meanwhile", async () => {
    const b = bench(1);
    const vm = await b.xl.create({ name: "vm", vif: b.vif });
    const at = `/local/domain/${vm.domain.id}/data/clickos/0`;
    b.xl.store.write(`${at}/config/0`, "FromDevice(0) -> c :: Counter -> Discard");
    b.xl.store.write(`${at}/status`, "Running");
    b.xl.store.write(`${at}/control/read/c/count`, "");
    b.xl.destroy("vm");
    await vm.settled();
    expect([b.xl.store.exists(at), b.xl.hypervisor.domains, b.xl.hypervisor.mapper.mapped]).toEqual([false, [], 0]);
    // At every step of starting it, too; and who comes into its memory does not notice.
    for (let steps = 1; steps < 40; steps++) {
      const early = await b.xl.create({ name: "early", vif: b.vif });
      const home = `/local/domain/${early.domain.id}/data/clickos/0`;
      b.xl.store.write(`${home}/config/0`, "FromDevice(0) -> c :: Counter -> Discard");
      b.xl.store.write(`${home}/status`, "Running");
      for (let i = 0; i < steps; i++) await Promise.resolve();
      if (steps % 3 === 0) await new Promise((resolve) => setTimeout(resolve, steps / 6));
      b.xl.destroy("early");
      const next = await shell(b, "FromDevice(0) -> c :: Counter -> Discard");
      await early.settled();
      b.ports[0]!.send([frame(1)]);
      b.settle();
      expect([next.read("c.count"), next.domain.crash]).toEqual(["1", undefined]);
      b.xl.destroy("vm");
    }
    expect([b.xl.hypervisor.domains, b.xl.hypervisor.mapper.mapped]).toEqual([[], 0]);
  });

  it("puts long values in several nodes, and elements of compounds where they are", async () => {
    const b = bench(0);
    const vm = await b.xl.create({ name: "vm" });
    const rules = Array.from({ length: 300 }, (_, i) => `allow udp port ${i + 1}`).join(", ");
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    const text = `elementclass Box { input -> f :: IPFilter(${rules}) -> output } Idle -> b :: Box -> Discard`;
    for (let i = 0; i * 2000 < text.length; i++)
      b.xl.store.write(`${home}/config/${i}`, text.slice(i * 2000, (i + 1) * 2000));
    b.xl.store.write(`${home}/status`, "Running");
    b.xl.store.write(`${home}/control/read/b/f/config`, "");
    await vm.settled();
    const node = `${home}/elements/b/f/config`;
    const further = b.xl.store.directory(node).filter((n) => n !== "lock");
    const whole = [node, ...further.map((n) => `${node}/${n}`)].map((p) => b.xl.store.read(p)).join("");
    expect(whole).toBe(rules);
  });

  it("shuts a VM down, and says so", async () => {
    const b = bench(0);
    const vm = await shell(b, "RatedSource(RATE 1000) -> Discard");
    const control = `/local/domain/${vm.domain.id}/control/shutdown`;
    b.xl.store.write(control, "sideways");
    expect([vm.domain.state, vm.domain.console]).toEqual([
      "running",
      "control/shutdown: 'sideways' is not known: poweroff, halt, reboot, suspend\n",
    ]);
    b.xl.store.write(control, "reboot");
    await vm.domain.exited;
    await vm.settled();
    expect([b.xl.store.read(control), vm.domain.state, vm.domain.shutdownReason]).toEqual(["", "halted", "reboot"]);
    expect(b.xl.store.read(`/local/domain/${vm.domain.id}/data/clickos/0/status`)).toBe("Halted");
    expect(b.xl.store.read(`/local/domain/${vm.domain.id}/data/clickos/0/error`)).toBe("shut down: reboot");
  });

  it("shows the router of an image as router 0", async () => {
    const b = bench(0);
    const { elements } = await import("./rig.ts");
    const { linkImage } = await import("@clickos/click-image");
    const image = await linkImage(
      { file: "x", text: "InfiniteSource(LIMIT 3) -> d :: Discard" },
      { elements, name: "x" },
    );
    const vm = await b.xl.create({ name: "x", image });
    b.settle();
    const home = `/local/domain/${vm.domain.id}/data/clickos/0`;
    b.xl.store.write(`${home}/control/read/d/count`, "");
    await vm.settled();
    expect([`config/0`, "status", "elements/d/count"].map((p) => b.xl.store.read(`${home}/${p}`))).toEqual([
      "InfiniteSource(LIMIT 3) -> d :: Discard",
      "Running",
      "3",
    ]);
  });
});
