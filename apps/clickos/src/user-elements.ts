/**
 * Element classes of the user: `--elements ./my.ts`, a file of TypeScript or JavaScript, or `--elements PACKAGE`, an npm package.
 *
 * What is named is bundled with all that it imports, but for `@clickos/…`, which are the command's own modules (element-modules.ts),
 * and run: it is code of the user's, with the rights of the command. Types are taken off and not checked.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { resolve } from "node:path";
import type { ElementClass, ElementSet } from "@clickos/click-core/element";
import type { BuildFailure, BuildResult, Message } from "esbuild";
import { CommandError, tellMistakesInElements } from "./failure.ts";

export interface UserElements {
  /** The library's classes and the user's. */
  readonly elements: ElementSet;
  /** Manual pages of the user's classes: the comments that begin with their names. */
  readonly pages: ReadonlyMap<string, string>;
}

/** The library's classes, and those of files and packages. @throws {CommandError} */
export async function withUserElements(library: ElementSet, given: readonly string[]): Promise<UserElements> {
  // A class of the library is defined when it is first asked for, and stays so.
  const elements: Record<string, ElementClass> = Object.defineProperties({}, Object.getOwnPropertyDescriptors(library));
  const pages = new Map<string, string>();
  for (const what of new Set(given)) {
    const { classes, sources } = await load(what);
    for (const [name, cls] of classes) {
      if (Object.hasOwn(elements, name) && elements[name] !== cls) {
        const whose = Object.hasOwn(library, name) ? "an element of the library" : "an element of another file";
        throw new CommandError(`${what}: ${name} is ${whose}; give yours another name`);
      }
      elements[name] = cls;
    }
    for (const text of sources) for (const [name, page] of pagesIn(text)) if (classes.has(name)) pages.set(name, page);
  }
  return { elements, pages };
}

interface Loaded {
  readonly classes: ReadonlyMap<string, ElementClass>;
  /** Texts of the files that it is made of, without those of packages. */
  readonly sources: readonly string[];
}

async function load(what: string): Promise<Loaded> {
  const file = resolve(what);
  const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  if (!isFile && /^[./]|\.[cm]?[jt]s$/.test(what)) throw new CommandError(`${what}: there is no such file`);
  const bundle = await bundled(what, isFile ? file : what);
  const { elementModules } = await import("./element-modules.ts");
  tellMistakesInElements();
  const exported = run(what, file, bundle.outputFiles[0]?.text ?? "", elementModules);
  const classes = new Map<string, ElementClass>();
  for (const value of Object.values(exported))
    for (const cls of classesIn(value)) for (const name of [cls.name, ...(cls.aliases ?? [])]) classes.set(name, cls);
  if (classes.size === 0)
    throw new CommandError(`${what} exports no element: export const ${"Name"} = element({ name: "Name", … })`);
  const sources = Object.keys(bundle.metafile.inputs)
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !path.includes("node_modules/"))
    .map((path) => readFileSync(resolve(path), "utf8"));
  return { classes, sources };
}

type Bundle = BuildResult<{ write: false; metafile: true }>;

/** One script of a file or package and what it imports. @throws {CommandError} */
async function bundled(what: string, from: string): Promise<Bundle> {
  let esbuild: typeof import("esbuild");
  try {
    esbuild = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  } catch {
    throw new CommandError("--elements needs the package esbuild, which is not installed: npm install esbuild");
  }
  try {
    return await esbuild.build({
      stdin: {
        contents: `import * as all from ${JSON.stringify(from)};\nmodule.exports = all;`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      write: false,
      metafile: true,
      format: "cjs",
      platform: "node",
      target: "node20",
      external: ["@clickos/*"],
      sourcemap: "inline",
      sourcesContent: false,
      outfile: "elements.cjs",
      logLevel: "silent",
    });
  } catch (e) {
    const { errors } = e as Partial<BuildFailure>;
    if (!errors) throw e;
    throw new CommandError(errors.map((message) => messageText(what, message)).join("\n"));
  } finally {
    // It runs in a process of its own.
    await esbuild.stop();
  }
}

function messageText(what: string, { text, location }: Message): string {
  if (!location || location.file === "<stdin>")
    return /^Could not resolve/.test(text)
      ? `${what}: there is no such file, and no package of that name is installed here`
      : `${what}: ${text}`;
  const { file, line, column, lineText } = location;
  return `${file}:${line}:${column + 1}: ${text}\n    ${lineText}\n    ${" ".repeat(column)}^`;
}

/** Runs the script; what it exports. Its errors have their places in the user's files. @throws {CommandError} */
function run(what: string, file: string, script: string, modules: Readonly<Record<string, object>>): object {
  const others = createRequire(file);
  const module = new Module(`${file}.cjs`) as Module & { _compile(code: string, file: string): void };
  module.filename = module.id;
  module.require = ((name: string): unknown => {
    if (!name.startsWith("@clickos/")) return others(name);
    const found = modules[name];
    if (found) return found;
    throw new CommandError(
      `${what} imports ${name}; of ClickOS, elements may import ${Object.keys(modules).slice(0, 5).join(", ")} and the entries of the last`,
    );
  }) as typeof module.require;
  process.setSourceMapsEnabled(true);
  try {
    module._compile(script, module.id);
  } catch (e) {
    if (e instanceof CommandError) throw e;
    throw new CommandError(`${what} cannot be loaded: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
  }
  return module.exports as object;
}

/** Whether a value is an element class: what `element` makes. */
function isClass(value: unknown): value is ElementClass {
  if (typeof value !== "object" || value === null) return false;
  const { name, ports, processing } = value as Partial<Record<keyof ElementClass, unknown>>;
  return typeof name === "string" && typeof ports === "string" && typeof processing === "string";
}

/** A class, or those of a set. */
function classesIn(value: unknown): ElementClass[] {
  if (isClass(value)) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).filter(isClass) : [];
}

/** Comments that are manual pages: they begin with a name, and perhaps arguments, then a dash. */
function* pagesIn(text: string): Generator<[name: string, page: string]> {
  for (const [, comment = ""] of text.matchAll(/^\/\*\*\r?\n([\s\S]*?)\r?\n \*\//gm)) {
    const page = comment.replace(/^ \* ?/gm, "").trim();
    const name = /^(\w+)(?:\([\s\S]*?\))? —/.exec(page)?.[1];
    if (name !== undefined) yield [name, page];
  }
}
