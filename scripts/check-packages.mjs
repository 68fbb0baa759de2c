// Checks every package as it would be published: what npm packs, publint, and are-the-types-wrong.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = [...readdirSync(join(root, "packages")).map((n) => `packages/${n}`), "apps/clickos"];
const bin = (name) => join(root, "node_modules/.bin", name);
const allowed =
  /^(dist\/[\w./-]+\.(c?js|d\.ts)|dist\/manual\.json|demo\/[\w.-]+\.(click|pcap)|bin\/[\w.-]+\.c?js|README\.md|SEMANTICS\.md|CHANGELOG\.md|LICENSE|package\.json)$/;
let failures = 0;

function fail(where, message) {
  failures++;
  console.error(`${where}: ${message}`);
}

for (const folder of packages) {
  const cwd = join(root, folder);
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--silent"], { cwd, encoding: "utf8" }),
  );
  for (const { path } of packed.files)
    if (!allowed.test(path)) fail(folder, `packs ${path}, which a user does not need`);
  for (const needed of ["README.md", "LICENSE", "package.json"])
    if (!packed.files.some((f) => f.path === needed)) fail(folder, `does not pack ${needed}`);
  const manifest = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"));
  for (const field of ["description", "license", "engines", "exports", "files"])
    if (!manifest[field]) fail(folder, `package.json has no ${field}`);

  const lint = spawnSync(bin("publint"), ["run", "--strict", cwd], { encoding: "utf8" });
  if (lint.status !== 0) fail(folder, `publint\n${lint.stdout}${lint.stderr}`);
  const types = spawnSync(bin("attw"), ["--pack", ".", "--profile", "esm-only", "--format", "ascii", "--no-color"], {
    cwd,
    encoding: "utf8",
  });
  if (types.status !== 0) fail(folder, `are-the-types-wrong\n${types.stdout}${types.stderr}`);
  console.log(
    `${folder.padEnd(24)} ${String(packed.files.length).padStart(3)} files ${(packed.size / 1024).toFixed(1).padStart(8)} KiB packed`,
  );
}
if (failures > 0) {
  console.error(`${failures} problems`);
  process.exit(1);
}
