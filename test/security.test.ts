/** docs/security.md names tests for what was found: each must be there, by the name it gives. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const rows = read("docs/security.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && line.includes(".test.ts`"));
const named = rows.flatMap((row) =>
  [...row.matchAll(/`([\w./-]+\.test\.ts)`: (.*?)(?=<br>| \|$)/g)].map(([, file, title]) => ({
    file: file as string,
    title: title as string,
  })),
);

describe("docs/security.md", () => {
  it("names tests that are there", () => {
    expect(named.length).toBeGreaterThan(rows.length);
    const missing = named.filter(({ file, title }) => !read(file).includes(title));
    expect(missing).toEqual([]);
  });
});
