import { defineConfig } from "tsup";

// The commands share files with everything in them: they start fast. The programmatic entry uses the packages.
export default defineConfig([
  { entry: ["src/index.ts"], format: ["esm"], target: "node20", dts: true, clean: true, treeshake: true },
  {
    entry: { clickos: "src/clickos.ts", click: "src/click-main.ts" },
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
