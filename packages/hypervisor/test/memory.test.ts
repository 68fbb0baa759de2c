/** Memory: sizes that are refused, what is kept for domains to come, and what becomes of the rest. */
import { createHypervisor, decodeSnapshot, encodeSnapshot, type Kernel, wasmKernel } from "@clickos/hypervisor";
import { createHypervisor as onThreads } from "@clickos/hypervisor/node";
import { describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { counter, guest } from "./guests.ts";

const idle: Kernel = { start: () => ({ run: () => "idle" }) };
const empty = wasmKernel([]);
const worker = new URL("../dist/pcpu-worker.js", import.meta.url);

describe("a domain's size", () => {
  it("is refused before anything is touched when no engine could handle it", async () => {
    const xen = createHypervisor();
    for (const pages of [0, -1, 1.5, Number.NaN, 16385, 65535, 65536, 2 ** 32, Number.POSITIVE_INFINITY])
      await expect(xen.createDomain({ name: "d", pages, kernel: idle })).rejects.toMatchObject({ code: "NO_MEMORY" });
    const snapshot = { name: "s", pages: 65536, timeNs: 0n, frames: [] };
    await expect(xen.createDomain({ name: "d", kernel: idle, snapshot })).rejects.toMatchObject({ code: "NO_MEMORY" });
    expect(() => decodeSnapshot(encodeSnapshot(snapshot))).toThrow("a memory of 65536 pages");
    const outside = { ...snapshot, pages: 1, frames: [{ frame: 16, bytes: new Uint8Array(4096) }] };
    await expect(xen.createDomain({ name: "d", kernel: idle, snapshot: outside })).rejects.toMatchObject({
      code: "BAD_SNAPSHOT",
    });
    const fine = await xen.createDomain({ name: "d", pages: 16384, kernel: empty });
    expect([fine.id, xen.domains.length]).toEqual([1, 1]);
  });

  it("takes no neighbour with it, on a thread", async () => {
    needsBuild(worker);
    const xen = onThreads({ pcpus: 1, worker });
    try {
      const neighbour = await xen.createDomain({ name: "n", pages: 1, kernel: wasmKernel(guest(() => 1)) });
      neighbour.unpause();
      for (const pages of [16385, 65535, 65536])
        await expect(xen.createDomain({ name: "big", pages, kernel: empty })).rejects.toMatchObject({
          code: "NO_MEMORY",
        });
      const largest = await xen.createDomain({ name: "largest", pages: 16384, kernel: empty });
      expect([largest.state, neighbour.state, xen.threadsReplaced]).toEqual(["paused", "running", 0]);
      const before = counter(neighbour.memory);
      while (counter(neighbour.memory) === before) await new Promise((resolve) => setTimeout(resolve, 1));
    } finally {
      await xen.close();
    }
  });
});

describe("memories of domains that are gone", () => {
  it("are used again, empty", async () => {
    const xen = createHypervisor();
    const a = await xen.createDomain({ name: "a", pages: 2, kernel: empty });
    const { memory } = a;
    new Uint8Array(memory.buffer).fill(0xa5);
    xen.destroyDomain(a.id);
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
    const b = await xen.createDomain({ name: "b", pages: 2, kernel: empty });
    expect(b.memory).toBe(memory);
  });

  it("are kept up to a limit of bytes, the first that were given back; not those of programs that may hold on to them", async () => {
    const xen = createHypervisor({ pooledKiB: 256 });
    const make = (pages: number, kernel = empty) => xen.createDomain({ name: "d", pages, kernel });
    const [a, b, c, large, held] = await Promise.all([make(2), make(1), make(3), make(5), make(1, idle)]);
    const memories = [a, b, c, large, held].map((d) => d.memory);
    for (const d of [a, b, c, large, held]) xen.destroyDomain(d.id);
    const again = await Promise.all([make(2), make(1), make(3), make(5), make(1)]);
    expect(again.map((d) => memories.indexOf(d.memory))).toEqual([0, 1, -1, -1, -1]);
  });

  it("count towards the limit of all memory", async () => {
    const xen = createHypervisor({ memoryKiB: 4 * 64 });
    const make = (pages: number) => xen.createDomain({ name: "d", pages, kernel: empty });
    const first = await make(4);
    const { memory } = first;
    xen.destroyDomain(first.id);
    // Four pages are kept; they go as soon as others are needed.
    await make(1);
    const next = await make(3);
    await expect(make(1)).rejects.toMatchObject({ code: "NO_MEMORY" });
    xen.destroyDomain(next.id);
    const last = await make(3);
    expect([last.memory === memory, xen.domains.length]).toEqual([false, 2]);
  });

  it("are collected when they are not kept, whatever sizes there were", async () => {
    const xen = createHypervisor({ pooledKiB: 1024 });
    const before = process.memoryUsage.rss();
    let peak = 0;
    // 1.25 GiB, in sizes from 64 KiB to 4 MiB.
    for (let i = 0; i < 640; i++) {
      const d = await xen.createDomain({ name: "d", pages: 1 + (i % 64), kernel: i % 2 ? empty : idle });
      new Uint8Array(d.memory.buffer).fill(1);
      xen.destroyDomain(d.id);
      peak = Math.max(peak, process.memoryUsage.rss() - before);
      if (i % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(peak).toBeLessThan(512 << 20);
  }, 60_000);
});
