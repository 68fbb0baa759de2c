/** Configurations run in process between captures: by the times of their frames, until nothing more can happen. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import { createCapture, openCapture } from "@clickos/pcap/node";
import { afterAll, describe, expect, it } from "vitest";
import { type RunOptions, type RunReport, runConfiguration } from "../src/run.ts";

const folder = mkdtempSync(join(tmpdir(), "run-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const start = 1_600_000_000_000_000_000n;
const ms = 1_000_000n;

/** A capture of frames whose fifteenth byte is `mark` and on, at times after `start`. */
function capture(name: string, mark: number, times: readonly bigint[]): string {
  const path = join(folder, `${name}.pcapng`);
  const file = createCapture(path);
  times.forEach((at, i) => {
    const frame = new Uint8Array(60);
    frame[14] = mark + i;
    file.write(frame, start + at);
  });
  file.close();
  return path;
}

function recorded(path: string): [mark: number, at: bigint][] {
  const reader = openCapture(path);
  const frames: [number, bigint][] = [];
  for (let frame = reader.next(); frame; frame = reader.next())
    frames.push([frame.data[14] as number, frame.timestampNs - start]);
  reader.close();
  return frames;
}

let runs = 0;
async function run(
  text: string,
  inputs: Record<string, string>,
  options: Partial<RunOptions> = {},
): Promise<{ report: RunReport; out: [mark: number, at: bigint][]; said: string }> {
  const out = join(folder, `out${runs++}.pcapng`);
  let said = "";
  const report = await runConfiguration(text, {
    elements,
    file: "x.click",
    inputs: new Map(Object.entries(inputs)),
    outputs: new Map(text.includes("ToDevice(9)") ? [["9", out]] : []),
    read: [],
    chatter: (line) => {
      said += line;
    },
    ...options,
  });
  return { report, out: text.includes("ToDevice(9)") ? recorded(out) : [], said };
}

const tenth = Array.from({ length: 5 }, (_, i) => BigInt(i) * 100n * ms);

describe("captures that are played", () => {
  it("keep their times from one device to another", async () => {
    const times = [0n, 1n, 2_000_000_001n, 3600n * 1000n * ms];
    const { out, report } = await run("FromDevice(0) -> ToDevice(9)", { 0: capture("times", 1, times) });
    expect(out).toEqual(times.map((at, i) => [i + 1, at]));
    expect(report.devices).toMatchObject([{ in: 4 }, { out: 4 }]);
  });

  it("are one stream in order of time, whatever files they are in", async () => {
    const inputs = {
      0: capture("even", 0, tenth),
      eth1: capture(
        "odd",
        100,
        tenth.map((at) => at + 50n * ms),
      ),
    };
    const { out } = await run("FromDevice(0) -> ToDevice(9); FromDevice(eth1) -> ToDevice(9)", inputs);
    expect(out.map(([mark]) => mark)).toEqual([0, 100, 1, 101, 2, 102, 3, 103, 4, 104]);
  });

  it("move time on past tasks that only schedule themselves, and for shapers", async () => {
    const text = "FromDevice(0) -> Queue -> Shaper(4) -> Unqueue -> SetTimestamp -> ToDevice(9)";
    const { out } = await run(text, { 0: capture("shaped", 1, [0n, 0n, 0n, 0n]) });
    expect(out.map(([mark]) => mark)).toEqual([1, 2, 3, 4]);
    const gaps = out.slice(1).map(([, at], i) => Number(at - (out[i] as [number, bigint])[1]) / 1e6);
    for (const gap of gaps.slice(1)) expect(gap).toBeCloseTo(250, 0);
  });

  it("are delayed as long as a DelayUnqueue says, the last as the first", async () => {
    const { out } = await run("FromDevice(0) -> Queue -> DelayUnqueue(5) -> SetTimestamp -> ToDevice(9)", {
      0: capture("delayed", 1, tenth),
    });
    expect(out).toEqual(tenth.map((at, i) => [i + 1, at + 5000n * ms]));
  });

  it("do not wait for their times where the run is to be fast", async () => {
    const hour = tenth.map((at) => at * 36_000n);
    const { report } = await run(
      "FromDevice(0) -> c :: Counter -> Discard; s :: Script(wait 1s, write c.reset)",
      {
        0: capture("fast", 1, hour),
      },
      { pace: { kind: "fast" }, read: ["c.count"] },
    );
    expect(report.handlers["c.count"]).toBe("0");
    const waited = await run(
      "FromDevice(0) -> c :: Counter -> Discard; s :: Script(wait 1s, write c.reset)",
      {
        0: capture("slow", 1, hour),
      },
      { read: ["c.count"] },
    );
    expect(waited.report.handlers["c.count"]).toBe("4");
  });
});

