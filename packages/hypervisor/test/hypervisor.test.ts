import { consoleRing, createHypervisor, domainFrames, type Kernel, startInfo } from "@clickos/hypervisor";
import { describe, expect, it } from "vitest";

const idle: Kernel = { start: () => ({ run: () => "idle" }) };

describe("layouts", () => {
  it("are those of Xen's public headers", async () => {
    expect(startInfo.offsets).toMatchObject({
      magic: 0,
      nrPages: 32,
      sharedInfo: 40,
      flags: 48,
      storeMfn: 56,
      storeEvtchn: 64,
      consoleMfn: 72,
      consoleEvtchn: 80,
      cmdLine: 128,
    });
    expect(consoleRing.offsets).toEqual({
      input: 0,
      output: 1024,
      inCons: 3072,
      inProd: 3076,
      outCons: 3080,
      outProd: 3084,
    });
  });
});

describe("the hypervisor", () => {
  it("runs domains in turn, and sleeps those that are idle until an event or a timer", async () => {
    let now = 0n;
    const xen = createHypervisor({ clock: () => now });
    const log: string[] = [];
    const kernel = (name: string): Kernel => ({
      start: (domain) => {
        domain.setTimer(name === "b" ? 100n : 0n);
        return {
          run: () => {
            log.push(name);
            return "idle";
          },
        };
      },
    });
    const a = await xen.createDomain({ name: "a", pages: 1, kernel: kernel("a") });
    const b = await xen.createDomain({ name: "b", pages: 1, kernel: kernel("b") });
    expect(xen.run()).toBe(false);
    a.unpause();
    b.unpause();
    expect([xen.run(), xen.run(), xen.nextTimer]).toEqual([true, false, 100n]);
    now = 100n;
    xen.run();
    const port = xen.events.allocUnbound(a.id, 0);
    const local = xen.events.bindInterdomain(0, a.id, port);
    xen.run();
    xen.events.send(0, local);
    xen.run();
    expect(log.filter((n) => n === "a").length).toBe(2);
    expect(log[2]).toBe("b");
  });

  it("delivers domain 0's events to their handlers", async () => {
    const xen = createHypervisor();
    let guestPort = 0;
    const dom = await xen.createDomain({
      name: "g",
      pages: 1,
      kernel: {
        start: (d) => ({
          run: () => {
            d.eventSend(guestPort);
            return "idle";
          },
        }),
      },
    });
    guestPort = xen.events.allocUnbound(dom.id, 0);
    const local = xen.events.bindInterdomain(0, dom.id, guestPort);
    let rung = 0;
    xen.onEvent(local, () => void rung++);
    dom.unpause();
    while (xen.run());
    expect(rung).toBeGreaterThan(0);
  });

  it("serves a limited number of ports a turn, in rounds, and the ones with more to do after the others", async () => {
    const xen = createHypervisor();
    const dom = await xen.createDomain({ name: "g", pages: 1, kernel: idle });
    const served: number[] = [];
    const ports = Array.from({ length: 100 }, () => {
      const remote = xen.events.allocUnbound(dom.id, 0);
      const local = xen.events.bindInterdomain(0, dom.id, remote);
      xen.onEvent(local, () => {
        served.push(local);
        // The first has work without end, and another event is there each time it has run.
        if (local === 1) xen.events.send(dom.id, remote);
        return local === 1;
      });
      return local;
    });
    const turn = (): number[] => {
      expect(xen.run()).toBe(true);
      return served.splice(0);
    };
    expect(turn()).toEqual(ports.slice(0, 64));
    expect(turn()).toEqual([...ports.slice(64), 1]);
    expect(turn()).toEqual([1]);
    // What is left is no reason to sleep, and neither is what is asked for without an event.
    await xen.idle(3_600_000);
    xen.onEvent(1, undefined);
    while (xen.run());
    const slept = [xen.idle(3_600_000), xen.idle(3_600_000)];
    xen.serveLater(2);
    await Promise.all(slept);
    expect([turn(), xen.run()]).toEqual([[2], false]);
  });

  it("contains a crash: the record says what happened, the neighbours go on", async () => {
    const xen = createHypervisor();
    let turns = 0;
    const bad = await xen.createDomain({
      name: "bad",
      pages: 1,
      kernel: {
        start: () => ({
          run: () => {
            throw new Error("boom");
          },
        }),
      },
    });
    const stillborn = await xen.createDomain({
      name: "stillborn",
      pages: 1,
      kernel: {
        start: () => {
          throw new WebAssembly.RuntimeError("unreachable");
        },
      },
    });
    const good = await xen.createDomain({
      name: "good",
      pages: 1,
      kernel: { start: () => ({ run: () => (++turns < 3 ? "more" : "halted") }) },
    });
    for (const d of [bad, stillborn, good]) d.unpause();
    while (xen.run());
    expect([bad.state, bad.crash?.message, stillborn.state, good.state, turns]).toEqual([
      "crashed",
      "boom",
      "crashed",
      "halted",
      3,
    ]);
    xen.destroyDomain(bad.id);
    xen.destroyDomain(bad.id);
    expect([bad.state, xen.domains.length]).toEqual(["destroyed", 2]);
  });

  it("does not look for the place of a crash until somebody asks, and shows what a guest says on one line", async () => {
    const xen = createHypervisor();
    let looked = 0;
    const dom = await xen.createDomain({
      name: "rude",
      pages: 1,
      kernel: {
        start: () => {
          throw new Error(`\u001b[2J\n${"x".repeat(10_000)}`);
        },
      },
      locate: () => () => {
        looked++;
        return { element: "e", configuration: "f:1:1" };
      },
    });
    expect([dom.state, looked]).toEqual(["crashed", 0]);
    expect(dom.crash?.message).toMatch(/^�\[2J�x{990,}$/);
    expect(dom.crash?.message.length).toBeLessThanOrEqual(1000);
    expect([dom.crash?.element, dom.crash?.configuration, looked]).toEqual(["e", "f:1:1", 1]);
  });

  it("reads the console ring, whatever its indices say", async () => {
    const xen = createHypervisor();
    const dom = await xen.createDomain({ name: "c", pages: 1, kernel: idle });
    const ring = consoleRing.view(dom.memory.buffer, domainFrames.console * 4096);
    ring.output = new TextEncoder().encode("hello\n");
    ring.outProd = 6;
    expect(dom.console).toBe("hello\n");
    ring.outProd = 0xfffffff0;
    expect(dom.console.length).toBeLessThanOrEqual(6 + 2048);
    expect(dom.residentBytes()).toBe(2 * 4096);
  });
});
