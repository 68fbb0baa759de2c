/**
 * The tools of ClickOS on the control plane: what `cosmos` and `clickos-ctl` do to the store, step by step, and `clickos-ctl` itself
 * where `CLICKOS_CTL` says where it is (https://github.com/sysml/clickos-ctl, built with libxenstore).
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StoreConnection } from "@clickos/xenstore";
import { serve } from "@clickos/xenstore/node";
import { describe, expect, it } from "vitest";
import { bench, frame } from "./rig.ts";

/** What cosmos and clickos-ctl put in a node of a configuration at most. */
const chunks = { cosmos: 992, clickosCtl: 512 };

/** `clickos_start` of cosmos, src/clickos.c: the router's number. */
function cosmosStart(store: StoreConnection, domain: number, name: string, script: string): number {
  const clickos = `/local/domain/${domain}/data/clickos`;
  let router = 0;
  while (store.exists(`${clickos}/${router}`)) router++;
  const home = `${clickos}/${router}`;
  store.transaction((t) => {
    for (const part of ["elements", "control"]) {
      t.write(`${home}/${part}`, "");
      t.setPermissions(`${home}/${part}`, [`b${domain}`]);
    }
    t.write(`${home}/config_name`, name);
    for (let i = 0; i === 0 || i * chunks.cosmos < script.length; i++)
      t.write(`${home}/config/${i}`, script.slice(i * chunks.cosmos, (i + 1) * chunks.cosmos));
  });
  store.transaction((t) => t.write(`${home}/status`, "Running"));
  return router;
}

/** `clickos_read_handler` of cosmos. */
async function cosmosRead(store: StoreConnection, domain: number, element: string, handler: string): Promise<string> {
  const home = `/local/domain/${domain}/data/clickos/0`;
  const node = `${home}/elements/${element}/${handler}`;
  store.transaction((t) => t.write(`${home}/control/read/${element}/${handler}`, " "));
  let woken: () => void = () => {};
  store.watch(node, "lock", () => woken());
  let value = "";
  for (;;) {
    const change = new Promise<void>((resolve) => {
      woken = resolve;
    });
    value = store.exists(node) ? store.read(node) : "";
    if (value !== "") break;
    await change;
  }
  store.unwatch(node, "lock");
  store.transaction((t) => t.write(node, ""));
  return value;
}

describe("cosmos", () => {
  it("starts a router, reads and writes its handlers, and stops it", async () => {
    const b = bench(2);
    const vm = await b.xl.create({ name: "vm", vif: b.vif });
    const { id } = vm.domain;
    const store = b.xl.store.connect(0);
    const clickos = `/local/domain/${id}/data/clickos`;
    expect(store.read(clickos)).toBe("");
    const script = `// ${"wire ".repeat(400)}\nFromDevice(0) -> c :: Counter -> s :: Switch(0) -> ToDevice(1); s[1] -> Discard;`;
    expect(cosmosStart(store, id, "wire.click", script)).toBe(0);
    await vm.settled();
    expect([store.read(`${clickos}/0/status`), store.directory(`${clickos}/0/config`)]).toEqual([
      "Running",
      ["0", "1", "2"],
    ]);
    b.ports[0]!.send([frame(1), frame(2)]);
    b.settle();
    expect(b.ports[1]!.receive()).toHaveLength(2);
    expect(await cosmosRead(store, id, "c", "count")).toBe("2");
    // What it leaves in the node is no handler's new value, and is not taken for the answer to its next question.
    await vm.settled();
    expect([store.exists(`${clickos}/0/error`), store.read(`${clickos}/0/elements/c/count/lock`)]).toEqual([
      false,
      "0",
    ]);
    b.ports[0]!.send([frame(3)]);
    b.settle();
    expect(await cosmosRead(store, id, "c", "count")).toBe("3");
    store.write(`${clickos}/0/elements/s/switch`, "1");
    await vm.settled();
    expect(await cosmosRead(store, id, "s", "switch")).toBe("1");
    store.transaction((t) => t.write(`${clickos}/0/status`, "Halted"));
    await vm.settled();
    expect([vm.routers, store.read(`${clickos}/0/status`)]).toEqual([[], "Halted"]);
  });

  it("starts a router beside the first, and sees by its status that it cannot run", async () => {
    const b = bench(0);
    const vm = await b.xl.create({ name: "vm" });
    const store = b.xl.store.connect(0);
    cosmosStart(store, vm.domain.id, "a.click", "Idle -> Discard");
    expect(cosmosStart(store, vm.domain.id, "b.click", "Idle -> Nonsense")).toBe(1);
    await vm.settled();
    const home = `/local/domain/${vm.domain.id}/data/clickos/1`;
    expect([store.read(`${home}/status`), store.read(`${home}/error`), vm.routers]).toEqual([
      "Error",
      expect.stringContaining("b.click:1: undeclared element 'Nonsense'"),
      [0],
    ]);
    expect(vm.domain.console).toContain("b.click:1:");
  });
});

