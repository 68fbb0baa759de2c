// Checks that changesets name packages that exist. (`changeset status` compares with a branch that a fresh clone
// may not have.)
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const names = new Set(
  [...readdirSync(join(root, "packages")).map((n) => `packages/${n}`), "apps/clickos"].map(
    (p) => JSON.parse(readFileSync(join(root, p, "package.json"), "utf8")).name,
  ),
);
let failures = 0;
for (const file of readdirSync(join(root, ".changeset")).filter((f) => f.endsWith(".md"))) {
  const head = /^---\n([\s\S]*?)---\n/.exec(readFileSync(join(root, ".changeset", file), "utf8"))?.[1];
  const lines = head?.trim().split("\n") ?? [];
  for (const line of lines) {
    const match = /^"([^"]+)": (patch|minor|major)$/.exec(line);
    if (match && names.has(match[1])) continue;
    failures++;
    console.error(`.changeset/${file}: '${line}' names no package and bump`);
  }
  if (lines.length === 0) {
    failures++;
    console.error(`.changeset/${file}: no packages`);
  }
}
process.exit(failures > 0 ? 1 : 0);
