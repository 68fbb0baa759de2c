import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = fileURLToPath(new URL("./packages/", import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@clickos\/([\w-]+)\/([\w-]+)$/, replacement: `${packages}$1/src/$2.ts` },
      { find: /^@clickos\/([\w-]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
    // Who waits for them does little: on two processors there are two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
