/** VMs between captures, in simulated time: frames come at theirs, and timers are waited for. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import { linkImage } from "@clickos/click-image";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, describe, expect, it } from "vitest";
import { type BootOptions, bootImage } from "../src/boot.ts";
import type { BootReport } from "../src/boot-report.ts";

const folder = mkdtempSync(join(tmpdir(), "boot-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const start = 1_600_000_000_000_000_000n;
const ms = 1_000_000n;
const tenth = Array.from({ length: 5 }, (_, i) => BigInt(i) * 100n * ms);

/** Boots a configuration with a capture of frames at times after `start` on NIC 0; what left NIC 1, and when. */
async function boot(
  text: string,
  times: readonly bigint[],
  { kind = "pcapng", ...options }: Partial<BootOptions> & { readonly kind?: "pcap" | "pcapng" } = {},
): Promise<{ report: BootReport; out: [mark: number, at: bigint][] }> {
  const [input, output] = ["in.pcapng", `out.${kind}`].map((name) => join(folder, name)) as [string, string];
  const file = createCapture(input);
  times.forEach((at, i) => {
    const frame = new Uint8Array(60);
    frame[14] = i + 1;
    file.write(frame, start + at);
  });
  file.close();
  const image = await linkImage({ file: "x.click", text }, { elements, name: "x" });
  const report = await bootImage(image.bytes, {
    elements,
    nics: new Map([
      [0, { input }],
      [1, { output }],
    ]),
    // On this thread, as signed images are; the commands' tests have threads.
    trusted: true,
    ...options,
  });
  const out: [number, bigint][] = [];
  const reader = openCapture(output);
  for (let frame = reader.next(); frame; frame = reader.next())
    out.push([frame.data[14] as number, frame.timestampNs - start]);
  reader.close();
  return { report, out };
}

describe("a VM between captures", () => {
  it("passes frames on at their times", async () => {
    const { out } = await boot("FromDevice(0) -> ToDevice(1)", tenth);
    expect(out).toEqual(tenth.map((at, i) => [i + 1, at]));
  });

  it("has handlers read at its end, and those that are not there refused before its first frame", async () => {
    const text = "FromDevice(0) -> c :: Counter -> ToDevice(1)";
    const read = (path: string) => boot(text, tenth, { read: [path] });
    expect((await read("c.count")).report.handlers).toEqual({ "c.count": "5" });
    await expect(read("c.nothing")).rejects.toMatchObject({ name: "HandlerError" });
    await expect(read("c.reset")).rejects.toMatchObject({ name: "HandlerError" });
    expect(readFileSync(join(folder, "out.pcapng")).length).toBeLessThan(200);
  });

  it("records nanoseconds, in a pcap too", async () => {
    const times = [0n, 1n, 1_234_567_891n];
    const { out } = await boot("FromDevice(0) -> ToDevice(1)", times, { kind: "pcap" });
    expect(out).toEqual(times.map((at, i) => [i + 1, at]));
  });

  it("has its timers waited for: the last frame is delayed as the first, on a thread too", async () => {
    const text = "FromDevice(0) -> Queue -> DelayUnqueue(5) -> ToDevice(1)";
    const { out } = await boot(text, tenth);
    expect(out).toEqual(tenth.map((at, i) => [i + 1, at + 5000n * ms]));
  });

  it("has its shapers emptied", async () => {
    const { out } = await boot("FromDevice(0) -> Queue -> Shaper(4) -> Unqueue -> ToDevice(1)", [0n, 0n, 0n, 0n]);
    expect(out.map(([mark]) => mark)).toEqual([1, 2, 3, 4]);
    for (const [i, [, at]] of out.entries()) expect(Math.abs(Number(at / ms) - i * 250)).toBeLessThan(5);
  });

  it("is not waited for where it never rests, or where nothing takes what it holds", async () => {
    const endless = "FromDevice(0) -> Discard; TimedSource(0.3) -> Discard; Idle -> ToDevice(1)";
    expect((await boot(endless, tenth)).report.nics[0]?.rx).toBe(5);
    const stuck = "FromDevice(0) -> Queue -> PullSwitch(-1) -> Unqueue -> ToDevice(1)";
    expect((await boot(stuck, tenth)).out).toEqual([]);
  });

  it("ends when the time is up, and frames may come without waiting for theirs", async () => {
    const hours = tenth.map((at) => at * 36_000n);
    const { report } = await boot("FromDevice(0) -> ToDevice(1)", hours, { lasts: 3_600_000n * ms });
    expect(report.nics.map((nic) => [nic.rx, nic.tx])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    const { out } = await boot("FromDevice(0) -> ToDevice(1)", hours, { fast: true });
    expect(out.map(([mark, at]) => [mark, at])).toEqual(tenth.map((_, i) => [i + 1, 0n]));
  });
});
