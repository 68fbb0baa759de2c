/** Ports on real file descriptors wake an idle run loop: it does not look at them in between. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPcap } from "@clickos/netdev";
import { createCapture } from "@clickos/pcap/node";
import { type LoopSource, runLoop, Wakers } from "@clickos/run-loop";
import { createSwitch, FrameBatch, type MemoryPort, type Port, patch, type ValeSwitch } from "@clickos/vale";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "run-loop-"));
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const frames = Array.from({ length: 5 }, (_, n) => new Uint8Array(60 + n).fill(n + 1));

/** A switch in a run loop, with a count of its turns. */
function running(bridge: ValeSwitch): { turns: number } {
  const counted = { turns: 0 };
  const abort = new AbortController();
  const source: LoopSource = {
    turn() {
      counted.turns++;
      return bridge.turn();
    },
    get wakesIn() {
      return bridge.wakesIn;
    },
    onWake: (listener) => bridge.onWake(listener),
  };
  const loop = runLoop([source], { signal: abort.signal });
  open.push(async () => {
    abort.abort();
    expect(await loop).toBe("aborted");
  });
  return counted;
}
/** Long enough for a loop that polls to show itself. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
async function received(port: MemoryPort, count: number): Promise<Uint8Array[]> {
  const got: Uint8Array[] = [];
  while (got.length < count) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    got.push(...port.receive());
  }
  return got;
}

/** A port whose frames are the datagrams of a UDP socket on this machine. */
async function udpPort(): Promise<Port & { readonly address: number }> {
  const socket = createSocket("udp4");
  open.push(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const batch = new FrameBatch(new ArrayBuffer(256 * 2112));
  const ready = new Wakers();
  socket.on("message", (bytes) => {
    if (batch.count === 256) return;
    batch.offsets[batch.count] = batch.count * 2112;
    batch.lengths[batch.count] = bytes.length;
    batch.memory.bytes.set(bytes, batch.count * 2112);
    batch.count++;
    ready.wake();
  });
  return {
    name: "udp",
    address: socket.address().port,
    poll: () => (batch.count > 0 ? batch : null),
    release() {
      batch.count = 0;
    },
    deliver: (_batch, _list, count) => count,
    flush() {},
    onReady: (listener) => ready.add(listener),
  };
}

describe("an idle run loop", () => {
  it("is woken by a socket, once for what comes at once, and by nothing else", async () => {
    const bridge = createSwitch({ lookup: patch() });
    const port = await udpPort();
    bridge.attach(port);
    const out = bridge.attach("out");
    const counted = running(bridge);
    const sender = createSocket("udp4");
    open.push(() => sender.close());
    await aWhile();
    for (const frame of frames) {
      const { turns } = counted;
      await aWhile();
      expect(counted.turns).toBe(turns);
      sender.send(frame, port.address, "127.0.0.1");
      expect(await received(out, 1)).toEqual([frame]);
      await aWhile();
      // One turn that moved it, one that found nothing.
      expect(counted.turns).toBe(turns + 2);
    }
  });

  it.skipIf(process.platform === "win32")(
    "is woken by a pipe that a capture comes from (skipped on Windows)",
    async () => {
      const file = join(dir, "all.pcap");
      const capture = createCapture(file);
      for (const frame of frames) capture.write(frame, 0n);
      capture.close();
      const bytes = readFileSync(file);
      const pipe = join(dir, "pipe");
      execFileSync("mkfifo", [pipe]);
      const bridge = createSwitch({ lookup: patch() });
      bridge.attach(readPcap(pipe, "in"));
      const out = bridge.attach("out");
      const counted = running(bridge);
      await aWhile();
      const writer = createWriteStream(pipe);
      let at = 0;
      for (const [n, frame] of frames.entries()) {
        const { turns } = counted;
        await aWhile();
        expect(counted.turns).toBe(turns);
        const end = at + (n === 0 ? 24 : 0) + 16 + frame.length;
        writer.write(bytes.subarray(at, end));
        at = end;
        expect(await received(out, 1)).toEqual([frame]);
        await aWhile();
        expect(counted.turns - turns).toBeLessThanOrEqual(4);
      }
      writer.end();
    },
  );

  it("goes on looking at a port that cannot tell, and sleeps when that has left", async () => {
    const bridge = createSwitch({ lookup: patch() });
    const { onReady: _, ...deaf } = await udpPort();
    const port = bridge.attach(deaf);
    const counted = running(bridge);
    const sender = createSocket("udp4");
    open.push(() => sender.close());
    const out = bridge.attach("out");
    sender.send(frames[0] as Uint8Array, deaf.address, "127.0.0.1");
    expect(await received(out, 1)).toEqual([frames[0]]);
    const { turns } = counted;
    await aWhile();
    expect(counted.turns).toBeGreaterThan(turns + 2);
    bridge.detach(port);
    await aWhile();
    const { turns: after } = counted;
    await aWhile();
    expect(counted.turns).toBe(after);
  });
});
