import { fileURLToPath } from "node:url";
import { defineConfig } from "tsup";
import { lazyElements } from "./lazy-elements.ts";

/** What threads run, a file beside those that start them. */
const worker = fileURLToPath(new URL("./pcpu-worker.js", import.meta.resolve("@clickos/hypervisor/node")));

/** The commands are files with everything in them: they start fast. The programmatic entry uses the packages. */
const command = { target: "node20", noExternal: [/.*/], minify: true, treeshake: true } as const;

export default defineConfig([
  { entry: ["src/index.ts"], format: ["esm"], target: "node20", dts: true, clean: true, treeshake: true },
  { ...command, entry: { "compile-worker": "src/compile-worker.ts", "pcpu-worker": worker }, format: ["esm"] },
  {
    ...command,
    // Scripts, so that V8's code for them can be kept: see bin/start.cjs.
    entry: { click: "src/click-main.ts", clickos: "src/clickos.ts" },
    format: ["cjs"],
    splitting: false,
    esbuildPlugins: [lazyElements],
    esbuildOptions(options) {
      options.define = { ...options.define, "import.meta.url": "__moduleUrl" };
    },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  },
]);
