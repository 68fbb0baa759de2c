/**
 * What every attachment must do as a port of a switch: one suite, run by each of them, and by those that users write.
 *
 * ```ts
 * for (const check of portCompliance({ open: () => openMyPort() })) it(check.name, check.run);
 * ```
 *
 * @packageDocumentation
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type LoopSource, runLoop } from "@clickos/run-loop";
import { batchSize, createSwitch, FrameBatch, type MemoryPort, type Port, patch } from "@clickos/vale";

/** A port that has just been made, and who is at its far end. */
export interface PortUnderTest {
  readonly port: Port;
  /** The far end sends a frame. */
  send(frame: Uint8Array): void | Promise<void>;
  /** The next frame that arrived at the far end; it waits for it. `undefined` after `timeoutMs` without one. */
  receive(timeoutMs: number): Promise<Uint8Array | undefined>;
  /** Closes the far end. The port has been detached. */
  close?(): void | Promise<void>;
}

export interface ComplianceOptions {
  open(): PortUnderTest | Promise<PortUnderTest>;
  /** Bytes of the shortest frame that arrives as it was sent; 14 by default. */
  readonly shortest?: number;
  /** Bytes of the longest one, where the way to the far end carries less than the port does. */
  readonly longest?: number;
  /** Whether a flood may lose frames under way, as datagrams do; the port still counts what it drops itself. */
  readonly mayLose?: boolean;
}

export interface ComplianceCheck {
  readonly name: string;
  run(): Promise<void>;
}

/** How long a frame is waited for. */
const patienceMs = 5000;
/** Long enough for a loop that polls to show itself. */
const quietMs = 40;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A frame with a broadcast address, an EtherType of experiments, and content that depends on its number. */
function frameOf(number: number, length: number): Uint8Array {
  const frame = Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7) & 255);
  frame.fill(0xff, 0, 6);
  frame.set([2, 0, 0, 0, number >> 8, number & 255], 6);
  frame.set([0x88, 0xb5], 12);
  return frame;
}

/** A switch with the port and another in memory, in a run loop whose turns are counted. */
class Bench {
  turns = 0;
  readonly tested: PortUnderTest;
  readonly inside: MemoryPort;
  private readonly sw = createSwitch({ lookup: patch() });
  private readonly abort = new AbortController();
  private readonly loop: Promise<string>;
  private failure: unknown;

  constructor(tested: PortUnderTest) {
    this.tested = tested;
    this.sw.attach(tested.port);
    this.inside = this.sw.attach("inside", { mtu: 9000 });
    const { sw } = this;
    const source: LoopSource = {
      turn: () => {
        this.turns++;
        return sw.turn();
      },
      get wakesIn() {
        return sw.wakesIn;
      },
      onWake: (listener) => sw.onWake(listener),
    };
    this.loop = runLoop([source], { signal: this.abort.signal });
    this.loop.catch((e: unknown) => {
      this.failure = e;
    });
  }
  /** Frames that entered through the port. */
  async entered(count: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (const end = Date.now() + patienceMs; frames.length < count && Date.now() < end && !this.failure; ) {
      frames.push(...this.inside.receive());
      if (frames.length < count) await pause(1);
    }
    return frames;
  }
  stats(): { readonly outPackets: number; readonly noRoom: number; readonly tooLong: number } {
    return this.sw.stats.ports[this.tested.port.name] as never;
  }
  insideNoRoom(): number {
    return this.sw.stats.ports.inside?.noRoom ?? 0;
  }
  async close(): Promise<void> {
    this.abort.abort();
    await this.loop;
    this.sw.detach(this.tested.port);
    await this.tested.close?.();
  }
}

function hexStart(frame: Uint8Array | undefined): string {
  return frame ? `${frame.length}: ${Buffer.from(frame.subarray(0, 24)).toString("hex")}` : "none";
}
function same(got: Uint8Array | undefined, expected: Uint8Array): void {
  // Long frames are told by their starts.
  if (!got || Buffer.compare(got, expected) !== 0) equal(hexStart(got), hexStart(expected));
}

