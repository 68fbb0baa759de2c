import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CapturePlayer, openAttachment, readPcap, writePcap } from "@clickos/netdev";
import { portCompliance } from "@clickos/netdev/compliance";
import { readCapture, writeCapture } from "@clickos/pcap";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { createSwitch, maximumFrame, patch } from "@clickos/vale";
import { afterAll, describe, expect, it } from "vitest";
import { deliver } from "./ports.ts";

const dir = mkdtempSync(join(tmpdir(), "netdev-"));
afterAll(() => rmSync(dir, { recursive: true }));

const frames = [1, 2, 3].map((n) => new Uint8Array(60 + n).fill(n));

describe("captures that are followed", () => {
  for (const check of portCompliance({
    async open() {
      const [input, output] = [join(dir, `follow-${opened}.pcapng`), join(dir, `follow-out-${opened++}.pcapng`)];
      const far = createCapture(input);
      far.flush();
      const port = await openAttachment(`pcap:${input},follow,out=${output},live`);
      const recorded = openCapture(output, { follow: true });
      return {
        port,
        send(frame) {
          far.write(frame, 5n);
          far.flush();
        },
        async receive(timeoutMs) {
          for (const end = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 1))) {
            const next = recorded.next();
            if (next) return next.data.slice();
            if (Date.now() > end) return undefined;
          }
        },
        close() {
          far.close();
          recorded.close();
        },
      };
    },
  }))
    it(check.name, check.run);
});
let opened = 0;

describe("captures", () => {
  it("go on in the next file when one is full, and begin again with the first", () => {
    const port = writePcap(join(dir, "turn.pcapng"), { rotateBytes: 200, files: 3, name: "eth7", clock: () => 7n });
    deliver(port, ...frames, ...frames, ...frames);
    port.detached?.();
    const sizes = ["turn.pcapng", "turn.1.pcapng", "turn.2.pcapng"].map((file) => {
      const reader = openCapture(join(dir, file));
      const lengths: number[] = [];
      for (let frame = reader.next(); frame; frame = reader.next()) lengths.push(frame.data.length);
      reader.close();
      return lengths;
    });
    // Two frames a file: of nine the fourth file is the first again, and the fifth the second.
    expect(sizes).toEqual([[61, 62], [63], [62, 63]]);
    expect(readFileSync(join(dir, "turn.pcapng"), "latin1")).toContain("eth7");
    expect(() => writePcap(join(dir, "x"), { files: 0 })).toThrow(RangeError);
    expect(() => writePcap(join(dir, "x"), { rotateBytes: 0 })).toThrow(RangeError);
  });

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
