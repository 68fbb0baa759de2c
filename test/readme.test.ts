import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { needsBuild } from "./built.ts";

// The first `ts` block of every package's README is run against the built packages. What it prints must be what
// the `//=>` comments in it say.

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".readme-examples");
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the example of", () => {
  for (const name of readdirSync(join(root, "packages"))) {
    it(name, () => {
      const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
      const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
      if (code === undefined) throw new Error(`packages/${name}/README.md has no ts block`);
      needsBuild(new URL(`../packages/${name}/dist/`, import.meta.url));
      const file = join(folder, `${name}.mjs`);
      writeFileSync(file, code);
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", cwd: folder });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const expected = [...code.matchAll(/\/\/=> (.*)$/gm)].map((m) => m[1]);
      expect(expected.length).toBeGreaterThan(0);
      expect(stdout.trimEnd().split("\n")).toEqual(expected);
    });
  }
});
