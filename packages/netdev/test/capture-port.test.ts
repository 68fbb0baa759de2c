import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CapturePlayer, readPcap, writePcap } from "@clickos/netdev";
import { readCapture, writeCapture } from "@clickos/pcap";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { createSwitch, maximumFrame, patch } from "@clickos/vale";
import { afterAll, describe, expect, it } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "netdev-"));
afterAll(() => rmSync(dir, { recursive: true }));

const frames = [1, 2, 3].map((n) => new Uint8Array(60 + n).fill(n));

describe("captures", () => {
  it("are ports of a switch", () => {
    const [from, to] = [join(dir, "from.pcap"), join(dir, "to.pcapng")];
    const writer = createCapture(from);
    for (const frame of frames) writer.write(frame, 5n);
    writer.close();
    const sw = createSwitch({ lookup: patch() });
    const input = sw.attach(readPcap(from));
    const output = sw.attach(writePcap(to, { clock: () => 7n }));
    while (sw.forward() > 0);
    sw.detach(input);
    sw.detach(output);
    const reader = openCapture(to);
    for (const frame of frames) expect(reader.next()).toMatchObject({ data: frame, timestampNs: 7n });
    expect([reader.next(), reader.problem]).toEqual([null, undefined]);
    reader.close();
  });

  it("are played in batches; what no port carries is counted and left out", () => {
    const capture = writeCapture();
    for (const length of [60, maximumFrame + 1, 70, 80]) capture.write(new Uint8Array(length), BigInt(length) * 1000n);
    const player = new CapturePlayer(readCapture(capture.bytes()));
    expect([player.fill(2), [...player.batch.lengths.slice(0, 2)]]).toEqual([2, [60, 70]]);
    expect([player.fill(), player.done, player.packets, player.bytes, player.tooLong]).toEqual([1, true, 3, 210, 1]);
    expect(player.timestampNs).toBe(80_000n);
  });

  it("have frames of up to 9,018 bytes, where ports carry them", () => {
    const [from, to] = [join(dir, "jumbo.pcap"), join(dir, "jumbo-out.pcapng")];
    const sizes = [60, 9018, 9019, 1514, 9000];
    const long = Array.from({ length: 300 }, (_, i) => {
      const frame = new Uint8Array(sizes[i % sizes.length]!);
      return frame.fill(i & 255);
    });
    const writer = createCapture(from);
    for (const frame of long) writer.write(frame, 5n);
    writer.close();
    const sw = createSwitch({ lookup: patch() });
    const input = sw.attach(readPcap(from, "in", { mtu: 9000 }));
    const output = sw.attach(writePcap(to, { clock: () => 7n }));
    while (sw.forward() > 0);
    for (const port of [input, output]) sw.detach(port);
    const reader = openCapture(to);
    for (const frame of long.filter((f) => f.length <= 9018))
      expect(Buffer.compare(reader.next()!.data, frame)).toBe(0);
    expect([reader.next(), reader.problem, input.player.tooLong]).toEqual([null, undefined, 60]);
    reader.close();
    expect(() => readPcap(from, "in", { mtu: 9001 })).toThrow(RangeError);
  });
});
