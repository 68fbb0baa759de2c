import { createGrantTable } from "@clickos/grant-table";
import {
  createHypervisor,
  decodeSnapshot,
  EVTCHNOP,
  encodeSnapshot,
  GNTTABOP,
  hypercalls,
  type Kernel,
  type Share,
  wasmKernel,
} from "@clickos/hypervisor";
import { takePending, virq } from "@clickos/xen-evtchn";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counter, counterAt, guest } from "./guests.ts";

/** Domains that run 0.1 ms a slice, for `ms` of simulated time; how long each ran, in parts of it. */
async function shares(
  list: Partial<Share>[],
  ms = 3000,
  idle: (i: number, now: bigint) => boolean = () => false,
): Promise<number[]> {
  let now = 0n;
  const xen = createHypervisor({ clock: () => now });
  const domains = await Promise.all(
    list.map((share, i) =>
      xen.createDomain({
        name: `d${i}`,
        pages: 1,
        share,
        kernel: {
          start: (d) => ({
            run: (t) => {
              if (idle(i, t)) {
                d.setTimer(t + 5_000_000n);
                return "idle";
              }
              now += 100_000n;
              return "more";
            },
          }),
        },
      }),
    ),
  );
  for (const d of domains) d.unpause();
  while (now < BigInt(ms) * 1_000_000n) if (!xen.run()) now += 100_000n;
  return domains.map((d) => d.statistics.runTimeNs / (ms * 1e6));
}

describe("the credit scheduler", () => {
  it("shares by weight", async () => {
    const [a, b, c] = await shares([{ weight: 256 }, { weight: 512 }, { weight: 256 }]);
    expect(a).toBeCloseTo(0.25, 1);
    expect(b).toBeCloseTo(0.5, 1);
    expect(c).toBeCloseTo(0.25, 1);
  });

  it("keeps to caps, and leaves what is over to others, or to nobody", async () => {
    const [a, b] = await shares([{ cap: 10 }, {}]);
    expect(a).toBeCloseTo(0.1, 1);
    expect(b).toBeCloseTo(0.9, 1);
    expect((await shares([{ cap: 25 }]))[0]).toBeCloseTo(0.25, 2);
  });

  it("gives what the idle leave to those who work", async () => {
    const [a, b] = await shares([{ weight: 1000 }, { weight: 1 }], 3000, (i) => i === 0);
    expect(a).toBe(0);
    expect(b).toBeGreaterThan(0.95);
  });

  it("refuses shares that make no sense", async () => {
    await expect(shares([{ weight: 0 }])).rejects.toMatchObject({ code: "BAD_SHARE" });
    await expect(shares([{ cap: 101 }])).rejects.toMatchObject({ code: "BAD_SHARE" });
  });
});

const idle: Kernel = { start: () => ({ run: () => "idle" }) };

describe("a domain", () => {
  it("pauses, shuts down with a reason, and tells who waits for its end", async () => {
    const xen = createHypervisor();
    let turns = 0;
    const d = await xen.createDomain({
      name: "d",
      pages: 1,
      kernel: {
        start: (domain) => ({
          run: () => {
            if (++turns === 5) domain.shutdown("suspend");
            return "more";
          },
        }),
      },
    });
    d.unpause();
    xen.run();
    await d.pause();
    expect([xen.run(), turns, d.state]).toEqual([false, 1, "paused"]);
    d.unpause();
    while (xen.run());
    await d.exited;
    expect([turns, d.state, d.shutdownReason, d.statistics.slices]).toEqual([5, "halted", "suspend", 5]);
    const other = await xen.createDomain({ name: "e", pages: 1, kernel: idle });
    other.shutdown("crash");
    expect(other.shutdownReason).toBe("crash");
  });

  it("has a timer that fires once, as VIRQ_TIMER for who has bound it", async () => {
    let now = 0n;
    const xen = createHypervisor({ clock: () => now });
    const heard: [bigint, number[]][] = [];
    const d = await xen.createDomain({
      name: "d",
      pages: 1,
      kernel: {
        start: (domain) => {
          const port = domain.eventOp(EVTCHNOP.bindVirq, virq.timer);
          const words = new Int32Array(domain.memory.buffer, 2 * 4096, 1024);
          domain.setTimer(50n);
          return {
            run: (at) => {
              heard.push([at, takePending(words)]);
              if (at === 50n) domain.setTimer(70n);
              return port > 0 ? "idle" : "halted";
            },
          };
        },
      },
    });
    d.unpause();
    for (; now < 100n; now += 10n) xen.run();
    expect(heard).toEqual([
      [0n, []],
      [50n, [1]],
      [70n, [1]],
    ]);
  });

  it("gets no more memory than there is", async () => {
    const xen = createHypervisor({ memoryKiB: 256 });
    const first = await xen.createDomain({ name: "a", pages: 3, kernel: idle });
    await expect(xen.createDomain({ name: "b", pages: 2, kernel: idle })).rejects.toMatchObject({
      code: "NO_MEMORY",
      message: "'b' asks for 128 KiB where 64 of 256 are free",
    });
    await expect(xen.createDomain({ name: "c", pages: 0, kernel: idle })).rejects.toMatchObject({ code: "NO_MEMORY" });
    xen.destroyDomain(first.id);
    await xen.createDomain({ name: "b", pages: 3, kernel: idle });
    await expect(xen.createDomain({ name: "t", pages: 1, pcpu: 1, kernel: idle })).rejects.toMatchObject({
      code: "NO_PCPU",
    });
  });

  it("has a console that can be typed into and keeps its last 64 KiB", async () => {
    const xen = createHypervisor();
    const d = await xen.createDomain({
      name: "d",
      pages: 1,
      kernel: {
        start: (domain) => ({
          run: () => {
            for (let i = 0; i < 100; i++) domain.consoleWrite(new TextEncoder().encode("x".repeat(999).concat("\n")));
            return "idle";
          },
        }),
      },
    });
    d.unpause();
    xen.run();
    expect([d.console.length, d.consoleBytes, d.console.endsWith("xx\n")]).toEqual([65536, 100_000, true]);
    expect([d.type("a".repeat(1000)), d.type("b".repeat(100)), d.type("c")]).toEqual([1000, 24, 0]);
  });
});

