import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { bench, frame, shell } from "./rig.ts";

/** UDP from 10.0.0.<host>:<port> to 1.2.3.4:53. */
function udp(host: number, port: number, reverse?: { to: Uint8Array }): Uint8Array {
  const f = new Uint8Array(60);
  f.set([
    2,
    0,
    0,
    0,
    0,
    1,
    2,
    0,
    0,
    0,
    0,
    2,
    8,
    0,
    0x45,
    0,
    0,
    46,
    0,
    0,
    0,
    0,
    64,
    17,
    0,
    0,
    10,
    0,
    0,
    host,
    1,
    2,
    3,
    4,
  ]);
  f.set([port >> 8, port & 255, 0, 53, 0, 26, 0, 0], 34);
  if (reverse) {
    // From where it went, to where it says it came from.
    f.set(reverse.to.subarray(30, 34), 26);
    f.set(reverse.to.subarray(26, 30), 30);
    f.set([0, 53, reverse.to[34]!, reverse.to[35]!], 34);
  }
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += (f[i]! << 8) | f[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  f.set([(~sum >> 8) & 255, ~sum & 255], 24);
  return f;
}

const nat = `
  rw :: IPRewriter(pattern 5.5.5.5 1024-65535# - - 0 1, drop);
  FromDevice(0) -> in :: Counter -> Strip(14) -> CheckIPHeader -> [0] rw;
  FromDevice(1) -> Strip(14) -> CheckIPHeader -> [1] rw;
  rw[0] -> Unstrip(14) -> q :: Queue(50) -> u :: Unqueue(ACTIVE true) -> ToDevice(1);
  rw[1] -> Unstrip(14) -> ToDevice(0);`;

describe("saving and restoring", () => {
  it("goes on where it was: counters, NAT tables, queued packets, packets in rings", async () => {
    const a = bench(2);
    const vm = await shell(a, nat);
    a.ports[0]!.send([udp(1, 1000), udp(2, 1000)]);
    a.settle();
    const out = a.ports[1]!.receive();
    expect(out.map((f) => [...f.subarray(26, 30)].join("."))).toEqual(["5.5.5.5", "5.5.5.5"]);
    vm.write("u.active", "false");
    a.ports[0]!.send([udp(3, 1000), udp(1, 1000)]);
    a.settle();
    expect([vm.read("q.length"), vm.read("in.count"), a.ports[1]!.pending]).toEqual(["2", "4", 0]);
    // One more has reached the ring but not the router.
    await vm.domain.pause();
    a.ports[0]!.send([udp(2, 1000)]);
    while (a.bridges[0]!.forward() > 0);
    const bytes = await a.xl.save("vm");
    expect([a.xl.list(), bytes.length < 200_000]).toEqual([[], true]);

    const b = bench(2);
    const back = await b.xl.restore(bytes, { vif: b.vif });
    expect([back.name, back.read("q.length"), back.read("in.count")]).toEqual(["vm", "2", "4"]);
    b.settle();
    expect([back.read("q.length"), back.read("in.count")]).toEqual(["3", "5"]);
    back.write("u.active", "true");
    b.settle();
    const queued = b.ports[1]!.receive();
    // The same flows have the same ports outside; the third got a new one before it was saved.
    const port = (f: Uint8Array): number => (f[34]! << 8) | f[35]!;
    expect(queued.slice(1).map(port)).toEqual([port(out[0]!), port(out[1]!)]);
    // An answer to a flow from before finds its way back in.
    b.ports[1]!.send([udp(0, 0, { to: out[1]! })]);
    b.settle();
    const [answer] = b.ports[0]!.receive();
    expect([...answer!.subarray(30, 34), (answer![36]! << 8) | answer![37]!]).toEqual([10, 0, 0, 2, 1000]);
    expect(back.drops()).toEqual([]);
  });

  it("in another process", async () => {
    needsBuild(new URL("../dist/index.js", import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), "clickos-save-"));
    try {
      const a = bench(1);
      const vm = await shell(
        a,
        "FromDevice(0) -> c :: Counter -> q :: Queue(10); q -> u :: Unqueue(ACTIVE false) -> d :: Discard",
      );
      a.ports[0]!.send([frame(1), frame(2), frame(3)]);
      a.settle();
      expect(vm.read("q.length")).toBe("3");
      writeFileSync(join(folder, "vm.saved"), await a.xl.save("vm"));
      const url = (name: string): string => new URL(`../../${name}/dist/index.js`, import.meta.url).href;
      const script = `
        import { readFileSync, writeFileSync } from "node:fs";
        import { elements } from "${url("click-elements")}";
        import { createSwitch, patch } from "${url("vale")}";
        import { createToolstack } from "${url("xl-fast")}";
        const xl = createToolstack({ elements });
        const bridge = createSwitch({ lookup: patch() });
        const port = bridge.attach("outside");
        const vm = await xl.restore(readFileSync("vm.saved"), { vif: [{ bridge }] });
        const settle = () => { for (let busy = true; busy; ) { busy = xl.hypervisor.run(); while (bridge.forward() > 0) busy = true; } };
        port.send([new Uint8Array(60)]);
        settle();
        console.log(vm.read("c.count"), vm.read("q.length"));
        vm.write("u.active", "true");
        settle();
        console.log(vm.read("d.count"));
        writeFileSync("again.saved", await xl.save("vm"));
      `;
      writeFileSync(join(folder, "restore.mjs"), script);
      const output = execFileSync(process.execPath, ["restore.mjs"], { cwd: folder, encoding: "utf8" });
      expect(output).toBe("4 4\n4\n");
      const b = bench(1);
      const back = await b.xl.restore(new Uint8Array(readFileSync(join(folder, "again.saved"))), { vif: b.vif });
      b.ports[0]!.send([frame(5)]);
      b.settle();
      expect([back.read("c.count"), back.read("d.count")]).toEqual(["5", "5"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("its time goes on: what is due stays due", async () => {
    const a = bench(0);
    const vm = await shell(a, "RatedSource(RATE 2000, LIMIT 5) -> d :: Discard");
    a.settle();
    const before = vm.domain.now();
    const b = bench(0);
    const back = await b.xl.restore(await a.xl.save("vm"));
    expect(back.domain.now() - before < 5_000_000_000n).toBe(true);
    const end = performance.now() + 2000;
    while (back.read("d.count") !== "5" && performance.now() < end) b.settle();
    expect(back.read("d.count")).toBe("5");
  });

  it("clones a VM that runs", async () => {
    const a = bench(1);
    const vm = await shell(a, "FromDevice(0) -> c :: Counter -> Queue(10) -> Unqueue(ACTIVE false) -> Discard");
    a.ports[0]!.send([frame(1), frame(2)]);
    a.settle();
    const b = bench(1, a.xl);
    const copy = await a.xl.clone("vm", { name: "copy", vif: b.vif });
    b.ports[0]!.send([frame(3)]);
    b.settle();
    a.settle();
    expect([vm.read("c.count"), copy.read("c.count"), a.xl.list().map((v) => v.name)]).toEqual([
      "2",
      "3",
      ["vm", "copy"],
    ]);
    await expect(a.xl.clone("vm", { name: "copy", vif: b.vif })).rejects.toMatchObject({ code: "NAME_TAKEN" });
    await expect(a.xl.clone("nobody", { name: "x" })).rejects.toMatchObject({ code: "NO_VM" });
  });

  it("refuses files that are damaged, and leaves nothing behind", async () => {
    const a = bench(1);
    await shell(a, "FromDevice(0) -> c :: Counter -> Discard");
    const bytes = await a.xl.save("vm", { keep: true });
    expect(a.xl.list()).toHaveLength(1);
    const b = bench(1);
    await expect(b.xl.restore(bytes, {})).rejects.toMatchObject({ code: "BAD_VIFS" });
    const wrong = b.vif.map((v) => ({ ...v, mac: "nonsense" }));
    await expect(b.xl.restore(bytes, { vif: wrong })).rejects.toMatchObject({ code: "BAD_VIFS" });
    const { events } = b.xl.hypervisor;
    expect(Array.from({ length: 20 }, (_, p) => events.status(0, p + 1).state)).toEqual(new Array(20).fill("closed"));
    await expect(b.xl.restore(bytes.slice(0, -1), { vif: b.vif })).rejects.toThrow(/cut off/);
    await expect(b.xl.restore(new Uint8Array(10), { vif: b.vif })).rejects.toThrow("not a saved VM");
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: bytes.length - 1 })),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const broken = bytes.slice();
          broken[at] = broken[at]! ^ flip;
          await expect(b.xl.restore(broken, { vif: b.vif, name: "x" })).rejects.toMatchObject({ code: "BAD_FILE" });
        },
      ),
      { numRuns: 200 },
    );
    expect([b.xl.list(), b.xl.hypervisor.domains, b.xl.hypervisor.mapper.mapped]).toEqual([[], [], 0]);
  });

  it("refuses headers that say what cannot be, and images that nobody would load, under a sound digest", async () => {
    const a = bench(1);
    await shell(a, "FromDevice(0) -> c :: Counter -> Discard");
    const bytes = Buffer.from(await a.xl.save("vm", { keep: true }));
    const line = bytes.indexOf(10, "CLICKOS VM 1\n".length);
    const header = JSON.parse(bytes.subarray("CLICKOS VM 1\n".length, line).toString());
    const body = bytes.subarray(line + 1, bytes.length - 32);
    const b = bench(1);
    const refusal = async (headerText: string, content: Uint8Array = body): Promise<string> => {
      const all = Buffer.concat([Buffer.from(`CLICKOS VM 1\n${headerText}\n`), content]);
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", all));
      const file = Uint8Array.from(Buffer.concat([all, digest]));
      return b.xl.restore(file, { vif: b.vif, name: "x" }).then(
        () => "",
        (e) => `${e.code} ${e.message}`,
      );
    };
    const [router] = header.routers;
    for (const wrong of [
      null,
      { ...header, name: "n".repeat(256) },
      { ...header, devices: [0, 0] },
      { ...header, devices: [100] },
      { ...header, routers: [{ ...router, router: 64 }] },
      { ...header, routers: [router, { ...router, bytes: 0 }] },
      { ...header, snapshotBytes: -1 },
      { ...header, note: 1 },
      { ...header, note: "n".repeat(32_769) },
    ])
      expect(await refusal(JSON.stringify(wrong))).toBe(
        "BAD_FILE the saved VM's header lacks something, or says what cannot be",
      );
    expect(await refusal(JSON.stringify({ ...header, name: "n".repeat(300_000) }))).toBe("BAD_FILE not a saved VM");
    // The code of its image: an instruction of another kind.
    const changed = Uint8Array.from(body);
    changed[changed.lastIndexOf(0x0b, router.bytes - 2000)] = 0x12;
    expect(await refusal(JSON.stringify(header), changed)).toMatch(/^BAD_FILE the image/);
    expect(await refusal(JSON.stringify(header))).toBe("");
  });
});
