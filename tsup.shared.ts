import { defineConfig, type Options } from "tsup";

/** The build of every library package: ES modules, declarations, nothing bundled from the workspace. */
export function library(entry: string[]): Options {
  return defineConfig({
    entry,
    format: ["esm"],
    target: "node20",
    platform: "neutral",
    dts: true,
    clean: true,
    sourcemap: false,
    splitting: true,
    treeshake: true,
  }) as Options;
}
