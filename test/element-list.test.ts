/** Every element class that has a file is in one of the library's entries, and its README names it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { elements } from "@clickos/click-elements/node";
import { expect, it } from "vitest";

const library = join(import.meta.dirname, "../packages/click-elements");
const source = join(library, "src");

it("lists every class that has a file (where it does not: node scripts/make-element-list.mjs)", () => {
  const files = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "lib")
    .flatMap(({ name }) => readdirSync(join(source, name)).map((file) => join(source, name, file)))
    .filter((file) => file.endsWith(".ts"));
  const declared = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^export const (\w+): ElementClass\b/gm)].map(([, name]) => name),
  );
  const listed = ["index.ts", "node.ts"].flatMap((entry) => [
    ...readFileSync(join(source, entry), "utf8").matchAll(/\bimport \{ (\w+) \} from "\.\/\w+\/\w+\.ts"/g),
  ]);
  const names = new Set(listed.map(([, name]) => name));
  expect(declared.filter((name) => !names.has(name as string))).toEqual([]);
  expect(Object.values(elements).length).toBeGreaterThanOrEqual(declared.length);
});

it("names every class in the README", () => {
  const readme = readFileSync(join(library, "README.md"), "utf8");
  const classes = [...new Set(Object.values(elements).map((cls) => cls.name))];
  expect(classes.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
});
