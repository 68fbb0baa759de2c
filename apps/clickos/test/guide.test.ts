/** The commands of the guide "Running VMs", as they stand there, one after another in an empty folder. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const command = fileURLToPath(new URL("../bin/clickos.js", import.meta.url));
const guide = readFileSync(new URL("../../../docs/running-vms.md", import.meta.url), "utf8");
const dir = mkdtempSync(join(tmpdir(), "clickos-guide-"));
const env = {
  ...process.env,
  NO_COLOR: "1",
  PATH: `${dir}:${process.env.PATH}`,
  CLICKOS_RUNTIME: join(dir, "run"),
  CLICKOS_STATE: join(dir, "state"),
};

beforeAll(() => {
  needsBuild(new URL("../dist/clickos.cjs", import.meta.url));
  writeFileSync(join(dir, "clickos"), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`, { mode: 0o755 });
});
afterAll(() => {
  spawnSync(join(dir, "clickos"), ["daemon", "stop"], { env });
  rmSync(dir, { recursive: true });
});

it("works as it is printed", { timeout: 180_000 }, () => {
  const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1] as string);
  expect(blocks.length).toBeGreaterThan(6);
  const printed = blocks.map((block) =>
    execFileSync("sh", ["-e", "-c", block], { cwd: dir, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
  );
  const all = printed.join("\n");
  expect(all).toMatch(/^count +1 .*running/m);
  expect(all).toContain("02:00:00:00:00:80");
  expect(all).toContain("FromDevice(0) -> c :: Counter -> Discard;");
  // What was defined was there again after the daemon's end.
  expect(printed.find((text) => text.startsWith("pid "))).toMatch(/^other .*running/m);
});
