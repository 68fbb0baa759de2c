/** The thread that compiles configurations for the daemon. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { elements } from "@clickos/click-elements/node";
import { linkImage } from "@clickos/click-image";
import { afterEach, beforeAll, expect, it } from "vitest";
import { needsBuild } from "../../../test/built.ts";
import { type Compiler, threadCompiler } from "../src/daemon/compiler.ts";

const file = new URL("../dist/compile-worker.js", import.meta.url);
beforeAll(() => needsBuild(file));
const open: Compiler[] = [];
const compiler = (program: URL): Compiler => {
  const made = threadCompiler(elements, program);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const chain = (count: number): string => `Idle -> ${"Counter -> ".repeat(count)} Discard;\n`;

it("gives the same images and errors as one in place, and lets others go on meanwhile", async () => {
  const { link } = compiler(file);
  const small = { file: "small.click", text: chain(3) };
  const large = { file: "large.click", text: chain(800) };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const [a, b, wrong, tooLarge] = await Promise.allSettled([
    link(small, { name: "a" }),
    link(large, { name: "b" }),
    link({ file: "wrong.click", text: `${chain(400)}c :: Counter(1, 2, 3);` }, { name: "c" }),
    link({ file: "held.click", text: `${chain(400)}Idle -> Queue(30000) -> Discard` }, { name: "d" }),
  ]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
  for (const [made, source] of [
    [a, small],
    [b, large],
  ] as const) {
    if (made.status !== "fulfilled") throw made.reason;
    const image = await linkImage(source, { elements, name: made.value.manifest.name });
    expect(Buffer.compare(made.value.bytes, image.bytes)).toBe(0);
    expect(made.value.manifest).toEqual(JSON.parse(JSON.stringify(image.manifest)));
  }
  expect(wrong.status === "rejected" && wrong.reason).toMatchObject({
    name: "ConfigurationError",
    message: expect.stringContaining("wrong.click:2"),
  });
  expect(tooLarge.status === "rejected" && tooLarge.reason).toMatchObject({ name: "ImageError", code: "TOO_LARGE" });
});

it("says that its thread has ended, and starts another", async () => {
  const dir = mkdtempSync(join(tmpdir(), "clickos-compiler-"));
  const program = join(dir, "worker.mjs");
  writeFileSync(
    program,
    'import { parentPort } from "node:worker_threads"; parentPort.once("message", () => process.exit(3));',
  );
  const { link } = compiler(pathToFileURL(program));
  for (let n = 0; n < 2; n++)
    await expect(link({ file: "x", text: chain(400) }, { name: "x" })).rejects.toMatchObject({
      code: "COMPILER",
      message: expect.stringContaining("its thread has ended"),
    });
  rmSync(dir, { recursive: true });
});
