/**
 * The built package in a page: bundled for browsers it holds no other package's code, and `examples/lint.html` checks
 * a configuration with it, in Chromium where there is one and always in a context that has nothing of Node's.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = join(root, "packages/click-language/examples/lint.html");
const problems = `configuration:3: undeclared element 'sink'
  3:40 | FromDevice(0) -> Slow(10, LENGTH 5) -> sink;
       |                                        ^
  hint: declare it: sink :: Class(...)`;

/** A Chromium to run without a window: `$CHROMIUM`, or one on the path. */
function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const files = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return process.env.CHROMIUM ?? files.find((file) => existsSync(file));
}

describe("in a page", () => {
  let script = "";
  let inputs: string[] = [];

  beforeAll(async () => {
    if (!existsSync(join(root, "packages/click-language/dist"))) throw new Error("not built: run npm run build");
    const result = await build({
      entryPoints: ["packages/click-language/dist/index.js"],
      absWorkingDir: root,
      bundle: true,
      platform: "browser",
      globalName: "click",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    script = (result.outputFiles[0] as { text: string }).text;
    inputs = Object.keys(result.metafile.inputs);
  });

  it("the bundle is this package alone", () => {
    expect(inputs.filter((file) => !file.startsWith("packages/click-language/dist/"))).toEqual([]);
    expect(inputs).toContain("packages/click-language/dist/index.js");
  });

  it("a configuration is checked by a script that has JavaScript and two elements of a document", () => {
    const html = readFileSync(page, "utf8");
    const typed = {
      value: "",
      check: () => {},
      addEventListener: (_: string, check: () => void) => (typed.check = check),
    };
    typed.value = /<textarea[^>]*>\n([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? "";
    const shown = { textContent: "" };
    const context = createContext({
      document: { getElementById: (id: string) => ({ configuration: typed, problems: shown })[id] },
    });
    expect(runInContext("[typeof process, typeof require, typeof Buffer, typeof URL].join()", context)).toBe(
      "undefined,undefined,undefined,undefined",
    );
    runInContext(script, context);
    runInContext(/<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? "", context);
    expect(shown.textContent).toContain(problems);
    expect(shown.textContent.match(/^configuration:.*/gm)).toEqual([
      "configuration:4: syntax error near '->'",
      "configuration:3: undeclared element 'sink'",
      "configuration:2: warning: element class 'Spare' is never used",
    ]);
    typed.value = "FromDevice(0) -> Discard;";
    typed.check();
    expect(shown.textContent).toBe("nothing is wrong");
  });

  describe("in Chromium", () => {
    const folder = mkdtempSync(join(tmpdir(), "click-language-page-"));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("a configuration is checked", ({ skip }) => {
      const chromium = findChromium();
      if (chromium === undefined) return skip("no Chromium: put one on the path, or its file in $CHROMIUM");
      writeFileSync(join(folder, "click-language.js"), script);
      copyFileSync(page, join(folder, "lint.html"));
      const { status, stdout, stderr } = spawnSync(
        chromium,
        [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--no-first-run",
          `--user-data-dir=${join(folder, "profile")}`,
          "--dump-dom",
          pathToFileURL(join(folder, "lint.html")).href,
        ],
        { encoding: "utf8", timeout: 25_000 },
      );
      expect([status, stderr.slice(-1000)]).toEqual([0, expect.any(String)]);
      expect(stdout.replaceAll("&gt;", ">").replaceAll("&lt;", "<")).toContain(problems);
    });
  });
});
