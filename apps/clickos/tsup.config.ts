import { fileURLToPath } from "node:url";
import { defineConfig } from "tsup";

/** What threads run, a file beside those that start them. */
const worker = fileURLToPath(new URL("./pcpu-worker.js", import.meta.resolve("@clickos/hypervisor/node")));

// The commands share files with everything in them: they start fast. The programmatic entry uses the packages.
export default defineConfig([
  { entry: ["src/index.ts"], format: ["esm"], target: "node20", dts: true, clean: true, treeshake: true },
  {
    entry: { clickos: "src/clickos.ts", click: "src/click-main.ts", "pcpu-worker": worker },
    format: ["esm"],
    target: "node20",
    noExternal: [/.*/],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module";const require = __createRequire(import.meta.url);',
    },
    minify: true,
    treeshake: true,
  },
]);
