/** How `click` starts: from code that V8 made before, wherever that is kept and whatever has become of it. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { elements } from "@clickos/click-elements/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "start-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The program in a folder of its own, without any code. */
function installed(name: string): { program: string; code: string; cache: string } {
  const at = join(folder, name);
  for (const part of ["bin", "dist"]) mkdirSync(join(at, part), { recursive: true });
  writeFileSync(join(at, "package.json"), '{ "type": "module" }');
  for (const file of ["click.cjs", "start.cjs"]) copyFileSync(join(app, "bin", file), join(at, "bin", file));
  copyFileSync(join(app, "dist/click.cjs"), join(at, "dist/click.cjs"));
  return { program: join(at, "bin/click.cjs"), code: join(at, "dist/click.cjs.code"), cache: join(at, "cache") };
}

function five({ program, cache }: { program: string; cache: string }): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, "-e", "InfiniteSource(LIMIT 5, STOP true) -> c :: Counter -> Discard", "-h", "c.count"],
    { encoding: "utf8", env: { ...process.env, XDG_CACHE_HOME: cache } },
  );
  expect([status, stdout, stderr]).toEqual([0, "5\n", ""]);
}

describe("click", () => {
  beforeAll(() => needsBuild(new URL("../dist/click.cjs", import.meta.url)));

  it("has every class of the library, each defined when it is asked for", () => {
    const names = Object.keys(elements).sort();
    // Most cannot stand so, and say why: each was asked.
    const text = names.map((name, i) => `e${i} :: ${name};`).join("\n");
    const program = join(app, "bin/click.cjs");
    const { status, stderr } = spawnSync(process.execPath, [program, "-q", "-f", "-"], {
      input: text,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/unknown element class|\n {4}at /);
    const asked = "Idle -> Discard; Script(stop)";
    const list = spawnSync(process.execPath, [program, "-e", asked, "-h", "classes"], { encoding: "utf8" });
    expect(list.stdout.trim().split("\n")).toEqual(names);
  });

  it("keeps the code beside the program, and leaves it as it is while it fits", () => {
    const place = installed("writable");
    five(place);
    const { mtimeMs, size } = statSync(place.code);
    expect(size).toBeGreaterThan(100_000);
    five(place);
    expect(statSync(place.code).mtimeMs).toBe(mtimeMs);
    expect(existsSync(place.cache)).toBe(false);
  });

  it("makes code again that is damaged, or another program's", () => {
    const place = installed("damaged");
    writeFileSync(place.code, "no code");
    five(place);
    expect(statSync(place.code).size).toBeGreaterThan(100_000);
  });

  it("keeps it in the user's cache folder where the program's cannot be written to, and runs where neither can", () => {
    const place = installed("elsewhere");
    // A folder in the way stops root, too.
    mkdirSync(place.code);
    five(place);
    const [file, ...others] = readdirSync(join(place.cache, "clickos"));
    expect([file, others]).toEqual([expect.stringMatching(/^click-.*\.code$/), []]);
    five(place);
    rmSync(place.cache, { recursive: true });
    writeFileSync(place.cache, "");
    five(place);
  });
});
