import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { matchLines, outputLines, parseScriptTests, type ScriptTest } from "./script-tests.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = mkdtempSync(join(tmpdir(), "click-scripts-"));
const bin = join(root, "bin");
mkdirSync(bin);
for (const name of ["click", "clickos"]) {
  const file = join(bin, name);
  writeFileSync(
    file,
    `#!/bin/sh\nexec '${process.execPath}' '${join(here, "../bin", `${name}.${name === "click" ? "cjs" : "js"}`)}' "$@"\n`,
  );
  chmodSync(file, 0o755);
}
beforeAll(() => needsBuild(new URL("../dist/clickos.cjs", import.meta.url)));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Outcome {
  stdout: string[];
  stderr: string[];
  status: number;
}

function run(command: string, cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      "/bin/bash",
      ["-c", command],
      {
        cwd,
        timeout: 30_000,
        encoding: "latin1",
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: "1" },
      },
      (e, stdout, stderr) =>
        resolve({
          stdout: outputLines(stdout),
          stderr: outputLines(stderr),
          status: e ? (typeof e.code === "number" ? e.code : 255) : 0,
        }),
    );
    child.stdin?.end();
  });
}

async function play(test: ScriptTest): Promise<Outcome[]> {
  const cwd = mkdtempSync(join(root, "test-"));
  for (const [name, content] of test.files) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content, "latin1");
  }
  const outcomes: Outcome[] = [];
  for (const c of test.commands) outcomes.push(await run(c.command, cwd));
  return outcomes;
}

const folder = join(here, "scripts");
for (const file of readdirSync(folder).sort()) {
  const path = join(folder, file);
  const tests = parseScriptTests(readFileSync(path, "latin1"));
  describe(file, () => {
    if (process.env.UPDATE_SCRIPTS) {
      it("is written anew", { timeout: 120_000 }, async () => {
        writeFileSync(path, await rewritten(path, tests), "latin1");
      });
      return;
    }
    for (const test of tests)
      it.concurrent(test.title, { timeout: 60_000 }, async () => {
        const outcomes = await play(test);
        test.commands.forEach((c, i) => {
          const { stdout, stderr, status } = outcomes[i] as Outcome;
          const actual = [`${file}:${c.line}: ${c.command}`, ...stdout, ...stderr.map((l) => `2> ${l}`), `? ${status}`];
          const expected = [
            `${file}:${c.line}: ${c.command}`,
            ...c.stdout,
            ...c.stderr.map((l) => `2> ${l}`),
            `? ${c.status}`,
          ];
          if (!matchLines(c.stdout, stdout) || !matchLines(c.stderr, stderr) || c.status !== status)
            expect(actual).toEqual(expected);
        });
      });
  });
}

/** The tests with what their commands print now; for writing tests, to be read before it is believed. */
async function rewritten(path: string, tests: readonly ScriptTest[]): Promise<string> {
  const text = readFileSync(path, "latin1");
  const header = text.slice(0, text.indexOf("=== "));
  let out = header;
  for (const test of tests) {
    out += `=== ${test.title}\n`;
    for (const [name, content] of test.files) out += `--- ${name}\n${content}`;
    const outcomes = await play(test);
    test.commands.forEach((c, i) => {
      const { stdout, stderr, status } = outcomes[i] as Outcome;
      out += `$ ${c.command.replace(/\n/g, "\n> ")}\n`;
      const same = matchLines(c.stdout, stdout) && matchLines(c.stderr, stderr);
      for (const line of same ? c.stdout : stdout) out += `${line}\n`;
      for (const line of same ? c.stderr : stderr) out += `2> ${line}`.trimEnd().concat("\n");
      if (status !== 0) out += `? ${status}\n`;
    });
    out += "\n";
  }
  return out;
}
