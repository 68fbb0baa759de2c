import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CaptureError } from "@clickos/pcap";
import { createCapture, openCapture } from "@clickos/pcap/node";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

const dir = mkdtempSync(join(tmpdir(), "pcap-"));
afterAll(() => rmSync(dir, { recursive: true }));

interface Frame {
  data: Uint8Array;
  timestampNs: bigint;
}

function readAll(path: string): { frames: Frame[]; problem: string | undefined } {
  const reader = openCapture(path);
  const frames: Frame[] = [];
  for (let f = reader.next(); f; f = reader.next()) frames.push({ data: f.data.slice(), timestampNs: f.timestampNs });
  reader.close();
  return { frames, problem: reader.problem };
}
function writeAll(path: string, frames: readonly Frame[]): void {
  const writer = createCapture(path);
  for (const f of frames) writer.write(f.data, f.timestampNs);
  writer.close();
}
const someFrames: Frame[] = [1, 2, 3].map((n) => ({
  data: new Uint8Array(60 + n).fill(n),
  timestampNs: 1_396_432_800_000_000_000n + BigInt(n) * 1000n,
}));

describe("captures", () => {
  it.each(["pcap", "pcapng"])("%s: what is written is read again", (kind) => {
    const path = join(dir, `round.${kind}`);
    fc.assert(
      fc.property(
        fc.array(fc.record({ data: fc.uint8Array({ maxLength: 3000 }), us: fc.nat(2 ** 31 - 1) }), { maxLength: 30 }),
        (list) => {
          const frames = list.map(({ data, us }) => ({ data, timestampNs: BigInt(us) * 1000n }));
          writeAll(path, frames);
          expect(readAll(path)).toEqual({ frames, problem: undefined });
        },
      ),
      { numRuns: 30 },
    );
  });

  it("reads both byte orders and nanoseconds", () => {
    const header = (magic: number, little: boolean): Buffer => {
      const b = Buffer.alloc(24 + 16 + 4);
      const u32 = (v: number, at: number): number => (little ? b.writeUInt32LE(v, at) : b.writeUInt32BE(v, at));
      [magic, little ? 0x00040002 : 0x00020004, 0, 0, 65535, 1, 10, 5, 4, 60].forEach((v, i) => u32(v, i * 4));
      b.set([1, 2, 3, 4], 40);
      return b;
    };
    for (const [magic, little, ns] of [
      [0xa1b2c3d4, false, 10_000_005_000n],
      [0xa1b23c4d, true, 10_000_000_005n],
      [0xa1b23c4d, false, 10_000_000_005n],
    ] as const) {
      writeFileSync(join(dir, "order.pcap"), header(magic, little));
      expect(readAll(join(dir, "order.pcap")).frames).toEqual([{ data: Uint8Array.of(1, 2, 3, 4), timestampNs: ns }]);
    }
  });

  it.each(["pcap", "pcapng"])("%s cut anywhere: frames before the cut are given, then it is said", (kind) => {
    const path = join(dir, `whole.${kind}`);
    writeAll(path, someFrames);
    const bytes = readFileSync(path);
    const cut = join(dir, `cut.${kind}`);
    let most = 0;
    for (let end = 0; end < bytes.length; end++) {
      writeFileSync(cut, bytes.subarray(0, end));
      try {
        const { frames, problem } = readAll(cut);
        expect(frames).toEqual(someFrames.slice(0, frames.length));
        if (problem) expect(problem).toMatch(/after frame \d, at byte \d+: the file is truncated/);
        expect(frames.length).toBeGreaterThanOrEqual(most);
        most = frames.length;
      } catch (e) {
        expect(e).toBeInstanceOf(CaptureError);
      }
    }
    expect(most).toBe(2);
  });

  it("whose bytes are random are refused or read within bounds", () => {
    const path = join(dir, "random.pcap");
    const magic = fc.constantFrom([0xd4, 0xc3, 0xb2, 0xa1], [0x0a, 0x0d, 0x0d, 0x0a], []);
    fc.assert(
      fc.property(magic, fc.uint8Array({ maxLength: 400 }), (head, rest) => {
        writeFileSync(path, Uint8Array.of(...head, ...rest));
        try {
          readAll(path);
        } catch (e) {
          expect(e).toBeInstanceOf(CaptureError);
        }
      }),
    );
  });

  it("that cannot be opened or written say why", () => {
    expect(() => openCapture(join(dir, "none.pcap"))).toThrow(/cannot read .*none\.pcap: No such file or directory/);
    expect(() => openCapture(dir)).toThrow(/Is a directory/);
    writeFileSync(join(dir, "text"), "just some text, no capture at all");
    expect(() => openCapture(join(dir, "text"))).toThrow(/neither a pcap nor a pcapng/);
    expect(() => createCapture(join(dir, "no", "such", "folder"))).toThrow(/No such file or directory/);
  });

  it.skipIf(process.platform === "win32")("from a pipe are read as they come, cut anywhere", async () => {
    for (const kind of ["pcap", "pcapng"]) {
      const file = join(dir, `whole.${kind}`);
      writeAll(file, someFrames);
      const all = readFileSync(file);
      for (const cut of [all.length, all.length - 1]) {
        const path = join(dir, `pipe.${kind}.${cut}`);
        execFileSync("mkfifo", [path]);
        const reader = openCapture(path);
        // Nobody writes yet.
        expect([reader.next(), reader.ended]).toEqual([null, false]);
        const writer = createWriteStream(path);
        const found: Uint8Array[] = [];
        const play = (): void => {
          for (let f = reader.next(); f; f = reader.next()) found.push(f.data.slice());
        };
        for (let at = 0; at < cut; at += 7) {
          await new Promise((resolve) => writer.write(all.subarray(at, Math.min(at + 7, cut)), resolve));
          await reader.more();
          play();
        }
        writer.end();
        while (!reader.ended) {
          await reader.more();
          play();
        }
        reader.close();
        const whole = someFrames.map(({ data }) => data);
        expect(found).toEqual(cut === all.length ? whole : whole.slice(0, -1));
        expect(reader.problem === undefined).toBe(cut === all.length);
      }
    }
  });

  it("are whole records at any time, before they are closed", () => {
    for (const kind of ["pcap", "pcapng"]) {
      const path = join(dir, `open.${kind}`);
      const writer = createCapture(path);
      for (let i = 0; i < 500; i++) {
        writer.write(new Uint8Array(i === 250 ? 200_000 : 1 + i).fill(i), BigInt(i));
        if (i % 50 === 0) {
          const reader = openCapture(path);
          while (reader.next());
          expect(reader.problem).toBe(undefined);
          reader.close();
        }
      }
      writer.close();
      expect(readAll(path).frames.length).toBe(500);
    }
  });

  const tshark = (() => {
    try {
      execFileSync("tshark", ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();
  it.skipIf(!tshark)("are read by tshark (skipped where it is not installed)", () => {
    for (const kind of ["pcap", "pcapng"]) {
      const path = join(dir, `shark.${kind}`);
      writeAll(path, someFrames);
      const out = execFileSync("tshark", ["-r", path, "-T", "fields", "-e", "frame.len", "-e", "frame.time_epoch"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(
        out
          .trim()
          .split("\n")
          .map((l) => l.split("\t")[0]),
      ).toEqual(["61", "62", "63"]);
      expect(out).toContain("1396432800.000001");
    }
  });
});

describe("compressed captures", () => {
  const frames = Array.from({ length: 3000 }, (_, i) => ({
    data: Uint8Array.from({ length: 60 + (i % 500) }, (_, k) => (i * k) & 255),
    timestampNs: 1_000_000_000n + BigInt(i) * 1000n,
  }));
  const has = (program: string): boolean => {
    try {
      execFileSync(program, ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };

  const same = (a: readonly Frame[], b: readonly Frame[]): boolean =>
    a.length === b.length &&
    a.every((f, i) => f.timestampNs === b[i]?.timestampNs && Buffer.compare(f.data, b[i].data) === 0);

  it("are written and read by their names", () => {
    for (const [end, program] of [
      [".gz", "gzip"],
      [".bz2", "bzip2"],
    ] as const) {
      if (end === ".bz2" && !has(program)) continue;
      const path = join(dir, `packed.pcap${end}`);
      writeAll(path, frames);
      expect(readFileSync(path)[0]).toBe(end === ".gz" ? 0x1f : 0x42);
      expect(same(readAll(path).frames, frames)).toBe(true);
      if (has(program)) {
        const plain = join(dir, "plain.pcap");
        writeFileSync(plain, execFileSync(program, ["-dc", path], { maxBuffer: 1 << 24 }));
        expect(same(readAll(plain).frames, frames)).toBe(true);
      }
    }
  });

  it("that are cut off give what is before, and say so", () => {
    const path = join(dir, "cut.pcap.gz");
    writeAll(path, frames);
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length >> 1));
    const { frames: found, problem } = readAll(path);
    expect(found.length).toBeGreaterThan(100);
    expect(same(found, frames.slice(0, found.length))).toBe(true);
    expect(problem).toMatch(/unexpected end of file/);
  });
});
