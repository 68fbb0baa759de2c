/**
 * VMs that die in the middle of a burst, beside neighbours on the same pCPU that must not lose a packet. The built
 * worker is used: a thread cannot load TypeScript.
 */

import { linkImage } from "@clickos/click-image";
import { createHypervisor as createCore, type Hypervisor, type PcpuThreads } from "@clickos/hypervisor";
import { nodeThreads } from "@clickos/hypervisor/node";
import { createToolstack, type Vm } from "@clickos/xl-fast";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { type Bench, bench, configure, elements, frame, shell } from "./rig.ts";

const worker = new URL("../../hypervisor/dist/pcpu-worker.js", import.meta.url);

let xen: Hypervisor | undefined;
const kills: (() => Promise<void>)[] = [];
afterEach(async () => {
  await xen?.close();
  kills.length = 0;
});

/** A toolstack over threads that can be ended behind the hypervisor's back. */
function threaded(pcpus: number, watchdogMs = 150): Bench["xl"] {
  const startedAt = process.hrtime.bigint();
  const threads = nodeThreads({ pcpus, worker, heapMiB: 32 }, startedAt);
  const spying: PcpuThreads = {
    count: pcpus,
    spawn(...args) {
      const thread = threads.spawn(...args);
      kills.push(() => thread.terminate());
      return thread;
    },
  };
  xen = createCore({ threads: spying, watchdogMs, clock: () => process.hrtime.bigint() - startedAt });
  return createToolstack({ elements, hypervisor: xen });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Neighbour {
  readonly bench: Bench;
  readonly vm: Vm;
  sent: number;
  readonly received: Uint8Array[];
}

async function neighbour(xl: Bench["xl"], name: string, config: string): Promise<Neighbour> {
  const b = bench(2, xl);
  const image = await linkImage({ file: `${name}.click`, text: config }, { elements, name });
  return { bench: b, vm: await xl.create({ name, image, vif: b.vif, pcpu: 1 }), sent: 0, received: [] };
}

/** Moves frames once; never more on the way than a ring holds. */
function traffic(neighbours: readonly Neighbour[], send: boolean): void {
  for (const n of neighbours) {
    if (send && n.sent - n.received.length < 200) {
      const frames = Array.from({ length: 20 }, (_, i) => frame(n.sent + i));
      n.sent += n.bench.ports[0]!.send(frames);
    }
    for (const bridge of n.bench.bridges) bridge.forward();
    n.received.push(...n.bench.ports[1]!.receive());
  }
}

/** Traffic until `done`, and a while longer; then all that was sent has arrived, in order. */
async function lossless(xl: Bench["xl"], neighbours: readonly Neighbour[], done: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  let more = 300;
  while (more > 0) {
    if (performance.now() > end) throw new Error("it did not happen");
    xl.hypervisor.run();
    traffic(neighbours, true);
    if (done() && neighbours.every((n) => n.sent > 300)) more--;
    await turn();
  }
  while (neighbours.some((n) => n.received.length < n.sent) && performance.now() < end) {
    xl.hypervisor.run();
    traffic(neighbours, false);
    await turn();
  }
  for (const n of neighbours) {
    expect(n.received.length).toBe(n.sent);
    expect(n.received.every((f, i) => f[1] === (i & 255) && f[2] === ((i >> 8) & 255))).toBe(true);
    expect([n.vm.drops(), n.vm.domain.state]).toEqual([[], "running"]);
    expect(n.sent).toBeGreaterThan(300);
  }
}

const faulty = `FromDevice(0) -> c :: Counter
  -> Paint(3)
  -> f :: Faulty
  -> ToDevice(1)`;

async function rigWith(
  bad = faulty,
  watchdogMs?: number,
): Promise<{ xl: Bench["xl"]; neighbours: Neighbour[]; victim: Neighbour }> {
  const xl = threaded(1, watchdogMs);
  const neighbours = [
    await neighbour(xl, "left", "FromDevice(0) -> Counter -> ToDevice(1)"),
    await neighbour(xl, "right", "FromDevice(0) -> Queue(300) -> ToDevice(1)"),
  ];
  return { xl, neighbours, victim: await neighbour(xl, "bad", bad) };
}

describe("a VM that dies in the middle of a burst", () => {
  beforeAll(() => needsBuild(worker));
  it("by a trap", async () => {
    const { xl, neighbours, victim } = await rigWith(faulty);
    victim.bench.ports[0]!.send([frame(1), frame(2), frame(3, 0xee), frame(4)]);
    victim.bench.bridges[0]!.forward();
    await lossless(xl, neighbours, () => victim.vm.domain.state === "crashed");
    expect(victim.vm.domain.crash).toMatchObject({
      domain: victim.vm.domain.id,
      name: "bad",
      cause: "trap",
      message: "divide by zero",
      element: "f :: Faulty",
      configuration: "bad.click:3:6",
    });
    expect(victim.vm.domain.crash!.stack[0]).toBe("FromDevice@1 task");
    expect(xl.store.read(`/local/domain/${victim.vm.domain.id}/data/clickos/0/error`)).toBe("trap: divide by zero");
    expect(xl.hypervisor.threadsReplaced).toBe(0);
  });

  it("by never coming back", async () => {
    const { xl, neighbours, victim } = await rigWith(faulty);
    victim.bench.ports[0]!.send([frame(1), frame(3, 0xff), frame(4)]);
    victim.bench.bridges[0]!.forward();
    await lossless(xl, neighbours, () => victim.vm.domain.state === "crashed");
    // Of a loop there is no stack: the task is what is known.
    expect(victim.vm.domain.crash).toMatchObject({
      cause: "watchdog",
      element: "FromDevice@1 :: FromDevice",
      configuration: "bad.click:1:1",
    });
    expect(xl.hypervisor.threadsReplaced).toBe(1);
  });

  it("by one of its routers, which is the one that is named", async () => {
    const xl = threaded(1);
    const b = bench(2, xl);
    const vm = await shell(b, "FromDevice(0) -> c :: Counter -> ToDevice(1)", { pcpu: 1 });
    b.ports[0]!.send([frame(1)]);
    while (b.ports[1]!.pending === 0) {
      xl.hypervisor.run();
      for (const bridge of b.bridges) bridge.forward();
      await turn();
    }
    await configure(b, vm, 1, "s :: InfiniteSource(DATA \\<ff ff ff ff>, LIMIT 1)\n -> Faulty -> Discard");
    await vm.domain.exited;
    expect(vm.domain.crash).toMatchObject({
      cause: "watchdog",
      element: "s :: InfiniteSource",
      configuration: "clickos/1:1:1",
    });
  });

  it("by using up its stack", async () => {
    const { xl, neighbours, victim } = await rigWith(
      "FromDevice(0) -> i :: Null -> s :: Switch(1) -> ToDevice(1); s[1] -> i;",
    );
    victim.bench.ports[0]!.send([frame(1)]);
    victim.bench.bridges[0]!.forward();
    await lossless(xl, neighbours, () => victim.vm.domain.state === "crashed");
    expect(["trap", "watchdog"]).toContain(victim.vm.domain.crash!.cause);
  });

  it("by taking all the memory of its thread", async () => {
    const { xl, neighbours } = await rigWith(faulty, 10_000);
    const source = `export default () => ({ start: () => ({ run() {
      const all = [];
      for (;;) all.push(new Array(10000).fill({}));
    } }) });`;
    const glutton = await xl.hypervisor.createDomain({
      name: "glutton",
      pages: 1,
      pcpu: 1,
      kernel: {
        portable: { url: `data:text/javascript,${encodeURIComponent(source)}` },
        start: () => {
          throw new Error("it runs on its thread");
        },
      },
    });
    glutton.unpause();
    await lossless(xl, neighbours, () => glutton.state === "crashed");
    expect(glutton.crash).toMatchObject({ cause: "out-of-memory", name: "glutton" });
  });

  it("with its pCPU, which somebody ended", async () => {
    const { xl, neighbours, victim } = await rigWith(faulty, 60_000);
    // Its vCPU is running when the thread is ended: it is the one that is lost.
    victim.bench.ports[0]!.send([frame(1), frame(3, 0xff)]);
    victim.bench.bridges[0]!.forward();
    // Long enough for it to be in the loop, where it stays.
    for (const end = performance.now() + 1000; performance.now() < end; ) {
      traffic(neighbours, true);
      await turn();
    }
    await kills.at(-1)!();
    await lossless(xl, neighbours, () => victim.vm.domain.state === "crashed");
    expect(victim.vm.domain.crash).toMatchObject({ cause: "killed", element: "FromDevice@1 :: FromDevice" });
  });

  it("again and again: threads are lost at any moment, and nobody else loses anything", async () => {
    const { xl, neighbours } = await rigWith(faulty, 60_000);
    // Those who run at that moment would be the ones to die: the thread is ended while all are held.
    for (let round = 1; round <= 8; round++) {
      for (let i = 0; i < 20 * round; i++) {
        traffic(neighbours, true);
        await turn();
      }
      for (const n of neighbours) await n.vm.domain.pause();
      await kills.at(-1)!();
      const before = round;
      const end = performance.now() + 5000;
      while (xl.hypervisor.threadsReplaced < before && performance.now() < end) await turn();
      for (const n of neighbours) n.vm.domain.unpause();
      await lossless(xl, neighbours, () => true);
    }
    expect(xl.hypervisor.threadsReplaced).toBe(8);
  });
});

describe("creating and destroying", () => {
  beforeAll(() => needsBuild(worker));
  it("four hundred times leaks no domain, thread, port, grant or memory", async () => {
    const xl = threaded(1);
    const b = bench(2, xl);
    const image = await linkImage({ file: "x", text: "FromDevice(0) -> ToDevice(1)" }, { elements, name: "x" });
    const { events, mapper } = xl.hypervisor;
    const cycle = async (i: number): Promise<void> => {
      const vm = await xl.create({ name: "x", image, vif: b.vif });
      if (i % 50 === 0) {
        b.ports[0]!.send([frame(i)]);
        const end = performance.now() + 2000;
        while (b.ports[1]!.pending === 0 && performance.now() < end) {
          xl.hypervisor.run();
          for (const bridge of b.bridges) bridge.forward();
          await turn();
        }
        expect(b.ports[1]!.receive()).toEqual([frame(i)]);
      }
      expect(vm.domain.state).toBe("running");
      xl.destroy("x");
    };
    const open = (): number =>
      Array.from({ length: 4095 }, (_, p) => events.status(0, p + 1).state).filter((s) => s !== "closed").length;
    for (let i = 0; i < 50; i++) await cycle(i);
    const ports = open();
    const nodes = xl.store.statistics;
    const before = process.memoryUsage();
    for (let i = 0; i < 400; i++) await cycle(i);
    expect([xl.hypervisor.domains.length, mapper.mapped, open(), xl.store.statistics]).toEqual([0, 0, ports, nodes]);
    expect([xl.hypervisor.threadsReplaced, kills.length, ports]).toEqual([0, 1, 0]);
    // Memories are 1.2 MiB each: four hundred that stay would be 480 MiB.
    (globalThis as { gc?: () => void }).gc?.();
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(200 * 1024 * 1024);
  }, 60_000);
});
