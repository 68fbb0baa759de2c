// Collects the manual pages of elements, which are the comments their files begin with, into one JSON file.
// Usage: node scripts/make-manual.mjs OUTPUT
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

const source = new URL("../packages/click-elements/src/", import.meta.url).pathname;
const manual = {};
for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const category = relative(source, file).split(sep)[0];
  if (!entry.isFile() || !file.endsWith(".ts")) continue;
  const text = readFileSync(file, "utf8");
  const comment = /^\/\*\*\n([\s\S]*?)\n \*\//.exec(text);
  if (!/^export const \w+: ElementClass/m.test(text) || !comment) continue;
  const page = comment[1].replace(/^ \* ?/gm, "").trim();
  const name = /^(\w+)/.exec(page)?.[1];
  if (name) manual[name] = { category, page };
}
writeFileSync(process.argv[2], `${JSON.stringify(manual, null, 1)}\n`);
