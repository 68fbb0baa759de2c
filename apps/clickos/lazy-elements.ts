/**
 * An esbuild plugin: the element library, each of whose classes is defined when it is first asked for. A run uses a few of some two
 * hundred; to define them all takes longer than the rest of a short run.
 */
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { elements } from "@clickos/click-elements/node";
import type { Plugin } from "esbuild";

const source = fileURLToPath(new URL("../../packages/click-elements/src/", import.meta.url));

/** By class: the file that is named after it, and the name that it is exported by. */
async function definitions(): Promise<Map<string, { file: string; name: string }>> {
  const found = new Map<string, { file: string; name: string }>();
  for (const file of await readdir(source, { recursive: true })) {
    const name = /^export const (\w+): ElementClass\b/m.exec(
      file.endsWith(".ts") ? readFileSync(join(source, file), "utf8") : "",
    )?.[1];
    if (name) found.set(basename(file, ".ts"), { file: join(source, file), name });
  }
  return found;
}

export const lazyElements: Plugin = {
  name: "lazy elements",
  setup(build) {
    build.onResolve({ filter: /^@clickos\/click-elements(\/|$)/ }, ({ path }) => {
      const file = join(source, `${path.split("/")[2] ?? "index"}.ts`);
      return existsSync(file)
        ? { path: file, sideEffects: false }
        : { errors: [{ text: `${path} is not in ${source}` }] };
    });
    build.onLoad({ filter: /click-elements\/src\/node\.ts$/ }, async ({ path }) => {
      const others = readFileSync(path, "utf8").match(/^export \{[^}]*\} from "[^"]+";$/gm) ?? [];
      const known = await definitions();
      const members = Object.entries(elements).map(([key, cls]) => {
        const found = known.get(cls.name);
        if (!found) throw new Error(`no file of ${source} defines ${cls.name}`);
        return `get ${JSON.stringify(key)}() { return require(${JSON.stringify(found.file)}).${found.name}; }`;
      });
      return {
        contents: `${others.join("\n")}\nexport const elements = {\n${members.join(",\n")}\n};\n`,
        loader: "ts",
      };
    });
  },
};
