/** Frames on streams, as QEMU has them: over UNIX sockets and TCP, both ends in both roles, and peers that behave badly. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStream, type StreamPlace, type StreamPort } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { createSwitch, type Port, patch } from "@clickos/vale";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { DropCounts } from "../src/drop-counts.ts";
import { Inbox } from "../src/inbox.ts";
import { StreamFrames } from "../src/stream-frames.ts";
import { deliver, frame, joined, take, until } from "./ports.ts";

const dir = mkdtempSync(join(tmpdir(), "stream-"));
afterAll(() => rmSync(dir, { recursive: true }));
const open: Port[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.detached?.();
  for (const socket of sockets.splice(0)) socket.destroy();
});
let count = 0;
const path = (): StreamPlace => ({ path: join(dir, `s${count++}`) });

async function port(...[place, options]: Parameters<typeof openStream>): Promise<StreamPort> {
  const made = await openStream(place, options);
  open.push(made);
  return made;
}
/** Two ports that are connected. */
async function connected(place: StreamPlace, mtu?: number) {
  const listening = await port(place, { name: "l", listen: true, mtu });
  const connecting = await port(listening.place, { name: "c", mtu });
  await until(() => !listening.problem && !connecting.problem);
  return { listening, connecting };
}
/** A peer that is no port. */
async function peerOf({ place }: StreamPort): Promise<Socket> {
  const socket = connect("path" in place ? place : { host: place.host, port: place.port });
  sockets.push(socket);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}
