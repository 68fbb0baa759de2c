/** Golden frames as another program takes them apart: `tshark`, where it is installed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCapture } from "@clickos/pcap";
import { describe, expect, it } from "vitest";
import { type Golden, goldens } from "./golden.ts";

const installed = spawnSync("tshark", ["--version"]).status === 0;
const shown = goldens.filter((g): g is Golden & Required<Pick<Golden, "frame" | "tshark">> => g.frame !== undefined);

/** What tshark prints, as a number; addresses as bytes. */
function parse(text: string, size: number): number | number[] {
  if (text === "True" || text === "False") return text === "True" ? 1 : 0;
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text)) return text.split(":").map((b) => Number.parseInt(b, 16));
  if (/^\d+(\.\d+){3}$/.test(text)) return text.split(".").reduce((n, b) => n * 256 + Number(b), 0);
  if (text.includes(":")) {
    const [head = "", tail] = text.split("::");
    const words = (part: string): number[] =>
      part === "" ? [] : part.split(":").flatMap((w) => [Number.parseInt(w, 16) >> 8, Number.parseInt(w, 16) & 255]);
    const [a, b] = [words(head), words(tail ?? "")];
    return [...a, ...new Array(size - a.length - b.length).fill(0), ...b];
  }
  return text === "" ? Number.NaN : Number(text);
}

function tshark(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 1 << 27 });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe.skipIf(!installed)("tshark (skipped where it is not installed)", () => {
  it("sees the same values in every format", () => {
    const folder = mkdtempSync(join(tmpdir(), "wire-"));
    try {
      const file = join(folder, "golden.pcap");
      const capture = writeCapture("pcap");
      for (const [i, { frame }] of shown.entries()) capture.write(frame, BigInt(i));
      writeFileSync(file, capture.bytes());
      const known = new Set(tshark("-G", "fields").match(/(?<=^F\t[^\t]*\t)[^\t]+/gm));
      const nameOf = (names: string): string => names.split("|").find((name) => known.has(name)) ?? names;
      const names = [...new Set(shown.flatMap((g) => Object.values(g.tshark).map(nameOf)))];
      const stdout = tshark(
        ...["-n", "-r", file, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;"],
        ...names.flatMap((n) => ["-e", n]),
      );
      const lines = stdout.split("\n").slice(0, shown.length);
      const compared = lines.map((line, i) => {
        const { format, values, tshark: fields } = shown[i] as (typeof shown)[number];
        const columns = line.split("\t");
        return Object.entries(fields).map(([field, name]) => {
          const row = format.fields[field];
          const all = (columns[names.indexOf(nameOf(name))] ?? "").split(";");
          const ours = values[field] ?? 0;
          const expected = typeof ours === "number" ? ours : [...ours];
          // The same field may come again in an outer or inner header; one of them is ours.
          const found = all.map((text) => parse(text, row?.size ?? 0)).find((v) => String(v) === String(expected));
          return [format.name, field, found ?? all.join(";")];
        });
      });
      expect(compared).toEqual(
        shown.map(({ format, values, tshark: fields }) =>
          Object.keys(fields).map((field) => {
            const ours = values[field] ?? 0;
            return [format.name, field, typeof ours === "number" ? ours : [...ours]];
          }),
        ),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
