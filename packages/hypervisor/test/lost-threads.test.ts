/** Threads that are lost: whose fault it was, who goes on, and that there is always another thread. */
import {
  createHypervisor,
  type Domain,
  EVTCHNOP,
  errno,
  type FromPcpu,
  type Hypervisor,
  type PcpuThreads,
  type ToPcpu,
  wasmKernel,
} from "@clickos/hypervisor";
import { nodeThreads, createHypervisor as onThreads } from "@clickos/hypervisor/node";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { counter, counterAt, guest, guestBytes, spinning } from "./guests.ts";

const worker = new URL("../dist/pcpu-worker.js", import.meta.url);
let xen: Hypervisor | undefined;
afterEach(() => xen?.close());
const until = async (what: () => boolean): Promise<void> => {
  while (!what()) {
    xen?.run();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
const busy = wasmKernel(guest(() => 1));
const goesOn = async (domain: Domain): Promise<void> => {
  const before = counter(domain.memory);
  await until(() => counter(domain.memory) > before + 10);
  expect(domain.state).toBe("running");
};

/** Loops when it is instantiated after it has run, in its `start` function: `checkKernel` does not let that pass, we vouch for it. */
function loopsAgain(vcpu: typeof spinning | ((c: never) => number)): WebAssembly.Module {
  const flag = counterAt + 32;
  const bytes = guestBytes(
    (c, hypercall, now) => {
      c.store32(flag, 1);
      return (vcpu as typeof spinning)(c, hypercall, now);
    },
    (c) => c.if(c.load32(flag), () => c.loop(() => c.store32(flag, 1))),
  );
  // The start section (8), with `boot`, goes after the exports (7).
  const exports = sectionEnd(bytes, 7);
  const boot = 0;
  return new WebAssembly.Module(
    Uint8Array.from([...bytes.subarray(0, exports), 8, 1, boot, ...bytes.subarray(exports)]),
  );
}
function sectionEnd(bytes: Uint8Array, wanted: number): number {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
    if (id === wanted) return at;
  }
  throw new Error("there is no such section");
}
/** A program in JavaScript as a portable kernel: `body` is that of `start(domain, memory)`. */
const program = (body: string, before = "") => ({
  portable: {
    url: `data:text/javascript,${encodeURIComponent(`${before}
      export default () => ({ start(domain) { const memory = new Int32Array(domain.memory.buffer); ${body} } });`)}`,
  },
  start: () => {
    throw new Error("not here");
  },
});

describe("a pCPU", () => {
  beforeAll(() => needsBuild(worker));
  it("outlives guests that collude: they loop when others are put back; neighbours live, and more can come", async () => {
    xen = onThreads({ pcpus: 1, worker, watchdogMs: 100 });
    const make = (name: string, kernel = busy) => xen!.createDomain({ name, pages: 1, kernel });
    const first = await make("first");
    const colluders = [
      await make("c1", wasmKernel(loopsAgain(spinning))),
      await make("c2", wasmKernel(loopsAgain(() => 0))),
      await make("c3", wasmKernel(loopsAgain(() => 0))),
      await make(
        "c4",
        program(`
          if (domain.resumed) for (;;) memory[0]++;
          return { run: () => "idle" };`),
      ),
      await make("c5", wasmKernel(loopsAgain(() => 1))),
    ];
    const last = await make("last");
    for (const d of [first, last, ...colluders.slice(1)]) d.unpause();
    await goesOn(first);
    await goesOn(last);
    await until(() => colluders.slice(1).every((d) => d.statistics.slices > 0));
    colluders[0]!.unpause();
    await until(() => colluders.every((d) => d.state === "crashed"));
    expect(colluders.map((d) => d.crash?.cause)).toEqual(Array(5).fill("watchdog"));
    await goesOn(first);
    await goesOn(last);
    expect(xen.threadsReplaced).toBe(5);
    const more = await make("more");
    more.unpause();
    await goesOn(more);
  }, 60_000);

  it("is lost at the cost of who is being started, also while its program is loaded", async () => {
    xen = onThreads({ pcpus: 1, worker, watchdogMs: 100 });
    const neighbour = await xen.createDomain({ name: "n", pages: 1, kernel: busy });
    neighbour.unpause();
    for (const [kernel, cause] of [
      [program("", "for (;;);"), "watchdog"],
      [program("", "await new Promise(() => {});"), "killed"],
      [program("", "process.exit(3);"), "killed"],
      [program("process.exit(4);"), "killed"],
      [program("return { run: () => process.exit(5) };"), "killed"],
    ] as const) {
      const d = await xen.createDomain({ name: "d", pages: 1, kernel });
      d.unpause();
      await until(() => d.state === "crashed");
      expect(d.crash).toMatchObject({ name: "d", cause });
      await goesOn(neighbour);
      xen.destroyDomain(d.id);
    }
    const { threadsReplaced } = xen;
    // What is thrown need not be an error, nor be one that can be read.
    for (const thrown of ["Object.create(null)", "{ toString() { throw 1; } }", "Symbol()", '"x".repeat(1e6)']) {
      const d = await xen.createDomain({ name: "d", pages: 1, kernel: program(`throw (${thrown});`) });
      expect(d.crash?.message.length).toBeLessThan(10_000);
    }
    expect(xen.threadsReplaced).toBe(threadsReplaced);
    await goesOn(neighbour);
  }, 60_000);

  it("loads a module on the next thread when its own is lost before its turn, and keeps what was loaded at its end", async () => {
    xen = onThreads({ pcpus: 1, worker, watchdogMs: 100 });
    const d = await xen.createDomain({ name: "d", pages: 1, kernel: wasmKernel([]) });
    d.unpause();
    for (let round = 0; round < 3; round++) {
      const culprit = await xen.createDomain({ name: "c", pages: 1, kernel: wasmKernel(guest(spinning)) });
      culprit.unpause();
      await until(() => culprit.statistics.slices > 0 || counter(culprit.memory) > 0);
      // The thread takes this message up no more.
      const module = d.load(guest(() => 1));
      await until(() => culprit.state === "crashed");
      expect(await module).toBe(round);
    }
    expect([d.state, xen.threadsReplaced]).toEqual(["running", 3]);
    await goesOn(d);
  }, 60_000);

  it("ends a guest that asks domain 0 for something without end, as it would one that only loops", async () => {
    xen = onThreads({ pcpus: 1, worker, watchdogMs: 100 });
    const neighbour = await xen.createDomain({ name: "n", pages: 1, kernel: busy });
    const d = await xen.createDomain({
      name: "d",
      pages: 1,
      kernel: wasmKernel(
        guest((c, hypercall) => {
          c.store32(counterAt + 64, 0x7ff0);
          c.loop(() => {
            const status = hypercall("event_channel_op", EVTCHNOP.status, counterAt + 64);
            c.store32(counterAt + 4, c.load32(counterAt + 4).add(status.eq(0)));
            c.if(status.eq(errno.EAGAIN), () => c.store32(counterAt + 8, 1));
          });
          return 0;
        }),
      ),
    });
    neighbour.unpause();
    d.unpause();
    await until(() => d.state === "crashed");
    expect([d.crash?.cause, counter(d.memory, 1), counter(d.memory, 2)]).toEqual(["watchdog", 1024, 1]);
    await goesOn(neighbour);
  }, 60_000);

  it("does not listen for ever to a guest that says without end that it shuts down", async () => {
    xen = onThreads({ pcpus: 1, worker, watchdogMs: 100 });
    const neighbour = await xen.createDomain({ name: "n", pages: 1, kernel: busy });
    const d = await xen.createDomain({
      name: "d",
      pages: 1,
      kernel: wasmKernel(
        guest((c, hypercall) => {
          c.loop(() => {
            hypercall("sched_op", 2, 0);
            c.store32(counterAt + 4, c.load32(counterAt + 4).add(1));
          });
          return 0;
        }),
      ),
    });
    neighbour.unpause();
    d.unpause();
    await until(() => d.state !== "running");
    expect([d.state, d.shutdownReason]).toEqual(["halted", "poweroff"]);
    await until(() => xen!.threadsReplaced === 1);
    expect(counter(d.memory, 1)).toBeGreaterThan(1000);
    await goesOn(neighbour);
  });
});

describe("messages of threads", () => {
  it("are heard a limited number a turn, whoever asks for them, in their order", async () => {
    const code = `import { workerData } from "node:worker_threads";
      for (let id = 0; id < 1000; id++) workerData.port.postMessage({ op: "halted", id });
      workerData.port.postMessage({ op: "ready" });
      setInterval(() => {}, 1000);`;
    const heard: number[] = [];
    let turn = 0;
    let most = 0;
    let ready = false;
    const threads = nodeThreads(
      { pcpus: 1, worker: new URL(`data:text/javascript,${encodeURIComponent(code)}`) },
      process.hrtime.bigint(),
    );
    const thread = threads.spawn(1, new SharedArrayBuffer(64), {
      message(m) {
        most = Math.max(most, ++turn);
        if (m.op === "halted") heard.push(m.id);
        else ready = true;
      },
      exit() {},
    });
    // Half of them by asking, the others as the event loop brings them.
    while (heard.length < 500) {
      turn = 0;
      thread.poll();
      turn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (!ready) {
      turn = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heard).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(most).toBeLessThanOrEqual(64);
    await thread.terminate();
  });
});

/** Threads that do what a test says: each hears its messages, and is ended by it. */
function fakeThreads(behave: (message: ToPcpu, say: (m: FromPcpu) => void, die: (why: string) => void) => void): {
  threads: PcpuThreads;
  spawned(): number;
} {
  let spawned = 0;
  return {
    spawned: () => spawned,
    threads: {
      count: 1,
      spawn(_index, _machine, on) {
        spawned++;
        let alive = true;
        const soon = (body: () => void): void => void setTimeout(() => alive && body(), 0);
        soon(() => on.message({ op: "ready" }));
        return {
          post: (message) =>
            soon(() =>
              behave(message, on.message, (why) => {
                alive = false;
                on.exit(why);
              }),
            ),
          poll() {},
          async terminate() {
            alive = false;
          },
        };
      },
    },
  };
}

describe("a thread that ends without saying who ran", () => {
  it("is replaced, its domains are put back one at a time, and the one that it ends with is found", async () => {
    let poison = -1;
    const { threads, spawned } = fakeThreads((m, say, die) => {
      if (m.op === "add" && m.id === poison) die("it could not read its messages");
      else if (m.op === "add") say({ op: "started", id: m.id });
      else if (m.op === "remove") say({ op: "done", request: m.request, value: 0 });
      else if (m.op === "share") die("it was ended by somebody");
    });
    xen = createHypervisor({ threads });
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, i) => xen!.createDomain({ name: `d${i}`, pages: 1, kernel: busy })),
    );
    for (const d of all) d.unpause();
    // Ended from outside, many times: nobody is to blame.
    for (let i = 0; i < 5; i++) {
      const before = spawned();
      all[0]!.setShare({ weight: 100 + i });
      await until(() => spawned() > before);
      // It is put where the others are, after them.
      const next = await xen.createDomain({ name: "next", pages: 1, kernel: busy });
      xen.destroyDomain(next.id);
    }
    const later = await xen.createDomain({ name: "later", pages: 1, kernel: busy });
    expect([...all, later].map((d) => d.state)).toEqual([...all.map(() => "running"), "paused"]);
    // One whose message ends the thread, again and again, with nobody else under suspicion.
    poison = all[3]!.id;
    all[0]!.setShare({ weight: 100 });
    await until(() => all[3]!.state === "crashed");
    expect(all[3]!.crash).toMatchObject({ cause: "killed", message: "it could not read its messages" });
    const more = await xen.createDomain({ name: "more", pages: 1, kernel: busy });
    expect([...all, later, more].filter((d) => d.state === "crashed")).toEqual([all[3]]);
  }, 20_000);

  it("is tried again as long as anybody waits for it, whoever fails to start it", async () => {
    let broken = false;
    const { threads, spawned } = fakeThreads((m, say, die) => {
      if (m.op === "add") say({ op: "started", id: m.id });
      else if (m.op === "share") die("gone");
    });
    let tries = 0;
    xen = createHypervisor({
      threads: {
        count: 1,
        spawn(...args) {
          tries++;
          if (broken) throw new Error("no more threads");
          return threads.spawn(...args);
        },
      },
    });
    const d = await xen.createDomain({ name: "d", pages: 1, kernel: busy });
    d.unpause();
    broken = true;
    d.setShare({ weight: 1 });
    await until(() => tries > 6);
    await expect(xen.createDomain({ name: "e", pages: 1, kernel: busy })).rejects.toMatchObject({ code: "NO_PCPU" });
    broken = false;
    await until(() => spawned() === 2);
    // As soon as it has said that it is there.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const e = await xen.createDomain({ name: "e", pages: 1, kernel: busy });
    expect([d.state, e.state]).toEqual(["running", "paused"]);
  }, 20_000);

  it("leaves a domain that is on its way to another pCPU alone", async () => {
    const { threads } = fakeThreads((m, say, die) => {
      if (m.op === "add") say({ op: "started", id: m.id });
      else if (m.op === "remove") die("gone");
    });
    const added: number[] = [];
    xen = createHypervisor({
      threads: {
        count: 2,
        spawn(index, machine, on) {
          const thread = threads.spawn(index, machine, on);
          return {
            ...thread,
            post(m) {
              if (m.op === "add") added.push(index);
              thread.post(m);
            },
          };
        },
      },
    });
    const d = await xen.createDomain({ name: "d", pages: 1, pcpu: 1, kernel: busy });
    d.unpause();
    await xen.move(d.id, 2);
    expect([added, d.statistics.pcpu, d.state]).toEqual([[1, 2], 2, "running"]);
    // Whoever unpauses it meanwhile, it arrives; and it makes one move at a time.
    const moved = xen.move(d.id, 0);
    const again = expect(xen.move(d.id, 1)).rejects.toMatchObject({ code: "BUSY" });
    d.unpause();
    await Promise.all([moved, again]);
    await goesOn(d);
    expect(d.statistics.pcpu).toBe(0);
  });
});
