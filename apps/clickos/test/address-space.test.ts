/** The commands under a small limit of address space, `ulimit -v`: what needs no router's memory works. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";

const app = fileURLToPath(new URL("..", import.meta.url));
const limitKiB = 8_000_000;
const limited = (command: string): ReturnType<typeof spawnSync> =>
  spawnSync("sh", ["-c", `ulimit -v ${limitKiB} && exec ${command}`], { encoding: "utf8" });
const node = `'${process.execPath}'`;
const why = (): string => {
  const { status, stdout } = limited(`${node} -p 6*7`);
  return status === 0 && stdout === "42\n" ? "" : " (skipped: a shell cannot limit the address space here)";
};
const skipped = why();

describe.skipIf(skipped !== "")(`a limit of address space${skipped}`, () => {
  beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
  const run = (command: string, args: string): { status: number | null; stderr: string } => {
    const { status, stderr } = limited(`${node} '${join(app, "bin", command)}' ${args}`);
    return { status, stderr: String(stderr) };
  };

  it("lets the commands start: nothing is reserved before a router needs it", () => {
    for (const [command, args] of [
      ["clickos.js", "--version"],
      ["clickos.js", "--help"],
      ["clickos.js", `check '${join(app, "demo/firewall.click")}'`],
      ["click.cjs", "--version"],
    ] as const)
      expect([command, args, run(command, args)]).toEqual([command, args, { status: 0, stderr: "" }]);
  });

  it("is a message, where it leaves no room for a router's memory", () => {
    const { status, stderr } = run("clickos.js", `run '${join(app, "demo/firewall.click")}'`);
    // An engine that makes do with less runs the router, and waits for nothing: the configuration has no input.
    if (status !== 0) expect([status, stderr.split("\n").length]).toEqual([1, 2]);
  });
});
