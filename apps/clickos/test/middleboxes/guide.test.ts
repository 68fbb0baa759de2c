/** The commands of the page "Middleboxes", as they stand there, one block after another. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { needsBuild } from "../../../../test/built.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const page = readFileSync(join(root, "docs/middleboxes.md"), "utf8");
const dir = mkdtempSync(join(tmpdir(), "clickos-middleboxes-"));
const env = {
  ...process.env,
  NO_COLOR: "1",
  PATH: `${dir}:${process.env.PATH}`,
  CLICKOS_RUNTIME: join(dir, "run"),
  CLICKOS_STATE: join(dir, "state"),
};

beforeAll(() => {
  needsBuild(new URL("../../dist/clickos.cjs", import.meta.url));
  for (const name of ["clickos.js", "click.cjs"])
    writeFileSync(
      join(dir, name.replace(/\..*/, "")),
      `#!/bin/sh\nexec '${process.execPath}' '${join(root, "apps/clickos/bin", name)}' "$@"\n`,
      { mode: 0o755 },
    );
  symlinkSync(join(root, "examples"), join(dir, "examples"));
});
afterAll(() => {
  spawnSync(join(dir, "clickos"), ["daemon", "stop"], { env });
  rmSync(dir, { recursive: true });
});

it("works as it is printed", { timeout: 180_000 }, () => {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((m) => m[1] as string);
  expect(blocks.length).toBeGreaterThan(8);
  const [functions = "", ...rest] = blocks;
  const printed = rest
    .map((block) =>
      execFileSync("sh", ["-e", "-c", `exec 2>&1\n${functions}\n${block}`], {
        cwd: dir,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    )
    .join("\n");
  for (const text of [
    /^right\.pcap: .*10\.0\.0\.1\.1024 > 10\.0\.0\.2\.53: udp/m,
    /^back\.pcap: /m,
    /^to-network\.pcap: .*203\.0\.113\.5\.4000 > 192\.0\.2\.53\.53/m,
    /^in\.pcap: .*203\.0\.113\.5\.53 > 192\.0\.2\.9\.5353/m,
    /^198\.51\.100\.0\/24\s+10\.0\.0\.9\s+0/m,
    /100\.64\.0\.7 203\.0\.113\.\d+ \d+-\d+ 1$/m,
    /^to-world\.pcap: .*203\.0\.113\.\d+\.\d+ > 198\.18\.0\.9\.53/m,
    /^carol 10\.64\.0\.12 0 0 0 0 0 0$/m,
    /^10\.0\.0\.12 0 up 0 0 0\n10\.0\.0\.13 2 down /m,
    /^flows\.pcap: .*192\.0\.2\.1\.4739 > 192\.0\.2\.9\.4739/m,
    /^1000005\t1\tasks for the authors of a name server$/m,
    /^answer\.pcap: .*192\.0\.2\.53\.53 > 10\.0\.0\.9\.4000/m,
    /^senders\.now: 198\.51\.100\.7\t3$/m,
    /^line\.pcap: .*10\.0\.0\.9\.4000 > 198\.51\.100\.1\.53/m,
    /^heard\.pcap: .*10\.0\.0\.1\.5000 > 239\.1\.1\.1\.5000/m,
    /^outside\.pcap: .*192\.0\.2\.1 > 198\.51\.100\.1: ip-proto-47/m,
  ])
    expect(printed).toMatch(text);
});

it("has every example in its table", () => {
  const files = readdirSync(join(root, "examples/middleboxes"));
  expect(files.filter((file) => !page.includes(`\`${file}\``))).toEqual([]);
});
