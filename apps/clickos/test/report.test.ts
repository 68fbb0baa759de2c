/** What guests and images say, in what commands print: nothing of it steers the terminal. */
import { describe, expect, it } from "vitest";
import type { BootReport } from "../src/boot-report.ts";
import { printableJson } from "../src/printable.ts";
import { bootText } from "../src/report.ts";

const steering = "\u001b[2J\u009b5n\u202e\u0007";
const harmless = "\\x1b[2J\\x9b5n\\u202e\\x07";

describe("what is printed", () => {
  it("of a boot has a guest's console, names and reasons as text", () => {
    const report: BootReport = {
      boot: { totalUs: 1, phases: [{ name: steering, us: 1 }] },
      image: { name: steering, bytes: 1, sha256: "", contentSha256: "" },
      nics: [{ device: 0, rx: 0, tx: 0, rxBytes: 0, txBytes: 0, input: undefined, output: steering }],
      hops: [{ name: steering, packets: 1, bytes: 1 }],
      drops: { [steering]: 1 },
      domain: { id: 1, name: steering, state: "running", memoryBytes: 1, residentBytes: 1 },
      console: `${steering}\n`,
      handlers: { "c.text": steering },
      problems: [],
    };
    const printed = bootText(report);
    expect(printed.split(harmless)).toHaveLength(8);
    for (const ch of "\u0007\u009b\u202e") expect(printed).not.toContain(ch);
    expect(printed).not.toContain("\u001b[2J");
  });

  it("as JSON is the same value", () => {
    const value = { [steering]: [steering, "\u007f\u0085ä\n"] };
    const printed = printableJson(JSON.stringify(value, undefined, 2));
    expect(JSON.parse(printed)).toEqual(value);
    for (const ch of "\u0007\u009b\u202e\u001b\u007f\u0085") expect(printed).not.toContain(ch);
  });
});
