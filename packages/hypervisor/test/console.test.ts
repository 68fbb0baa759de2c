/** The console: whoever is ended while it prints, whatever the ring says, a reader returns, with what was printed. */
import { consoleRing, createHypervisor, type Hypervisor, wasmKernel } from "@clickos/hypervisor";
import { createHypervisor as onThreads } from "@clickos/hypervisor/node";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { explore } from "../../xen-evtchn/test/explore.ts";
import { DomainConsole } from "../src/console.ts";
import { ConsoleWriter, consoleBuffer, consoleLimit } from "../src/console-writer.ts";
import { domainFrames } from "../src/layout.ts";
import { counterAt, guest } from "./guests.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const alphabet = "abcdefghijklmnopqrstuvwxyz";
const at = domainFrames.console * 4096;

/** A console that keeps 8 bytes, and a guest that puts text in its ring. */
function small() {
  const memory = new SharedArrayBuffer(65536);
  const buffer = consoleBuffer(8);
  const reader = new DomainConsole(memory, buffer);
  const ring = new Int32Array(memory, at, 1024);
  const output = new Uint8Array(memory, at + consoleRing.offsets.output, 2048);
  return {
    memory,
    buffer,
    reader,
    ring,
    shared: [buffer, ring],
    /** As a guest does: the bytes, then the index. */
    put(text: string, prod: number) {
      output.set(encode(text), prod);
      Atomics.store(ring, consoleRing.offsets.outProd >> 2, prod + text.length);
    },
  };
}
/** A piece of the alphabet: bytes in order, none of them twice. */
const isPiece = (text: string): boolean => alphabet.includes(text);

describe("in every interleaving, a console", () => {
  it("shows pieces of what was printed: as much as was there before, and nothing overwritten", () => {
    const c = small();
    const print = (): void => {
      const writer = new ConsoleWriter(c.memory, c.buffer);
      writer.write(encode("abc"));
      writer.write(encode("defg"));
      writer.write(encode("hijk"));
    };
    const { states } = explore(c.shared, [print, () => c.reader.read()], ([, text]) => {
      expect(isPiece(text as string)).toBe(true);
      expect(c.reader.read()).toBe("defghijk");
      expect(c.reader.written).toBe(11);
    });
    expect(states).toBeGreaterThan(200);
  });

  it("takes each byte of the guest's ring once, in its place", () => {
    const c = small();
    const print = (): void => {
      const writer = new ConsoleWriter(c.memory, c.buffer);
      c.put("ab", 0);
      writer.drain();
      writer.write(encode("cd"));
      c.put("ef", 2);
    };
    explore(c.shared, [print, () => c.reader.read()], ([, text]) => {
      expect(alphabet.startsWith(text as string)).toBe(true);
      expect(c.reader.read()).toBe("abcdef");
    });
    for (const words of c.shared) words.fill(0);
    explore(c.shared, [print, () => [c.reader.written, c.reader.written]], ([, seen]) => {
      const [before, after] = seen as [number, number];
      expect(before <= after && after <= 6).toBe(true);
      expect(c.reader.written).toBe(6);
    });
  });

  it("stands wherever its writer is ended: another goes on, nothing comes twice, the guest's ring moves on", () => {
    const c = small();
    const print = (): void => {
      const writer = new ConsoleWriter(c.memory, c.buffer);
      c.put("ab", 0);
      writer.drain();
      c.put("cd", 2);
      writer.write(encode("e"));
    };
    let states = 0;
    explore(
      c.shared,
      [print],
      () => expect(c.reader.read()).toBe("abcde"),
      () => {
        states++;
        const before = c.reader.read();
        expect(alphabet.startsWith(before)).toBe(true);
        expect(c.reader.written).toBe(before.length);
        const next = new ConsoleWriter(c.memory, c.buffer);
        next.write(encode("!"));
        expect(c.reader.read()).toBe(`${before}!`);
        const { outCons, outProd } = consoleRing.offsets;
        expect(c.ring[outCons >> 2]).toBe(c.ring[outProd >> 2]);
      },
    );
    expect(states).toBeGreaterThan(20);
  });

  it("never shows what one that was ended has overwritten", () => {
    const c = small();
    new ConsoleWriter(c.memory, c.buffer).write(encode("abcdefgh"));
    explore(
      c.shared,
      [() => new ConsoleWriter(c.memory, c.buffer).write(encode("XYZ"))],
      () => expect(c.reader.read()).toBe("defghXYZ"),
      () => {
        const all = c.reader.written === 8 ? "abcdefgh" : "abcdefghXYZ";
        expect(all.endsWith(c.reader.read())).toBe(true);
        new ConsoleWriter(c.memory, c.buffer).write(encode("i"));
        expect(`${all}i`.endsWith(c.reader.read())).toBe(true);
        expect(c.reader.read().length).toBeGreaterThan(0);
      },
    );
  });
});