describe("hypercalls", () => {
  it("are Xen's", () => {
    expect(hypercalls.map((h) => [h.name, h.number])).toEqual([
      ["set_timer_op", 15],
      ["console_io", 18],
      ["grant_table_op", 20],
      ["sched_op", 29],
      ["event_channel_op", 32],
      ["evtchn_send", 32],
    ]);
  });

  it("copy granted bytes between guests, and say why not", async () => {
    const xen = createHypervisor();
    const owner = await xen.createDomain({ name: "owner", pages: 1, kernel: idle });
    const grants = createGrantTable(owner.table);
    new Uint8Array(owner.memory.buffer, 14 * 4096).set([1, 2, 3, 4]);
    const at = counterAt + 64;
    const copier = await xen.createDomain({
      name: "copier",
      pages: 1,
      kernel: wasmKernel(
        guest((c, hypercall) => {
          c.store32(counterAt + 4, hypercall("grant_table_op", GNTTABOP.copy, at, 2));
          return 0;
        }),
      ),
      prepare(domain) {
        const data = new DataView(domain.memory.buffer, at);
        const ref = grants.grant(14, { to: domain.id, readOnly: true });
        for (const [i, domid] of [owner.id, 99].entries()) {
          data.setUint32(i * 40, ref, true);
          data.setUint16(i * 40 + 8, domid, true);
          // To its own frame 14, offset 8.
          data.setUint32(i * 40 + 16, 14, true);
          data.setUint16(i * 40 + 24, 0x7ff0, true);
          data.setUint16(i * 40 + 26, 8, true);
          data.setUint16(i * 40 + 32, 4, true);
          data.setUint16(i * 40 + 34, 1, true);
        }
      },
    });
    copier.unpause();
    xen.run();
    const status = (i: number): number => new DataView(copier.memory.buffer).getInt16(at + i * 40 + 36, true);
    expect([counter(copier.memory, 1), status(0), status(1)]).toEqual([0, 0, -2]);
    expect([...new Uint8Array(copier.memory.buffer, 14 * 4096 + 8, 5)]).toEqual([1, 2, 3, 4, 0]);
  });

  it("survive any arguments", async () => {
    const xen = createHypervisor();
    const modules = hypercalls.map((h) =>
      guest((c, hypercall) => {
        hypercall(
          h.name,
          ...h.params.map((type, i) => (type === "i64" ? c.load64(counterAt + 64) : c.load32(counterAt + 64 + i * 4))),
        );
        return 1;
      }),
    );
    for (const module of modules) {
      const d = await xen.createDomain({ name: "d", pages: 1, kernel: wasmKernel(module) });
      d.unpause();
      const words = new Int32Array(d.memory.buffer, counterAt + 64, 3);
      const edge = fc.oneof(
        fc.integer(),
        fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 4096, 65535, 65536, 65512, -1),
      );
      fc.assert(
        fc.property(fc.tuple(edge, edge, edge), (values) => {
          if (d.state === "halted") return;
          words.set(values);
          xen.run();
          expect(d.crash).toBe(undefined);
        }),
        { numRuns: 300 },
      );
      xen.destroyDomain(d.id);
    }
  });
});

describe("a saved domain", () => {
  it("is refused when it was cut, changed in its header, or is something else", async () => {
    const xen = createHypervisor();
    const d = await xen.createDomain({ name: "d", pages: 2, kernel: idle });
    new Uint8Array(d.memory.buffer, 70_000).fill(7, 0, 9);
    const bytes = encodeSnapshot(await xen.snapshot(d.id));
    const again = decodeSnapshot(bytes);
    expect(again.frames.map((f) => f.frame)).toEqual([1, 17]);
    expect(() => decodeSnapshot(bytes.subarray(0, -1))).toThrow(/cut off or changed/);
    expect(() => decodeSnapshot(new Uint8Array(100))).toThrow("not a saved domain");
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.nat({ max: 255 }), (at, value) => {
        const broken = bytes.slice();
        broken[at] = value;
        try {
          decodeSnapshot(broken);
        } catch (e) {
          expect(e).toMatchObject({ code: "BAD_SNAPSHOT" });
        }
      }),
    );
  });
});
