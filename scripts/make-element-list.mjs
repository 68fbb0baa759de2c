// Writes the imports and the list of classes in packages/click-elements/src/index.ts from the files that are there: after an
// element was added, or where two branches have added some. Those of the entry for the host, src/node.ts, are left out.
// Usage: node scripts/make-element-list.mjs
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../packages/click-elements/src/", import.meta.url);
const index = new URL("index.ts", folder);
const read = (path) => readFileSync(new URL(path, folder), "utf8");

const ofHost = new Set([...read("node.ts").matchAll(/from "\.\/(\w+\/\w+\.ts)"/g)].map(([, path]) => path));

/** Classes, each with its file: `export const Name: ElementClass = ...` in the folder of a category. */
const classes = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "lib")
  .flatMap(({ name }) => readdirSync(new URL(`${name}/`, folder)).map((file) => `${name}/${file}`))
  .filter((path) => path.endsWith(".ts") && !ofHost.has(path))
  .flatMap((path) =>
    [...read(path).matchAll(/^export const (\w+): ElementClass\b/gm)].map(([, name]) => ({ name, path })),
  );
const names = classes
  .map(({ name }) => name)
  .sort((a, b) => a.localeCompare(b, "en", { sensitivity: "base", numeric: true }));

const isImport = (line) => /^import \{ \w+ \} from "\.\/\w+\/\w+\.ts";$/.test(line);
const lines = readFileSync(index, "utf8").split("\n");
const first = lines.findIndex((line) => /^import .*"@clickos\/click-core\/element";$/.test(line));
const imports = classes.map(({ name, path }) => `import { ${name} } from "./${path}";`);
const rest = lines.slice(first + 1).filter((line) => !isImport(line));
const text = [...lines.slice(0, first + 1), ...imports, ...rest].join("\n");
const list = `elementSet(\n${names.map((name) => `  ${name},\n`).join("")});`;
writeFileSync(index, text.replace(/elementSet\(\n[^)]*\);/, () => list));
execFileSync("npx", ["biome", "check", "--fix", fileURLToPath(index)], { stdio: ["ignore", "ignore", "inherit"] });
console.log(`${names.length} classes`);
