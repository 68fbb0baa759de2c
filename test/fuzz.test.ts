/** The fuzzing suite, as long as there is time for in every run; `npm run fuzz` makes it longer. */
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";
// @ts-expect-error the suite is JavaScript, so that it also runs outside of here
import { targets } from "./fuzz/inputs.mjs";
// @ts-expect-error the suite is JavaScript
import { minimise } from "./fuzz/minimise.mjs";
// @ts-expect-error the suite is JavaScript
import { fuzz } from "./fuzz/suite.mjs";

interface Finding {
  readonly target: string;
  readonly where: string;
  readonly failure: { readonly text: string; readonly kind: string; readonly stack?: string };
  readonly input: Uint8Array | undefined;
}
interface Report {
  readonly target: string;
  readonly inputs: number;
  readonly results: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const built = new URL("../packages/click-elements/dist/node.js", import.meta.url);
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1");

beforeAll(() => needsBuild(built));

describe("what comes from outside", () => {
  it("gives a result or is refused in words, for what once failed and 4 seconds of other inputs", async () => {
    const seed = Number(process.env.FUZZ_SEED ?? "1");
    // An input that takes ten seconds does not end; how long others take is for the long run.
    const others = Object.keys(targets).filter((name) => name !== "frames" && name !== "middleboxes");
    const report: Report[] = await fuzz({ seed, targets: others, seconds: 4, least: 100, hangSeconds: 10 });
    const findings = report.flatMap((r) => r.findings);
    expect(
      findings.map(
        (f) => `${f.target}, ${f.where}: ${f.failure.text}\n${f.failure.stack}\n${text(f.input).slice(0, 500)}`,
      ),
      `seed ${seed}`,
    ).toEqual([]);
    expect(report.map((r) => r.target)).toEqual(others);
    for (const { target, inputs, results } of report) {
      expect([target, inputs >= 100]).toEqual([target, true]);
      // Not all were refused at the first look, nor all taken.
      if (target !== "control") expect([target, Object.keys(results).length > 1]).toEqual([target, true]);
    }
  }, 300_000);
});

describe("frames from outside", () => {
  it("trap nowhere, end everywhere and leave every buffer free: 100,000 of them through every element", async () => {
    const seed = Number(process.env.FUZZ_SEED ?? "1");
    const [report]: Report[] = await fuzz({ seed, inputs: 150, targets: ["frames"], hangSeconds: 10 });
    expect((report as Report).findings.map((f) => `${f.where}: ${f.failure.text}\n${f.failure.stack}`)).toEqual([]);
    expect(report?.results).toMatchObject({ sound: expect.any(Number) });
  }, 300_000);
});

describe("frames from outside, through middleboxes", () => {
  it("trap nowhere, end everywhere and leave every buffer free", async () => {
    const seed = Number(process.env.FUZZ_SEED ?? "1");
    const [report]: Report[] = await fuzz({ seed, inputs: 20, targets: ["middleboxes"], hangSeconds: 10 });
    expect((report as Report).findings.map((f) => `${f.where}: ${f.failure.text}\n${f.failure.stack}`)).toEqual([]);
    expect(report?.results).toMatchObject({ sound: expect.any(Number) });
  }, 300_000);
});

describe("the fuzzing suite", () => {
  it("finds mistakes of every kind, and goes on", async () => {
    const [report]: Report[] = await fuzz({
      seed: 1,
      inputs: 100,
      targets: ["planted"],
      hangSeconds: 2,
      residentLimit: 1 << 27,
    });
    const found = (report as Report).findings.map((f) => [text(f.input), f.failure.text]);
    expect(found.map(([input]) => input)).toEqual(["typo", "slow", "later", "memory", "stack"]);
    const texts = found.map(([, failure]) => failure);
    expect(texts[0]).toContain("TypeError: Cannot read properties of undefined");
    expect(texts[1]).toContain("does not end");
    expect(texts[2]).toBe("unhandled rejection: TypeError: nobody waits for it");
    expect(texts[3]).toMatch(/^takes \d+ MiB|ends the thread/);
    expect(texts[4]).toContain("RangeError: Maximum call stack");
    expect(report?.inputs).toBe(100);
    expect(report?.results).toEqual({ done: 100 });
  }, 120_000);

  it("makes failing inputs short", async () => {
    const input = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
    const fails = (bytes: Uint8Array): boolean => bytes.includes(7) && bytes.includes(200);
    expect([...(await minimise(input, fails, 3000))]).toEqual([7, 200]);
  });
});
