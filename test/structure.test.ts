import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const packages = [...readdirSync(join(root, "packages")).map((n) => `packages/${n}`), "apps/clickos"];

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".ts"))
    .map((f) => join(folder, f));
}
function imports(file: string, types = false): string[] {
  const text = readFileSync(file, "utf8");
  // Imports of types only are gone before the code runs: they tie no knot.
  return [
    ...(types ? text : text.replace(/^(?:import|export) type\b[^;]*;/gm, "")).matchAll(
      /^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/gms,
    ),
  ].map((m) => (m[1] ?? m[2]) as string);
}
const all = packages.flatMap((p) =>
  sources(join(root, p, "src")).map((file) => ({ package: p, file, imports: imports(file) })),
);

/** The entries that a package declares: the path after its name, `""` or `/x`, and the source file, `src/x.ts`. */
function entriesOf(p: string): { path: string; file: string }[] {
  const { exports } = JSON.parse(readFileSync(join(root, p, "package.json"), "utf8"));
  return Object.keys(exports ?? {})
    .filter((path) => path !== "./package.json")
    .map((path) => ({ path: path.slice(1), file: join(root, p, "src", `${path.slice(2) || "index"}.ts`) }));
}

/** A cycle in a graph, as the names on it. */
function cycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node);
    if (found) return found;
  }
  return undefined;
}