const { CLICKOS_CTL } = process.env;
const run = promisify(execFile);

describe.skipIf(!CLICKOS_CTL)("clickos-ctl", () => {
  it("installs, starts, stops and removes routers, by the domain's name and by its number", async () => {
    const dir = mkdtempSync(join(tmpdir(), "clickos-ctl-"));
    const path = join(dir, "socket");
    const b = bench(2);
    const vm = await b.xl.create({ name: "edge", vif: b.vif });
    const server = await serve(b.xl.store, { path });
    const ctl = async (...args: string[]): Promise<string> => {
      const { stdout } = await run(CLICKOS_CTL as string, args, { env: { ...process.env, XENSTORED_PATH: path } });
      await vm.settled();
      return stdout;
    };
    const file = (name: string, text: string): string => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    try {
      const { store } = b.xl;
      const clickos = `/local/domain/${vm.domain.id}/data/clickos`;
      const wire = file("wire.click", `// ${"x".repeat(2000)}\nFromDevice(0) -> c :: Counter -> ToDevice(1)`);
      expect(await ctl("install", "edge", wire)).toContain("[ 0 ]: installed new router");
      expect([store.read(`${clickos}/0/status`), store.read(`${clickos}/0/config_name`), vm.routers]).toEqual([
        "Halted",
        "wire.click",
        [],
      ]);
      expect(await ctl("start", String(vm.domain.id), "0")).toContain("router started");
      b.ports[0]!.send([frame(1)]);
      b.settle();
      expect([b.ports[1]!.receive(), vm.read("c.count")]).toEqual([[frame(1)], "1"]);
      expect(await ctl("install", "-s", "edge", file("idle.click", "Idle -> Discard"))).toContain("started router");
      expect(vm.routers).toEqual([0, 1]);
      expect(await ctl("stop", "edge", "0")).toContain("router stopped");
      expect(await ctl("remove", "edge", "0")).toContain("router removed");
      expect(await ctl("remove", "edge", "1")).toContain("Cannot remove running router");
      expect(await ctl("remove", "-s", "edge", "1")).toContain("router removed");
      expect([vm.routers, store.directory(clickos)]).toEqual([[], []]);
      await ctl("install", "-s", "edge", file("bad.click", "Idle -> Nonsense"));
      expect([store.read(`${clickos}/0/status`), store.read(`${clickos}/0/error`)]).toEqual([
        "Error",
        expect.stringContaining("bad.click:1:"),
      ]);
      // A megabyte, in two thousand nodes and one transaction.
      const large = file("large.click", `${`// ${"y".repeat(96)}\n`.repeat(10_500)}Idle -> l :: Counter -> Discard`);
      expect(await ctl("install", "-s", "edge", large)).toContain("[ 1 ]: started router");
      expect([store.read(`${clickos}/1/status`), vm.read("l.count", 1)]).toEqual(["Running", "0"]);
    } finally {
      await server.close();
      rmSync(dir, { recursive: true });
    }
  }, 60_000);
});