describe("the end of a run", () => {
  it("does not wait for a source that never ends, or for what looks through a table now and then", async () => {
    const text = `FromDevice(0) -> ToDevice(9); TimedSource(0.3) -> c :: Counter -> Discard;
      Idle -> IPRewriter(keep 0 0) -> Discard`;
    const { out, report } = await run(text, { 0: capture("endless", 1, tenth) }, { read: ["c.count"] });
    expect(out).toHaveLength(5);
    expect(report.handlers["c.count"]).toBe("1");
  });

  it("does not wait for a script that loops, and waits for one that counts", async () => {
    const text = `FromDevice(0) -> c :: Counter -> Discard; Script(wait 1s, write c.reset, loop);
      s :: Script(export i 0, label a, wait 10s, set i $(add $i 1), goto a $(lt $i 3))`;
    const { report } = await run(text, { 0: capture("looping", 1, tenth) }, { read: ["c.count", "s.i"] });
    expect(report.handlers).toMatchObject({ "c.count": "0", "s.i": "3" });
    const looping = "FromDevice(0) -> c :: Counter -> Discard; Script(wait 1s, write c.reset, loop)";
    expect((await run(looping, { 0: capture("loop", 1, tenth) }, { read: ["c.count"] })).report.handlers).toEqual({
      "c.count": "5",
    });
  });

  it("waits for a source with a limit, and for a script", async () => {
    const text = `FromDevice(0) -> Discard; RatedSource(RATE 10, LIMIT 50) -> c :: Counter -> Discard;
      Script(wait 20s, print "$(c.count) packets")`;
    const { report } = await run(text, { 0: capture("limited", 1, tenth) }, { read: ["c.count"] });
    expect(report.handlers["c.count"]).toBe("50");
  });

  it("says what is still queued", async () => {
    const text = "FromDevice(0) -> q :: Queue -> PullSwitch(-1) -> Unqueue -> ToDevice(9)";
    const { report, out } = await run(text, { 0: capture("stuck", 1, tenth) });
    expect(out).toEqual([]);
    expect(report.queued).toEqual([{ element: "q", packets: 5 }]);
  });

  it("comes when the time is up for what never rests", async () => {
    const text = "FromDevice(0) -> Discard; InfiniteSource -> c :: Counter -> Discard";
    const { report } = await run(text, { 0: capture("restless", 1, tenth) }, { lasts: 50n * ms, read: ["c.count"] });
    expect(Number(report.handlers["c.count"])).toBeGreaterThan(1000);
    expect(report.devices[0]?.in).toBe(1);
  });
});

describe("what is wrong with a run is told before it begins", () => {
  const out = join(folder, "nothing.pcapng");
  const precious = capture("kept", 1, tenth);
  const options = { outputs: new Map([["9", out]]) };
  it.each([
    ["a handler that is not there", { ...options, read: ["c.nosuch"] }, /nosuch/],
    ["a handler that can only be written", { ...options, read: ["c.reset"] }, /reset/],
    ["a device that is not used", { outputs: new Map([["eth7", out]]) }, /uses no device eth7; it uses 0, 9/],
    ["an output that is an input", { outputs: new Map([["9", precious]]) }, /also the input of device 0/],
  ])("%s", async (_, more, message) => {
    await expect(run("FromDevice(0) -> c :: Counter -> ToDevice(9)", { 0: precious }, { ...more })).rejects.toThrow(
      message,
    );
    expect(recorded(precious)).toHaveLength(5);
  });
});
