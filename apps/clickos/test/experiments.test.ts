/** The experiments' parts on one small experiment, a real one with few samples, and what the guide says of all. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import { afterAll, describe, expect, it } from "vitest";
import { chosenExperiments } from "../src/commands/bench.ts";
import { boot } from "../src/experiments/boot.ts";
import { drawChart } from "../src/experiments/chart.ts";
import {
  compare,
  type Experiment,
  type Outcome,
  type Report,
  type ResultTable,
  SkippedError,
} from "../src/experiments/experiment.ts";
import { lineRateMpps, udpFrame } from "../src/experiments/frames.ts";
import { experiments } from "../src/experiments/index.ts";
import { quantile, spreadOf } from "../src/experiments/measure.ts";
import { sectionSizes } from "../src/experiments/memory.ts";
import { reportFiles, writeReport } from "../src/experiments/report-page.ts";
import { runExperiments } from "../src/experiments/run.ts";
import { fairness } from "../src/experiments/scale.ts";
import { comparisonText, numberText, outcomeText, reportJson, tableCsv } from "../src/experiments/text.ts";

const table: ResultTable = {
  name: "sizes",
  title: 'Sizes, "large" & <small>',
  columns: [
    { key: "size", title: "size", unit: "bytes" },
    { key: "name", title: "name" },
    { key: "ns", title: "time", unit: "ns" },
  ],
  rows: [
    { size: 64, name: 'a, "b"', ns: 12.3456 },
    { size: 1518, name: "=1+1", ns: null },
  ],
  chart: {
    kind: "line",
    x: "size",
    y: ["ns"],
    yTitle: "ns",
    logX: true,
    logY: true,
    marks: [{ name: "theirs", y: 500 }],
  },
};

const small: Experiment = {
  name: "small",
  title: "a small one",
  paper: { measured: "Nothing.", found: "Nothing <at all>.", figures: [{ text: "30 ms", source: "its abstract" }] },
  setup: "A loop.",
  differs: "It is a loop.",
  reading: "Left to right.",
  async run(context) {
    context.progress("the loop");
    let sum = 0;
    const ns = await context.measure(() => {
      for (let i = 0; i < 10_000; i++) sum += i;
      return 10_000;
    });
    expect(sum).toBeGreaterThan(0);
    return {
      tables: [{ ...table, rows: [...table.rows, { size: 512, name: "loop", ns: ns.median }] }],
      comparisons: [compare("boot", "ms", 0.3, 30, "less")],
      notes: ["One loop."],
    };
  },
};
const skipped: Experiment = {
  ...small,
  name: "skipped",
  run: async () => {
    throw new SkippedError("there is no <such> guest");
  },
};

const tiny = { elements, size: "quick", scale: 0.001 } as const;
const folder = mkdtempSync(join(tmpdir(), "experiments-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the runner", () => {
  it("runs experiments in turn, tells of each, and goes on when one cannot be run", async () => {
    const seen: string[] = [];
    const outcomes: Outcome[] = [];
    const report = await runExperiments([small, skipped], {
      ...tiny,
      onProgress: ({ name }, done, of, what) => seen.push(`${done}/${of} ${name}: ${what}`),
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    expect(seen).toEqual(["0/2 small: setting up", "0/2 small: the loop", "1/2 skipped: setting up"]);
    expect(report.outcomes).toEqual(outcomes);
    expect(report.run).toMatchObject({ size: "quick", node: process.version });
    expect(report.run.referenceNs).toBeGreaterThan(0);
    expect(outcomes[0]?.result?.tables[0]?.rows[2]?.ns).toBeGreaterThan(0);
    expect(outcomes[1]).toMatchObject({ skipped: "there is no <such> guest" });
  });

  it("passes on what goes wrong, and ends with what it has when it is interrupted", async () => {
    const broken = { ...small, run: () => Promise.reject(new Error("frames are lost")) };
    await expect(runExperiments([broken], tiny)).rejects.toThrow("frames are lost");
    const control = new AbortController();
    const interrupted = { ...tiny, signal: control.signal, onOutcome: () => control.abort() };
    const { outcomes } = await runExperiments([small, skipped], interrupted);
    expect(outcomes.map(({ experiment }) => experiment.name)).toEqual(["small"]);
  });

  it("refuses steps that do nothing", async () => {
    const idle: Experiment = {
      ...small,
      run: async ({ measure }) => {
        await measure(() => 0);
        return { tables: [], comparisons: [] };
      },
    };
    await expect(runExperiments([idle], tiny)).rejects.toThrow("nothing came through");
  });
});

describe("what is written", () => {
  it("has CSV that spreadsheets read and do not run", () => {
    expect(tableCsv(table)).toBe('"size, bytes",name,"time, ns"\r\n64,"a, ""b""",12.3456\r\n1518,\'=1+1,\r\n');
  });

  it("has numbers of three digits, and says what a ratio means", () => {
    expect([0, 7, 0.01234, 12.345, 1234.5, Number.NaN].map((n) => numberText(n))).toEqual([
      "0",
      "7",
      "0.0123",
      "12.3",
      "1,235",
      "–",
    ]);
    expect(comparisonText(compare("boot", "ms", 0.3, 30, "less"))).toBe(
      "boot: 0.300 ms; the paper’s 30 ms; 100 times less (ratio 0.0100)",
    );
    expect(comparisonText(compare("rate", "Mpps", 5, 20, "more", "VALE’s"))).toBe(
      "rate: 5 Mpps; VALE’s 20 Mpps; 25% of it (ratio 0.250)",
    );
  });

  it("is one page that loads nothing, with data and pictures beside it", async () => {
    const report = await runExperiments([small, skipped], tiny);
    const page = writeReport(folder, report);
    expect(await page).toBe(join(folder, "index.html"));
    expect(readdirSync(folder).sort()).toEqual([
      "index.html",
      "skipped.json",
      "small-sizes.csv",
      "small-sizes.svg",
      "small.json",
    ]);
    const html = readFileSync(join(folder, "index.html"), "utf8");
    expect(html).not.toMatch(/<script|<link|src=|@import|url\((?!#)/);
    expect(html).toContain("prefers-color-scheme: dark");
    expect(html).toContain("@media print");
    expect(html).toContain("Nothing &#60;at all&#62;.");
    expect(html).toContain("Skipped: there is no &#60;such&#62; guest");
    expect(html.match(/<svg /g)).toHaveLength(1);
    const json = JSON.parse(readFileSync(join(folder, "small.json"), "utf8"));
    expect(json.experiments[0]).toMatchObject({ name: "small", comparisons: [{ ratio: 0.01 }] });
    expect(JSON.parse(reportJson(report)).experiments).toHaveLength(2);
    expect(outcomeText(report.outcomes[0] as Outcome)).toContain("size, bytes");
  });

  it("has charts with their text, marks and a dark style; numbers without a logarithm are left out", () => {
    const svg = drawChart({ ...table, rows: [...table.rows, { size: 128, name: "none", ns: 0 }] });
    expect(svg).toMatch(/^<svg role="img" aria-label="Chart: Sizes, &#34;large&#34; &#38; &#60;small&#62;"/);
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).toContain("theirs");
    expect(svg).not.toContain("NaN");
    expect(() => drawChart({ ...table, chart: undefined } as never)).toThrow(RangeError);
  });

  it("has a chart for each description that experiments have", async () => {
    const bars: ResultTable = {
      ...table,
      chart: { kind: "bar", x: "name", y: ["ns"], by: "size", yTitle: "ns", stacked: true },
    };
    const report: Report = {
      run: { date: "2026-01-02T03:04:05Z", size: "full", cpu: "a", cores: 2, platform: "b", node: "c", referenceNs: 5 },
      outcomes: [{ experiment: small, result: { tables: [bars], comparisons: [] }, seconds: 1 }],
    };
    const files = await reportFiles(report);
    expect(files.get("small-sizes.svg")).toContain("</svg>");
    expect(files.get("index.html")).toContain("2026-01-02 03:04 UTC");
  });
});

describe("what experiments measure with", () => {
  it("is right", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
    expect(lineRateMpps(64)).toBeCloseTo(14.88, 2);
    expect(lineRateMpps(1518)).toBeCloseTo(0.8127, 3);
    expect(fairness([1, 1, 1, 1])).toBe(1);
    expect(fairness([1, 0, 0, 0])).toBe(0.25);
    const frame = udpFrame(60, { source: [192, 0, 2, 1] });
    let sum = 0;
    for (let i = 14; i < 34; i += 2) sum += ((frame[i] as number) << 8) | (frame[i + 1] as number);
    while (sum >>> 16) sum = (sum & 0xffff) + (sum >>> 16);
    expect(sum).toBe(0xffff);
    const module = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 5, 3, 97, 98, 99, 7, 10, 2, 1, 0]);
    expect([...sectionSizes(module)]).toEqual([
      ["header", 8],
      ["abc", 7],
      ["code", 4],
    ]);
  });
});

it("boots VMs, with few samples", async () => {
  const few: Experiment = {
    ...boot,
    run: (context) => boot.run({ ...context, pick: <T>(quick: T): T => small10(quick) }),
  };
  /** Ten VMs at most, and three of each. */
  const small10 = <T>(quick: T): T => (quick === 1000 ? 10 : 3) as T;
  const { outcomes } = await runExperiments([few], tiny);
  const tables = outcomes[0]?.result?.tables ?? [];
  expect(tables[0]?.rows.map((row) => row.number)).toEqual([1, 10]);
  for (const row of tables[0]?.rows ?? []) expect(row.plain).toBeGreaterThan(0);
  expect(tables[1]?.rows.map(({ how, phase }) => `${how}: ${phase}`)).toContain("in a prebuilt shell: shell");
  expect(outcomes[0]?.result?.comparisons.every(({ paper, ours }) => paper === 30 && ours > 0)).toBe(true);
});

describe("clickos bench", () => {
  it("knows its experiments, each once, and what may have been meant", () => {
    expect(chosenExperiments(["rx", "boot", "rx"], experiments).map((e) => e.name)).toEqual(["boot", "rx"]);
    expect(chosenExperiments(["all"], experiments)).toHaveLength(experiments.length);
    expect(() => chosenExperiments(["chian"], experiments)).toThrow(
      "there is no experiment 'chian'; did you mean 'chain'?",
    );
    expect(() => chosenExperiments(["zzzzzz"], experiments)).toThrow("clickos bench --list shows all");
  });

  it("has a section in the guide for each, in the words of its report", () => {
    const guide = readFileSync(new URL("../../../docs/experiments.md", import.meta.url), "utf8").replace(/\s+/g, " ");
    for (const { name, title, paper, setup, differs, reading } of experiments) {
      expect(guide).toContain(`## ${name}: ${title}`);
      for (const text of [paper.measured, paper.found, setup, differs, reading]) expect(guide).toContain(text);
      for (const { text, source } of paper.figures) expect(guide).toContain(`${text} (${source})`);
    }
  });
});