describe("the structure", () => {
  it("keeps Node's built-ins to netdev, the application and /node entries", () => {
    const reaches = (file: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(file)) return seen;
      seen.add(file);
      for (const to of imports(file)) if (to.startsWith(".")) reaches(resolve(dirname(file), to), seen);
      return seen;
    };
    const portable = packages.filter((p) => p !== "packages/netdev" && p !== "apps/clickos");
    for (const entry of portable.flatMap((p) => entriesOf(p).filter(({ path }) => path !== "/node"))) {
      for (const file of reaches(entry.file)) {
        const wrong = imports(file).filter(
          (i) => i.startsWith("node:") || builtinModules.includes(i) || i === "@clickos/netdev" || i.endsWith("/node"),
        );
        expect([relative(root, file), wrong]).toEqual([relative(root, file), []]);
        expect([
          relative(root, file),
          /\b(process|Buffer|__dirname|require)\b[.(]/.test(
            readFileSync(file, "utf8")
              .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
              .replace(/`[^`]*`|"[^"\n]*"|'[^'\n]*'/g, '""'),
          ),
        ]).toEqual([relative(root, file), false]);
      }
    }
  });

  it("has no import cycle between files", () => {
    const graph = new Map(
      all.map(({ file, imports: list }) => [
        relative(root, file),
        list.filter((i) => i.startsWith(".")).map((i) => relative(root, resolve(dirname(file), i))),
      ]),
    );
    expect(cycle(graph)).toBe(undefined);
  });

  it("has no import cycle between packages, and declares what it imports", () => {
    const graph = new Map<string, string[]>();
    for (const p of packages) {
      const manifest = JSON.parse(readFileSync(join(root, p, "package.json"), "utf8"));
      const used = new Set(
        all
          .filter((a) => a.package === p)
          .flatMap((a) =>
            imports(a.file, true)
              .filter((i) => !i.startsWith(".") && !i.startsWith("node:"))
              .map((i) =>
                i
                  .split("/")
                  .slice(0, i.startsWith("@") ? 2 : 1)
                  .join("/"),
              ),
          ),
      );
      // What is only needed to build is in what is built.
      const declared = { ...manifest.dependencies, ...manifest.devDependencies };
      expect([p, [...used].filter((u) => !(u in declared))]).toEqual([p, []]);
      expect([p, Object.keys(manifest.dependencies ?? {}).filter((d) => !used.has(d))]).toEqual([p, []]);
      if (p !== "apps/clickos") expect([p, [...used].filter((u) => !u.startsWith("@clickos/"))]).toEqual([p, []]);
      graph.set(
        manifest.name,
        [...used].filter((u) => u.startsWith("@clickos/")),
      );
    }
    expect(cycle(graph)).toBe(undefined);
  });

  it("has packages that know nothing of what is above them", () => {
    const direct = new Map(
      packages.map((p) => {
        const { name, dependencies = {} } = JSON.parse(readFileSync(join(root, p, "package.json"), "utf8"));
        return [name, Object.keys(dependencies)] as const;
      }),
    );
    const below = (name: string): Set<string> =>
      new Set((direct.get(name) ?? []).flatMap((d) => [d, ...below(d)]).filter((d) => d.startsWith("@clickos/")));
    const click = /^@clickos\/click-/;
    const xen = /^@clickos\/(xen-|xenstore|grant-table|hypervisor|minios|netfront|netback|xl-fast)/;
    const nothing = /./;
    const rules: readonly (readonly [packages: string, of: RegExp])[] = [
      ["layout click-language client pcap run-loop unix-socket", nothing],
      ["codegen", /^@clickos\/(?!layout$)/],
      ["wire x86-64", /^@clickos\/(?!(layout|codegen)$)/],
      ["xen-evtchn xen-ring grant-table", /^@clickos\/(?!layout$)/],
      ["xenstore hypervisor netfront netback minios vale ixgbe-model netdev", click],
      ["click-core click-elements vale ixgbe-model netdev", xen],
      ["click-core", /^@clickos\/(click-elements|netdev|pcap|unix-socket)/],
    ];
    for (const [names, of] of rules)
      for (const name of names.split(" ")) {
        expect([name, direct.has(`@clickos/${name}`)]).toEqual([name, true]);
        expect([name, [...below(`@clickos/${name}`)].filter((d) => of.test(d))]).toEqual([name, []]);
      }
  });

  it("has elements that say the names of header fields, and no offsets", () => {
    // A load or store at a number; one of what stands at a packet's data or headers; one of the numbers that have names.
    const raw = [
      /\b\w+\.load(?:8|16|32|64)\((?:[^(),]|\([^()]*\))+,\s*\d+/,
      /\b\w+\.store(?:8|16|32|64)\((?:[^(),]|\([^()]*\))+,(?:[^(),]|\((?:[^()]|\([^()]*\))*\))+,\s*\d+/,
      /\.(?:load|store)(?:8|16|32|64)\(\s*\w+\.(?:data|network|transport)\b/,
      /\b0x(?:0800|0806|86dd|8100|88a8)\b/i,
    ];
    const found = (text: string): boolean => raw.some((pattern) => pattern.test(text));
    expect(
      [
        "c.load32(packet.network, 12)",
        'c.load16(ip.add(2), 10, "be")',
        "c.store16(at, patchDelta(sum, flow.ipDelta.get()), 10)",
        "c.store32(packet.data, high)",
        "etherType.get().eq(0x0800)",
      ].filter((text) => !found(text)),
    ).toEqual([]);
    for (const { file } of all.filter((a) => a.package === "packages/click-elements")) {
      const code = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      const lines = code.split("\n").filter((line) => found(line));
      expect([relative(root, file), lines]).toEqual([relative(root, file), []]);
    }
  });

  it("imports other packages only through entries that they declare", () => {
    const entries = new Set(
      packages.flatMap((p) => {
        const { name } = JSON.parse(readFileSync(join(root, p, "package.json"), "utf8"));
        return entriesOf(p).map(({ path }) => name + path);
      }),
    );
    for (const { file } of all)
      expect([
        relative(root, file),
        imports(file, true).filter((i) => i.startsWith("@clickos/") && !entries.has(i)),
      ]).toEqual([relative(root, file), []]);
  });

  it("builds and documents every entry that is declared", () => {
    for (const p of packages.filter((p) => p !== "apps/clickos")) {
      const files = entriesOf(p).map(({ file }) => relative(join(root, p), file));
      const built = readFileSync(join(root, p, "tsup.config.ts"), "utf8");
      const documented = JSON.parse(readFileSync(join(root, p, "typedoc.json"), "utf8")).entryPoints;
      expect([p, files.filter((f) => !existsSync(join(root, p, f)) || !built.includes(`"${f}"`))]).toEqual([p, []]);
      expect([p, documented.sort()]).toEqual([p, files.sort()]);
    }
  });

  it("gives every package a README and a licence", () => {
    for (const p of packages) {
      expect([p, existsSync(join(root, p, "README.md"))]).toEqual([p, true]);
      expect(JSON.parse(readFileSync(join(root, p, "package.json"), "utf8")).license).toBe("Apache-2.0");
    }
  });
});
