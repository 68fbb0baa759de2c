/** A domain that runs one slice at a time, in turn with domain 0: the same on every pCPU. */
import { type Domain, type Hypervisor, wasmKernel } from "@clickos/hypervisor";
import { createHypervisor } from "@clickos/hypervisor/node";
import { SharedClock } from "@clickos/run-loop";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { type Body, counter, counterAt, guest, spinning, trapping } from "./guests.ts";

const worker = new URL("../dist/pcpu-worker.js", import.meta.url);
let xen: Hypervisor;
afterEach(() => xen?.close());

/** A paused domain on the only other thread, or on this one. */
async function domainOn(pcpus: number, body: Body, sharedClock?: SharedClock): Promise<Domain> {
  xen = createHypervisor({ pcpus, worker, watchdogMs: 200, ...(sharedClock ? { sharedClock } : {}) });
  return xen.createDomain({ name: "d", pages: 1, kernel: wasmKernel(guest(body)) });
}
/** More to do in its first slices, up to the number in the second word. */
const someWork: Body = (c) => c.load32(counterAt).ltU(c.load32(counterAt + 4));

for (const pcpus of [0, 1]) {
  describe(`a step on ${pcpus === 0 ? "this thread" : "a thread"}`, () => {
    if (pcpus > 0) beforeAll(() => needsBuild(worker));
    it("is one slice, and says whether there is more to do", async () => {
      const d = await domainOn(pcpus, someWork);
      new Int32Array(d.memory.buffer)[(counterAt >> 2) + 1] = 4;
      const more: string[] = [];
      for (let i = 1; i <= 4; i++) {
        more.push(await xen.step(d.id));
        expect(counter(d.memory)).toBe(i);
        xen.run();
      }
      expect(more).toEqual(["more", "more", "more", "idle"]);
      expect(d.state).toBe("paused");
      expect(d.statistics.slices).toBe(4);
    });

    it("is none while a module of the domain is exchanged, and nor can it be moved", async () => {
      const d = await domainOn(pcpus, () => 1);
      const exchanged = d.exchange(
        0,
        guest(() => 3),
        () => {},
      );
      const [step, move] = [xen.step(d.id), xen.move(d.id, 0)];
      await expect(move).rejects.toMatchObject({ code: "BUSY" });
      expect(await step).toBe("idle");
      expect(counter(d.memory)).toBe(0);
      await exchanged;
      expect(await xen.step(d.id)).toBe("polling");
      expect(counter(d.memory)).toBe(1);
    });

    it("is none where there is nothing to do, until the domain is woken", async () => {
      const d = await domainOn(pcpus, () => 0);
      for (let i = 0; i < 3; i++) expect(await xen.step(d.id)).toBe("idle");
      expect(counter(d.memory)).toBe(1);
      xen.wake(d.id);
      for (let i = 0; i < 3; i++) await xen.step(d.id);
      expect(counter(d.memory)).toBe(2);
    });

    it("finds what woke the domain before it was paused, and what does in a step", async () => {
      // Wakes itself in its first two slices: it takes what there is, and sends an event to its own port.
      const d = await domainOn(pcpus, (c, hypercall) => {
        c.atomicStore(2 * 4096, 0);
        c.atomicStore(2 * 4096, 0, 8);
        c.atomicStore(2 * 4096, 0, 2048);
        c.if(c.load32(counterAt).ltU(3), () => void hypercall("evtchn_send", 1));
        return 0;
      });
      const port = xen.events.allocUnbound(d.id, d.id);
      xen.events.bindInterdomain(d.id, d.id, port);
      d.unpause();
      await d.pause();
      for (let i = 0; i < 10; i++) await xen.step(d.id);
      expect(counter(d.memory)).toBeGreaterThanOrEqual(3);
      const before = counter(d.memory);
      await xen.step(d.id);
      expect(counter(d.memory)).toBe(before);
    });

    it("comes when the domain's timer is due, in a time that is moved for all threads", async () => {
      const clock = new SharedClock(1000n);
      const times: bigint[] = [];
      const d = await domainOn(
        pcpus,
        (c, hypercall, now) => {
          c.store64(counterAt + 8, now);
          hypercall("set_timer_op", now.add(500n));
          return 0;
        },
        clock,
      );
      for (const [to, runs] of [
        [1000n, true],
        [1499n, false],
        [1500n, true],
        [9000n, true],
        [9000n, false],
      ] as const) {
        clock.jump(to);
        const before = counter(d.memory);
        expect(await xen.step(d.id)).toBe("idle");
        expect([to, counter(d.memory) - before]).toEqual([to, runs ? 1 : 0]);
        if (runs) times.push(new BigInt64Array(d.memory.buffer)[(counterAt + 8) / 8] as bigint);
        expect(d.nextTimer).toBe((times.at(-1) as bigint) + 500n);
      }
      expect(times).toEqual([1000n, 1500n, 9000n]);
    });

    it("says when the domain only looked for work", async () => {
      const d = await domainOn(pcpus, () => 3);
      for (let i = 0; i < 3; i++) expect(await xen.step(d.id)).toBe("polling");
      expect(counter(d.memory)).toBe(3);
    });

    it("is over when the domain is: what became of it is known", async () => {
      const d = await domainOn(pcpus, trapping);
      expect(await xen.step(d.id)).toBe("idle");
      expect([d.state, d.crash?.cause]).toEqual(["crashed", "trap"]);
      expect(await xen.step(d.id)).toBe("idle");
      const halting = await xen.createDomain({ name: "h", pages: 1, kernel: wasmKernel(guest(() => 2)) });
      expect(await xen.step(halting.id)).toBe("idle");
      expect(halting.state).toBe("halted");
    });

    it("is not for a domain that runs, and leaves one free that is unpaused", async () => {
      const d = await domainOn(pcpus, () => 1);
      d.unpause();
      expect(await xen.step(d.id)).toBe("idle");
      while (counter(d.memory) < 10) {
        xen.run();
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await d.pause();
      const before = counter(d.memory);
      await xen.step(d.id);
      expect(counter(d.memory)).toBe(before + 1);
    });
  });
}

describe("a step that does not come back", () => {
  beforeAll(() => needsBuild(worker));
  it("ends by the watchdog, while this thread goes on", async () => {
    const d = await domainOn(1, spinning);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    expect(await xen.step(d.id)).toBe("idle");
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    expect([d.state, d.crash?.cause]).toEqual(["crashed", "watchdog"]);
  });

  it("is waited for by who pauses the domain, or looks at it", async () => {
    // A slice of some length: a loop that ends.
    const d = await domainOn(1, (c) => {
      c.for(0, 20_000_000, 1, () => c.store32(counterAt + 4, c.load32(counterAt + 4).add(1)));
      return 1;
    });
    const step = xen.step(d.id);
    await d.pause();
    const after = counter(d.memory, 1);
    expect(after).toBe(20_000_000);
    await step;
    expect(counter(d.memory, 1)).toBe(after);
  });
});
