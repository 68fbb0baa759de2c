/** The line of ProgressBar: the same numbers as Click's element shows on a terminal of that width. */
import { describe, expect, it } from "vitest";
import { type Progress, progressLine } from "../src/control/progress-line.ts";

const usual: Progress = {
  banner: "",
  position: 50,
  size: 200,
  sizeIsFixed: false,
  elapsed: 10,
  state: "runs",
  columns: 60,
};
const line = (more: Partial<Progress>): string => progressLine({ ...usual, ...more });

describe("progressLine", () => {
  it("shows share, bar, position and the time that is left", () => {
    expect(line({})).toBe(`\r 25% |${"*".repeat(7).padEnd(29)}|    50      00:30 ETA`);
  });
  it("has a banner, and more room where the size is fixed", () => {
    expect(line({ banner: "x", sizeIsFixed: true })).toBe(`\rx  25% |${"*".repeat(8).padEnd(35)}|    00:30 ETA`);
  });
  it("ends with the time that it took", () => {
    expect(line({ position: 200, state: "over" })).toBe(`\r100% |${"*".repeat(29)}|   200      00:10    \n`);
    expect(line({ position: 200, state: "over", elapsed: 3725 })).toContain(" 1:02:05    \n");
  });
  it("says that it stands still", () => expect(line({ state: "stalled" })).toMatch(/ - stalled -$/));
  it("has a mark that goes there and back without a size", () => {
    const marks = [0, 5e6, 1e7, 1.5e7, 2e7].map((position) => line({ position, size: undefined }).indexOf("***"));
    expect(marks).toEqual([2, 17, 33, 17, 2]);
    expect(line({ position: 0, size: undefined })).toMatch(/--:-- ETA$/);
  });
  it("does not know where it is", () => {
    expect(line({ position: undefined })).toBe(`\r  -% |${"-".repeat(29)}| -----      --:-- ETA`);
  });
  it("shortens large positions", () => {
    expect(line({ position: 99_999 })).toContain(" 99999  ");
    expect(line({ position: 100_000 })).toContain("    97KB ");
    expect(line({ position: 2e9 })).toContain("  1907MB ");
    expect(line({ position: 1e300 })).toContain("PB ");
  });
  it("fits narrow terminals", () => {
    for (let columns = 0; columns < 40; columns++)
      for (const size of [undefined, 0, 200]) expect(() => line({ columns, size })).not.toThrow();
    expect(line({ columns: 10 })).toBe("\r 25%     50      00:30 ETA");
  });
  it("keeps its share between 0 and 100", () => {
    expect(line({ position: -5 })).toContain("  0% ");
    expect(line({ position: 900 })).toContain("100% ");
    expect(line({ size: 0 })).toContain("100% ");
  });
});
