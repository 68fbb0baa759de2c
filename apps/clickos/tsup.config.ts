import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { defineConfig } from "tsup";
import { lazyElements } from "./lazy-elements.ts";

/** What threads run, a file beside those that start them. */
const worker = fileURLToPath(new URL("./pcpu-worker.js", import.meta.resolve("@clickos/hypervisor/node")));

/** The commands are files with everything in them: they start fast. The programmatic entry uses the packages. */
const command = { target: "node20", noExternal: [/.*/], minify: true, treeshake: true } as const;

/**
 * Few ask for the experiments, which bring a library that draws: they are files of their own. A script whose code V8 had kept cannot import
 * modules, so that bin/start.cjs does it.
 */
const experimentsApart: Plugin = {
  name: "experiments apart",
  setup(build) {
    build.onLoad({ filter: /experiments\/load\.ts$/ }, () => ({
      contents: 'export const loadExperiments = () => __importFile("experiments.js");',
    }));
  },
};

export default defineConfig([
  { entry: ["src/index.ts"], format: ["esm"], target: "node20", dts: true, clean: true, treeshake: true },
  { ...command, entry: { "compile-worker": "src/compile-worker.ts", "pcpu-worker": worker }, format: ["esm"] },
  {
    // They use the packages; what they draw with is bundled.
    entry: { experiments: "src/experiments/index.ts" },
    format: ["esm"],
    target: "node20",
    noExternal: ["echarts"],
    splitting: true,
    minify: true,
    treeshake: true,
  },
  {
    ...command,
    // Scripts, so that V8's code for them can be kept: see bin/start.cjs.
    entry: { click: "src/click-main.ts", clickos: "src/clickos.ts" },
    format: ["cjs"],
    splitting: false,
    esbuildPlugins: [experimentsApart, lazyElements],
    esbuildOptions(options) {
      options.define = { ...options.define, "import.meta.url": "__moduleUrl" };
    },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  },
]);