function framed(...frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

describe.each(["UNIX", "TCP"])("a stream over %s", (kind) => {
  const place = (): StreamPlace => (kind === "TCP" ? { host: "127.0.0.1", port: 0 } : path());

  describe("whose end listens", () => {
    for (const check of portCompliance({
      async open() {
        const { listening, connecting } = await connected(place(), 9000);
        return { ...joined(listening, connecting), close: () => connecting.detached?.() };
      },
    }))
      it(check.name, check.run);
  });

  describe("whose end connects", () => {
    for (const check of portCompliance({
      async open() {
        const { listening, connecting } = await connected(place());
        return { ...joined(connecting, listening), close: () => listening.detached?.() };
      },
    }))
      it(check.name, check.run);
  });
});

describe("a stream", () => {
  it("connects when the peer comes, and again when it comes back", async () => {
    const place = path();
    const connecting = await port(place, { name: "c" });
    await until(() => connecting.problem?.includes("ENOENT"));
    expect(deliver(connecting, frame(1))).toBe(1);
    expect(connecting.drops).toEqual({ "nobody is connected": 1 });
    for (let round = 0; round < 2; round++) {
      const listening = await openStream(place, { listen: true });
      await until(() => !connecting.problem && !listening.problem);
      deliver(connecting, frame(2));
      let got: Uint8Array[] = [];
      await until(() => {
        got = got.concat(take(listening));
        return got.length > 0;
      });
      expect(got).toEqual([frame(2)]);
      listening.detached?.();
      await until(() => connecting.problem);
    }
  });

  it("has one peer at a time, and the next when that has gone", async () => {
    const listening = await port(path(), { listen: true });
    const first = await peerOf(listening);
    await until(() => !listening.problem);
    const second = await peerOf(listening);
    await until(() => second.destroyed || second.closed || second.readableEnded);
    first.write(framed(frame(1)));
    await until(() => take(listening).length > 0);
    first.destroy();
    await until(() => listening.problem);
    const third = await peerOf(listening);
    third.write(framed(frame(2)));
    await until(() => take(listening).length > 0);
  });

  it("drops the connection of a peer that sends no frames, and what was whole stays", async () => {
    const listening = await port(path(), { listen: true });
    const socket = await peerOf(listening);
    socket.write(Buffer.concat([framed(frame(1)), Buffer.from("GET / HTTP/1.1\r\n")]));
    await until(() => listening.problem?.startsWith("nobody") && listening.drops?.["malformed framing"]);
    expect([take(listening), listening.drops]).toEqual([[frame(1)], { "malformed framing": 1 }]);
    const next = await peerOf(listening);
    next.write(framed(frame(2)));
    let got: Uint8Array[] = [];
    await until(() => {
      got = got.concat(take(listening));
      return got.length > 0;
    });
    expect(got).toEqual([frame(2)]);
  });

  it("leaves out what is longer than it carries, and half a frame of a peer that went", async () => {
    const listening = await port(path(), { listen: true });
    const socket = await peerOf(listening);
    socket.write(framed(frame(1, 2033), frame(2), frame(3, 60_000), frame(4)));
    let got: Uint8Array[] = [];
    await until(() => {
      got = got.concat(take(listening));
      return got.length === 2;
    });
    expect([got, listening.drops]).toEqual([[frame(2), frame(4)], { "longer than the port carries": 2 }]);
    socket.end(framed(frame(5)).subarray(0, 30));
    await until(() => listening.problem);
    (await peerOf(listening)).write(framed(frame(6)));
    await until(() => listening.poll());
    expect(take(listening)).toEqual([frame(6)]);
  });

  it("does not read a peer that sends faster than the switch takes, and loses nothing", async () => {
    const listening = await port(path(), { listen: true });
    const socket = await peerOf(listening);
    const total = 20_000;
    const frames = Array.from({ length: total }, (_, i) => frame(i, 200));
    let written = false;
    socket.write(framed(...frames), () => {
      written = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Four megabytes: they wait at the peer.
    expect(written).toBe(false);
    const got: Uint8Array[] = [];
    await until(() => {
      got.push(...take(listening));
      return got.length >= total;
    });
    expect(got.every((bytes, i) => Buffer.compare(bytes, frames[i] as Uint8Array) === 0)).toBe(true);
    expect(listening.drops).toEqual({});
  });

  it("has no room when its peer reads nothing, and harms no other port", async () => {
    const listening = await port(path(), { name: "stalled", listen: true });
    const socket = await peerOf(listening);
    socket.pause();
    await until(() => !listening.problem);
    const sw = createSwitch({ lookup: patch() });
    const inside = sw.attach("inside");
    sw.attach(listening);
    let sent = 0;
    while (sw.stats.ports.stalled?.noRoom === 0 && sent < 100_000) {
      sent += inside.send(Array.from({ length: 200 }, (_, i) => frame(i, 1500)));
      while (sw.forward() > 0);
    }
    const { outPackets, noRoom } = sw.stats.ports.stalled as { outPackets: number; noRoom: number };
    expect(outPackets + noRoom).toBe(sent);
    expect(outPackets * 1504).toBeLessThan(3_000_000);
    // It goes on when the peer does.
    let read = 0;
    socket.on("data", (bytes) => {
      read += bytes.length;
    });
    socket.resume();
    await until(() => read >= outPackets * 1504);
    inside.send([frame(1)]);
    sw.forward();
    await until(() => read >= outPackets * 1504 + 64);
  });

  it("says what keeps it from listening", async () => {
    const place = path();
    await port(place, { listen: true });
    await expect(openStream(place, { listen: true })).rejects.toMatchObject({ code: "IN_USE" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const tcp = { host: "127.0.0.1", port: (server.address() as { port: number }).port };
    await expect(openStream(tcp, { listen: true })).rejects.toMatchObject({ code: "IN_USE" });
    server.close();
    await expect(openStream({ host: "192.0.2.1", port: 0 }, { listen: true })).rejects.toMatchObject({
      code: "NO_DEVICE",
    });
    await expect(openStream(place, { mtu: 1 })).rejects.toThrow(RangeError);
  });
});

describe("frames on a stream", () => {
  it("are the same however the bytes come, and however fast the switch takes them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 13, 60, 1514, 2032, 2033, 5000), { maxLength: 40 }),
        fc.array(fc.nat(4000), { minLength: 1, maxLength: 60 }),
        (lengths, cuts) => {
          const frames = lengths.map((length, i) => frame(i, length));
          const bytes = framed(...frames);
          const drops = new DropCounts();
          const inbox = new Inbox(2032);
          const parser = new StreamFrames(inbox, 2032, drops);
          const got: Uint8Array[] = [];
          const drain = (): void => {
            const { batch } = inbox;
            for (let i = 0; i < batch.count; i++) {
              const at = batch.offsets[i] as number;
              got.push(batch.memory.bytes.slice(at, at + (batch.lengths[i] as number)));
            }
            inbox.release();
          };
          for (let at = 0, k = 0; at < bytes.length; k++) {
            const end = Math.min(bytes.length, at + (cuts[k % cuts.length] as number) + 1);
            expect(parser.accept(bytes.subarray(at, end))).toBe(true);
            at = end;
            if (k % 3 === 0) drain();
            while (parser.waits) {
              drain();
              expect(parser.resume()).toBe(true);
            }
          }
          drain();
          expect(got).toEqual(frames.filter((f) => f.length <= 2032));
          expect(drops.counts["longer than the port carries"] ?? 0).toBe(frames.filter((f) => f.length > 2032).length);
        },
      ),
    );
  });

  it("survive any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 30 }), (chunks) => {
        const inbox = new Inbox(2032);
        const parser = new StreamFrames(inbox, 2032, new DropCounts());
        for (const chunk of chunks) if (!parser.accept(chunk)) parser.reset();
      }),
    );
  });
});