describe("a console", () => {
  it("puts what domain 0 prints after what the guest has printed so far, and keeps the last of all", () => {
    const memory = new SharedArrayBuffer(65536);
    const reader = new DomainConsole(memory);
    const writer = new ConsoleWriter(memory, reader.words);
    reader.write(encode("[host]"));
    writer.write(encode("one"));
    reader.write(encode("[a]"));
    reader.write(encode("[b]"));
    writer.write(encode("two"));
    expect([reader.read(), reader.written]).toEqual(["[host]one[a][b]two", 18]);
    for (let i = 0; i < 40; i++) {
      reader.write(encode("h".repeat(4095).concat(".")));
      writer.write(encode("g".repeat(4095).concat("\n")));
    }
    expect([reader.read().length, reader.read().slice(-4097), reader.written]).toEqual([
      consoleLimit,
      `.${"g".repeat(4095)}\n`,
      18 + 80 * 4096,
    ]);
    reader.write(new Uint8Array(100_000).fill(65));
    expect(reader.read()).toBe("A".repeat(consoleLimit));
    reader.detach();
    writer.write(encode("gone"));
    expect([reader.read().length, reader.written]).toEqual([consoleLimit, 18 + 80 * 4096 + 100_000]);
  });

  it("bounds whatever indices the guest has written", () => {
    const memory = new SharedArrayBuffer(65536);
    const reader = new DomainConsole(memory);
    const writer = new ConsoleWriter(memory, reader.words);
    const ring = new Int32Array(memory, at, 1024);
    const { outCons, outProd, inCons, inProd } = consoleRing.offsets;
    let most = 0;
    for (const prod of [0, 1, 2047, 2049, 0x7fffffff, 0x80000000, 0xffffffff]) {
      for (const cons of [0, 0x7fffffff, 0xffffffff]) {
        ring[outProd >> 2] = prod;
        ring[outCons >> 2] = cons;
        ring[inCons >> 2] = prod;
        ring[inProd >> 2] = cons;
        most += 2048;
        expect(reader.read().length).toBeLessThanOrEqual(most);
        expect(reader.type(new Uint8Array(2000))).toBeLessThanOrEqual(1024);
        writer.drain();
        expect(reader.written).toBeLessThanOrEqual(most);
      }
    }
  });

  it("does not print again in a clone what its ring held", async () => {
    const xen = createHypervisor();
    const d = await xen.createDomain({ name: "d", pages: 1, kernel: wasmKernel([]) });
    const ring = consoleRing.view(d.memory.buffer, at);
    ring.output = encode("hello\n");
    ring.outProd = 6;
    const clone = await xen.clone(d.id, { name: "clone" });
    expect([d.console, clone.console]).toEqual(["hello\n", ""]);
  });
});

const worker = new URL("../dist/pcpu-worker.js", import.meta.url);

describe("domain 0", () => {
  beforeAll(() => needsBuild(worker));
  it("reads consoles of guests whose threads are ended while they print", async () => {
    const xen: Hypervisor = onThreads({ pcpus: 1, worker, watchdogMs: 25 });
    // Prints without end, by hypercall and in the ring by turns; its slice is ended by the watchdog.
    const printing = guest((c, hypercall) => {
      c.loop(() => {
        hypercall("console_io", counterAt, 64);
        c.atomicStore(at, c.load32(at, consoleRing.offsets.outProd).add(100), consoleRing.offsets.outProd);
      });
      return 0;
    });
    try {
      for (let i = 0; i < 30; i++) {
        const d = await xen.createDomain({ name: `d${i}`, pages: 1, kernel: wasmKernel(printing) });
        d.unpause();
        let reads = 0;
        for (let bytes = 0; d.state === "running"; reads++) {
          expect(d.console.length).toBeLessThanOrEqual(consoleLimit);
          bytes = Math.max(bytes, d.consoleBytes);
          xen.run();
          if (reads % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        }
        expect([d.crash?.cause, reads > 0]).toEqual(["watchdog", true]);
        expect(d.console.length).toBeGreaterThan(0);
        xen.destroyDomain(d.id);
        expect(d.console.length).toBeGreaterThan(0);
      }
      expect(xen.threadsReplaced).toBe(30);
    } finally {
      await xen.close();
    }
  }, 60_000);
});
