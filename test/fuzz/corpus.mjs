/** Inputs that once failed, a file each: `corpus/<target>/<digest>`. They are replayed before anything else. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folderOf = (target) => fileURLToPath(new URL(`./corpus/${target}/`, import.meta.url));

export function corpusOf(target) {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(folder + name)) }));
}

/** Adds an input; the name of its file. */
export function saveInput(target, bytes) {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  writeFileSync(folder + name, bytes);
  return `corpus/${target}/${name}`;
}