/** The suite. Each check opens a port of its own, and closes it. */
export function portCompliance(options: ComplianceOptions): readonly ComplianceCheck[] {
  const shortest = options.shortest ?? 14;
  const check = (name: string, test: (bench: Bench) => Promise<void>): ComplianceCheck => ({
    name,
    async run() {
      const bench = new Bench(await options.open());
      try {
        await test(bench);
      } finally {
        await bench.close();
      }
    },
  });
  /** Lengths up to the longest that the port carries. */
  const lengths = ({ tested }: Bench): number[] => {
    const longest = options.longest ?? tested.port.frameLimit ?? 1514;
    return [...new Set([shortest, 60, 61, 63, 64, 333, 1514, longest])].filter((n) => n >= shortest && n <= longest);
  };
  return [
    check("frames from the far end enter the switch whole and in order", async (bench) => {
      for (const [i, length] of lengths(bench).entries()) {
        const frame = frameOf(i, length);
        await bench.tested.send(frame);
        same((await bench.entered(1))[0], frame);
      }
    }),
    check("frames from the switch arrive at the far end whole and in order", async (bench) => {
      const frames = lengths(bench).map((length, i) => frameOf(i, length));
      equal(bench.inside.send(frames), frames.length);
      for (const frame of frames) same(await bench.tested.receive(patienceMs), frame);
    }),
    check("an idle run loop sleeps, and is woken by a frame", async (bench) => {
      await pause(quietMs);
      const { turns } = bench;
      await pause(quietMs);
      equal(bench.turns, turns, "it polls while nothing comes");
      await bench.tested.send(frameOf(1, 60));
      equal((await bench.entered(1)).length, 1);
      const woken = bench.turns;
      await pause(quietMs);
      ok(bench.turns - woken <= 4, `${bench.turns - woken} turns after the frame`);
    }),
    check("a listener that has ended is not called", async (bench) => {
      let calls = 0;
      const end = bench.tested.port.onReady?.(() => {
        calls++;
      });
      end?.();
      end?.();
      await bench.tested.send(frameOf(2, 60));
      equal((await bench.entered(1)).length, 1);
      equal(calls, 0);
    }),
    check("delivered frames are copied before it returns, with the addresses that were looked up", async (bench) => {
      const { port } = bench.tested;
      const frame = frameOf(3, 100);
      const batch = new FrameBatch(new SharedArrayBuffer(4096));
      batch.memory.bytes.set(frame, 64);
      batch.offsets[0] = 64;
      batch.lengths[0] = frame.length;
      batch.count = 1;
      const words = new Int32Array(frame.buffer, 0, 3);
      batch.keep(0, words[0] as number, words[1] as number, words[2] as number);
      // What a guest does that changes its source address after it was checked.
      batch.memory.bytes.set([0x66, 0x66], 70);
      equal(port.deliver(batch, Int32Array.of(0), 1), 1);
      batch.memory.bytes.fill(0xee);
      port.flush();
      // Whoever delivers runs the port's switch, which looks when the port has more to do.
      const next = frameOf(4, 60);
      equal(bench.inside.send([next]), 1);
      for (const expected of [frame, next]) same(await bench.tested.receive(patienceMs), expected);
    }),
    check("frames that are longer than it carries harm nobody", async (bench) => {
      const limit = bench.tested.port.frameLimit;
      if (limit === undefined || limit >= 9018) return;
      const long = frameOf(4, limit + 1);
      const short = frameOf(5, 60);
      equal(bench.inside.send([long, short]), 2);
      same(await bench.tested.receive(patienceMs), short);
      equal(bench.stats().tooLong, 1);
      try {
        await bench.tested.send(long);
      } catch {
        // The far end may know.
      }
      await bench.tested.send(short);
      same((await bench.entered(1))[0], short);
    }),
    check("every frame of a flood arrives or is counted", async (bench) => {
      const { port } = bench.tested;
      const rounds = 40;
      let sent = 0;
      for (let round = 0; round < rounds; round++) {
        const frames = Array.from({ length: 100 }, (_, i) => frameOf(round * 100 + i, 60));
        sent += bench.inside.send(frames);
        // Without a turn for the host's events in between, now and then.
        if (round % 4 === 0) await pause(1);
      }
      let arrived = 0;
      while (await bench.tested.receive(arrived + bench.stats().noRoom + dropped(port) < sent ? 1000 : 50)) arrived++;
      const { outPackets, noRoom } = bench.stats();
      equal(outPackets + noRoom, sent);
      const told = arrived + noRoom + dropped(port);
      if (options.mayLose) ok(arrived > 0 && told <= sent, `${arrived} arrived of ${sent}, ${told} are accounted for`);
      else deepEqual({ arrived: told }, { arrived: sent });
    }),
    check("every frame of a flood from the far end enters or is counted", async (bench) => {
      const count = 600;
      let entered = 0;
      const accounted = (): number => {
        entered += bench.inside.receive().length;
        return entered + bench.insideNoRoom() + dropped(bench.tested.port);
      };
      for (let i = 0; i < count; i++) {
        await bench.tested.send(frameOf(i, 60));
        accounted();
      }
      // Of a far end that loses frames itself as many as come.
      for (const end = Date.now() + (options.mayLose ? 200 : patienceMs); accounted() < count && Date.now() < end; )
        await pause(1);
      ok(entered > 0);
      if (options.mayLose) ok(accounted() <= count);
      else equal(accounted(), count);
    }),
    {
      name: "polls keep to their limits, and nothing comes after it was detached",
      async run() {
        const tested = await options.open();
        const { port } = tested;
        const sw = createSwitch({ lookup: patch() });
        sw.attach(port);
        for (let i = 0; i < 3; i++) await tested.send(frameOf(i, 60));
        let batch = port.poll();
        for (const end = Date.now() + patienceMs; !batch?.count && Date.now() < end; batch = port.poll()) {
          if (batch) port.release();
          await pause(1);
        }
        ok(batch && batch.count > 0 && batch.count <= batchSize);
        const before = [batch.count, batch.memory.bytes.slice(batch.offsets[0], (batch.offsets[0] as number) + 60)];
        await tested.send(frameOf(9, 60));
        await pause(5);
        deepEqual(
          [batch.count, batch.memory.bytes.slice(batch.offsets[0], (batch.offsets[0] as number) + 60)],
          before,
          "a batch changed before its release",
        );
        port.release();
        sw.detach(port);
        port.detached?.();
        equal(port.poll(), null);
        await tested.close?.();
      },
    },
  ];
}

function dropped(port: Port): number {
  return Object.values(port.drops ?? {}).reduce((sum, n) => sum + n, 0);
}
