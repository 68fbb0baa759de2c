/**
 * Configurations with parameters, compiled once for many VMs. A parameter stands as `$NAME` in arguments that can be changed while a router
 * runs: they are written to each VM's handlers before it runs.
 */
import type { ElementSet } from "@clickos/click-core";
import { writableArguments } from "@clickos/click-core/compile";
import type { Image, LinkOptions } from "@clickos/click-image";
import { ConfigurationError, Diagnostics, flatten, parse, type Source } from "@clickos/click-language";
import type { LinkRouter } from "./link.ts";

export interface TemplateOptions extends LinkOptions {
  /** The parameters, with values that the configuration is compiled with: any that are right where they stand. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Handlers that are written besides, with texts in which parameters may stand. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** What compiles it. */
  readonly link: LinkRouter;
}

/** What is written to a VM. */
export interface TemplateWrite {
  readonly path: string;
  readonly value: string;
}

export interface Template {
  readonly image: Image;
  /** What makes a VM of the image one with these values. */
  writes(values: Readonly<Record<string, string>>): TemplateWrite[];
}

/**
 * Compiles a template.
 *
 * @throws {ConfigurationError} with everything that is wrong, parameters in arguments that are compiled in among it.
 */
export async function compileTemplate(source: Source, options: TemplateOptions): Promise<Template> {
  const { parameters, set = {}, elements, link, ...others } = options;
  const names = Object.keys(parameters);
  const writes = [...writesOf(source, names, elements), ...writesAsSet(source, names, set)];
  // In the first line, so that others keep their places. An image has its configuration whole.
  const define = `define(${names.map((name) => `$${name} ${parameters[name]}`).join(", ")}); `;
  const image = await link({ file: source.file, text: define + source.text }, others);
  for (const { path } of writes) checkHandler(source, image, path);
  return {
    image,
    writes: (values) =>
      writes.map(({ path, parts }) => ({ path, value: parts.map((p) => textOf(p, values)).join("") })),
  };
}

/** A text, or a parameter's name. */
type Part = string | { readonly name: string };
interface Write {
  readonly path: string;
  readonly parts: readonly Part[];
}

function textOf(part: Part, values: Readonly<Record<string, string>>): string {
  return typeof part === "string" ? part : (values[part.name] ?? "");
}

/** What stands for a parameter while its place is looked for. */
const standIn = (name: string): string => `clickos-parameter-${name}-`;

/** Where parameters stand in the arguments of elements. */
function writesOf(source: Source, names: readonly string[], elements: ElementSet): Write[] {
  const diagnostics = new Diagnostics();
  const variables = new Map(names.map((name) => [name, standIn(name)]));
  const graph = flatten(parse(source), diagnostics, { classes: elements, provides: () => false, variables });
  const writes: Write[] = [];
  for (const { name, className, arguments: given, place } of graph.elements) {
    const cls = Object.hasOwn(elements, className) ? elements[className] : undefined;
    if (!cls) continue;
    const texts = given.map(({ text }) => text);
    const writable = writableArguments(cls, texts);
    for (const [i, text] of texts.entries()) {
      const inside = names.filter((each) => text.includes(standIn(each)));
      if (inside.length === 0) continue;
      const found = writable.get(i);
      if (found) writes.push({ path: `${name}.${found.handler}`, parts: partsOf(found.text, inside, standIn) });
      else
        diagnostics.error(
          place,
          `'$${inside[0]}' stands in an argument of '${name} :: ${className}' that is compiled in`,
          "parameters may stand in arguments that are changed by a handler while a router runs; others are set by name, with 'set'",
        );
    }
  }
  diagnostics.throwIfFailed();
  return writes;
}

/** Handlers by name, with `$NAME` or `${NAME}` in their texts. */
function writesAsSet(source: Source, names: readonly string[], set: Readonly<Record<string, string>>): Write[] {
  return Object.entries(set).map(([path, text]) => {
    const parts: Part[] = [];
    let end = 0;
    for (const match of text.matchAll(/\$(?:(\w+)|\{(\w+)\})/g)) {
      const name = (match[1] ?? match[2]) as string;
      if (!names.includes(name))
        throw mistake(
          source,
          `'${path}' is set to '${text}': there is no parameter '$${name}', but ${names.map((n) => `$${n}`).join(", ")}`,
        );
      parts.push(text.slice(end, match.index), { name });
      end = match.index + match[0].length;
    }
    return { path, parts: [...parts, text.slice(end)] };
  });
}

function partsOf(text: string, names: readonly string[], standing: (name: string) => string): Part[] {
  let parts: Part[] = [text];
  for (const name of names)
    parts = parts.flatMap((part) =>
      typeof part === "string"
        ? part.split(standing(name)).flatMap((piece, i): Part[] => (i === 0 ? [piece] : [{ name }, piece]))
        : [part],
    );
  return parts;
}

function checkHandler(source: Source, { manifest }: Image, path: string): void {
  const found = manifest.handlers.find((entry) => entry.path === path);
  if (found && found.access !== "r") return;
  throw mistake(source, found ? `the handler '${path}' cannot be written` : `there is no handler '${path}'`);
}

function mistake(source: Source, message: string): ConfigurationError {
  const diagnostics = new Diagnostics();
  diagnostics.error({ source, offset: 0 }, message);
  return new ConfigurationError(diagnostics.list);
}
