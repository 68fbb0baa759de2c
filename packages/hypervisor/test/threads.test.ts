/** pCPUs on threads: the built worker is used, as a thread cannot load TypeScript. */
import { decodeSnapshot, EVTCHNOP, encodeSnapshot, type Hypervisor, wasmKernel } from "@clickos/hypervisor";
import { createHypervisor } from "@clickos/hypervisor/node";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { counter, counterAt, guest, spinning, trapping } from "./guests.ts";

const worker = new URL("../dist/pcpu-worker.js", import.meta.url);
let xen: Hypervisor | undefined;
const make = (pcpus: number, watchdogMs = 200): Hypervisor => {
  xen = createHypervisor({ pcpus, worker, watchdogMs, heapMiB: 32 });
  return xen;
};
afterEach(() => xen?.close());

const until = async (what: () => boolean, ms = 10_000): Promise<void> => {
  const end = performance.now() + ms;
  while (!what()) {
    if (performance.now() > end) throw new Error("it did not happen");
    xen?.run();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
const busy = guest(() => 1);
const kernel = wasmKernel;

describe("pCPUs on threads", () => {
  beforeAll(() => needsBuild(worker));
  it("run domains by themselves, pause and unpause them, and say what they used", async () => {
    const x = make(2);
    const [a, b] = await Promise.all(
      [1, 2].map((n) => x.createDomain({ name: `d${n}`, pages: 1, kernel: kernel(busy) })),
    );
    expect([a!.statistics.pcpu, b!.statistics.pcpu, x.pcpus]).toEqual([1, 2, 3]);
    expect(counter(a!.memory)).toBe(0);
    a!.unpause();
    b!.unpause();
    await until(() => counter(a!.memory) > 100 && counter(b!.memory) > 100);
    await a!.pause();
    const stopped = counter(a!.memory);
    const other = counter(b!.memory);
    await until(() => counter(b!.memory) > other + 1000);
    expect(counter(a!.memory)).toBe(stopped);
    a!.unpause();
    await until(() => counter(a!.memory) > stopped);
    expect(b!.statistics.runTimeNs).toBeGreaterThan(0);
    expect(b!.statistics.slices).toBeGreaterThan(1000);
  });

  it("sleep until an event comes, and send events to domain 0 and to each other", async () => {
    const x = make(2);
    // Each turn a guest sends on port 1, which is bound to the other.
    const ringer = guest((c, hypercall) => {
      c.atomicStore(2 * 4096, 0);
      c.atomicStore(2 * 4096, 0, 8);
      c.atomicStore(2 * 4096, 0, 2048);
      hypercall("evtchn_send", 1);
      return 0;
    });
    const a = await x.createDomain({ name: "a", pages: 1, pcpu: 1, kernel: kernel(ringer) });
    const b = await x.createDomain({ name: "b", pages: 1, pcpu: 2, kernel: kernel(ringer) });
    const port = x.events.allocUnbound(a.id, b.id);
    expect([port, x.events.bindInterdomain(b.id, a.id, port)]).toEqual([1, 1]);
    a.unpause();
    b.unpause();
    // They wake each other for as long as they live: no wake-up is lost.
    await until(() => counter(a.memory) > 20_000 && counter(b.memory) > 20_000, 20_000);
    await a.pause();
    // Each sends once more at the most and then nobody answers.
    await until(() => {
      const before = counter(b.memory);
      const wait = performance.now() + 20;
      while (performance.now() < wait);
      return counter(b.memory) === before;
    });
  });

  it("answer hypercalls of guests on threads: channels, grants, console, shutdown", async () => {
    const x = make(1);
    const at = counterAt + 64;
    const asking = guest((c, hypercall) => {
      // alloc_unbound: dom DOMID_SELF, remote 0; then status of the port, a copy within its own memory, a word, an end.
      c.store32(at, 0x7ff0);
      c.store32(counterAt + 4, hypercall("event_channel_op", EVTCHNOP.allocUnbound, at));
      c.store32(counterAt + 8, c.load32(at + 4));
      c.store32(at + 32, 0x7ff0);
      c.store32(at + 36, c.load32(at + 4));
      c.store32(counterAt + 12, hypercall("event_channel_op", EVTCHNOP.status, at + 32));
      c.store32(counterAt + 16, c.load32(at + 40));
      c.store32(counterAt + 20, hypercall("event_channel_op", EVTCHNOP.allocUnbound, 65530));
      c.store32(counterAt + 24, hypercall("grant_table_op", 0, at, 1));
      c.store32(at + 64, 0x6f6c6c61);
      hypercall("console_io", at + 64, 4);
      hypercall("sched_op", 2, 1);
      return 0;
    });
    const d = await x.createDomain({ name: "asking", pages: 1, kernel: kernel(asking) });
    d.unpause();
    await until(() => d.state === "halted");
    expect([1, 2, 3, 4, 5, 6].map((i) => counter(d.memory, i))).toEqual([0, 1, 0, 1, -14, -38]);
    expect([d.console, d.shutdownReason]).toEqual(["allo", "reboot"]);
    expect(x.events.status(d.id, 1)).toEqual({ state: "unbound", remote: 0 });
    await d.exited;
  });

  it("wake domain 0 when it waits for something to do", async () => {
    const x = make(1);
    const ringer = guest((_c, hypercall, now) => {
      hypercall("evtchn_send", 1);
      hypercall("set_timer_op", now.add(20_000_000n));
      return 0;
    });
    const d = await x.createDomain({ name: "d", pages: 1, kernel: kernel(ringer) });
    const local = x.events.bindInterdomain(0, d.id, x.events.allocUnbound(d.id, 0));
    let rung = 0;
    x.onEvent(local, () => void rung++);
    x.run();
    const before = rung;
    d.unpause();
    const start = performance.now();
    while (rung < before + 10) {
      await x.idle(10_000);
      x.run();
    }
    // Ten timers of 20 ms and their events; not one of the long waits ran out.
    expect(performance.now() - start).toBeLessThan(9000);
    x.onEvent(local, undefined);
  });

  it("say so when they cannot be started, and do not try for ever", async () => {
    xen = createHypervisor({ pcpus: 1, worker: new URL("file:///nonexistent/worker.js") });
    const d = await xen.createDomain({ name: "d", pages: 1, kernel: kernel(busy) });
    expect(d.crash).toMatchObject({ cause: "killed" });
    expect(d.crash!.message).toMatch(/^pCPU 1 cannot be started: .*Cannot find module/);
    await expect(xen.createDomain({ name: "e", pages: 1, kernel: kernel(busy) })).rejects.toMatchObject({
      code: "NO_PCPU",
    });
    const here = await xen.createDomain({ name: "f", pages: 1, pcpu: 0, kernel: kernel(busy) });
    here.unpause();
    expect(xen.run()).toBe(true);
    expect(xen.domains).toHaveLength(2);
  });

  it("move a domain that runs, and it goes on", async () => {
    const x = make(2);
    const d = await x.createDomain({ name: "d", pages: 1, pcpu: 1, kernel: kernel(busy) });
    d.unpause();
    for (const pcpu of [2, 0, 1]) {
      const before = counter(d.memory);
      await x.move(d.id, pcpu);
      expect([d.statistics.pcpu, d.state]).toEqual([pcpu, "running"]);
      await until(() => counter(d.memory) > before + 10);
    }
    await expect(x.move(d.id, 3)).rejects.toMatchObject({ code: "NO_PCPU" });
  });

  it("contain a trap: the neighbours on the same pCPU go on", async () => {
    const x = make(1);
    const bad = await x.createDomain({ name: "bad", pages: 1, kernel: kernel(guest(trapping)) });
    const good = await x.createDomain({ name: "good", pages: 1, kernel: kernel(busy) });
    good.unpause();
    bad.unpause();
    await until(() => bad.state === "crashed");
    expect(bad.crash).toMatchObject({
      domain: bad.id,
      name: "bad",
      cause: "trap",
      message: "divide by zero",
      stack: ["vcpu"],
    });
    const before = counter(good.memory);
    await until(() => counter(good.memory) > before);
    expect(x.threadsReplaced).toBe(0);
  });

  it("end a vCPU that never returns; its neighbours are taken up by a fresh thread", async () => {
    const x = make(1);
    const good = await x.createDomain({ name: "good", pages: 1, kernel: kernel(busy) });
    const bad = await x.createDomain({ name: "bad", pages: 1, kernel: kernel(guest(spinning)) });
    good.unpause();
    await until(() => counter(good.memory) > 10);
    bad.unpause();
    await until(() => bad.state === "crashed");
    expect(bad.crash).toMatchObject({ name: "bad", cause: "watchdog" });
    expect(bad.crash!.message).toMatch(/^the vCPU ran for \d+ ms without a pause$/);
    const before = counter(good.memory);
    await until(() => counter(good.memory) > before + 10);
    expect([good.state, x.threadsReplaced]).toEqual(["running", 1]);
  });

  it("end one that never boots, and one that boots by trapping", async () => {
    const x = make(1);
    const stuck = await x.createDomain({
      name: "stuck",
      pages: 1,
      kernel: kernel(
        guest(
          () => 0,
          (c) => c.loop(() => c.store32(counterAt, 1)),
        ),
      ),
    });
    expect(stuck.crash).toMatchObject({ cause: "watchdog" });
    const trap = await x.createDomain({
      name: "trap",
      pages: 1,
      kernel: kernel(
        guest(
          () => 0,
          (c) => c.store32(c.load32(counterAt).sub(4), 1),
        ),
      ),
    });
    expect(trap.crash).toMatchObject({ cause: "trap", stack: ["boot"] });
    const fine = await x.createDomain({ name: "fine", pages: 1, kernel: kernel(busy) });
    fine.unpause();
    await until(() => counter(fine.memory) > 10);
  });

  it("take in a kernel of JavaScript; one that takes all the memory dies alone", async () => {
    const x = make(1, 10_000);
    const source = `export default (words) => ({ start: (domain) => ({ run() {
      const memory = new Int32Array(domain.memory.buffer);
      memory[${counterAt >> 2}]++;
      if (!words) return "more";
      const all = [];
      for (;;) all.push(new Array(words).fill({}));
    } }) });`;
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    const js = (data: number) => ({
      portable: { url, data },
      start: () => {
        throw new Error("not here");
      },
    });
    const good = await x.createDomain({ name: "good", pages: 1, kernel: js(0) });
    const bad = await x.createDomain({ name: "bad", pages: 1, kernel: js(10_000) });
    good.unpause();
    await until(() => counter(good.memory) > 10);
    bad.unpause();
    await until(() => bad.state === "crashed", 20_000);
    expect(bad.crash).toMatchObject({ cause: "out-of-memory", name: "bad" });
    const before = counter(good.memory);
    await until(() => counter(good.memory) > before + 10);
  }, 40_000);

  it("load modules into a domain, also after its thread was lost", async () => {
    const x = make(1);
    const d = await x.createDomain({ name: "shell", pages: 1, kernel: kernel([]) });
    d.unpause();
    const first = await d.load(guest(() => 1));
    await until(() => counter(d.memory) > 10);
    const second = await d.load(
      guest((c) => {
        c.store32(counterAt + 4, c.load32(counterAt + 4).add(1));
        return 1;
      }),
    );
    expect([first, second]).toEqual([0, 1]);
    await until(() => counter(d.memory, 1) > 10);
    await expect(
      d.load(
        guest(
          () => 0,
          (c) => c.loop(() => c.store32(counterAt + 8, 1)),
        ),
      ),
    ).rejects.toMatchObject({
      code: "LOAD_FAILED",
    });
    expect(d.crash).toMatchObject({ cause: "watchdog" });
  });

  it("restore a snapshot on another hypervisor, with its time going on", async () => {
    const x = make(1);
    const stamped = guest((c, _, now) => {
      c.store64(counterAt + 16, now);
      return 1;
    });
    const d = await x.createDomain({ name: "d", pages: 1, kernel: kernel(stamped) });
    d.unpause();
    await until(() => counter(d.memory) > 50);
    const saved = encodeSnapshot(await x.snapshot(d.id));
    await until(() => d.state === "running");
    await x.close();
    const snapshot = decodeSnapshot(saved);
    const y = make(1);
    const e = await y.createDomain({ name: "e", kernel: kernel(stamped), snapshot });
    const count = counter(e.memory);
    expect(count).toBeGreaterThan(50);
    expect(e.now()).toBeGreaterThanOrEqual(snapshot.timeNs);
    e.unpause();
    await until(() => counter(e.memory) > count);
    expect(new BigInt64Array(e.memory.buffer)[(counterAt + 16) >> 3]).toBeGreaterThan(snapshot.timeNs);
    const f = await y.clone(e.id, { name: "f" });
    expect(counter(f.memory)).toBeGreaterThan(count);
    expect([f.state, e.state]).toEqual(["paused", "running"]);
  });
});
