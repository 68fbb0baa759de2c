/** What is different between two images: elements, connections, interfaces, memory, size. */
import type { ElementSet } from "@clickos/click-core/element";
import { compareCode, type Image, imageCode } from "@clickos/click-image";
import { ConfigurationError, Diagnostics, flatten, type Graph, parse } from "@clickos/click-language";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

/** A line of difference: what only the first has, what only the second has, or a number of both. */
export interface ImageDifference {
  readonly elements: readonly Change[];
  readonly connections: readonly Change[];
  /** Element classes that the two were made with in different versions. */
  readonly classes: readonly string[];
  /** Numbers that are not the same. */
  readonly numbers: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  /** Whether the bytes are the same. */
  readonly same: boolean;
}

export interface Change {
  readonly before?: string;
  readonly after?: string;
}

export function diffImages(before: Image, after: Image, elements: ElementSet): ImageDifference {
  const [a, b] = [before, after].map((image) => partsOf(image, elements)) as [Parts, Parts];
  const names = [...new Set([...a.numbers.keys(), ...b.numbers.keys()])];
  return {
    elements: changesOf(a.elements, b.elements),
    connections: changesOf(a.connections, b.connections),
    classes: Object.entries(before.manifest.library).flatMap(([name, digest]) => {
      const other = after.manifest.library[name];
      return other === undefined || other === digest ? [] : [name];
    }),
    numbers: names
      .map((name) => ({ name, before: a.numbers.get(name) ?? 0, after: b.numbers.get(name) ?? 0 }))
      .filter((n) => n.before !== n.after),
    same: before.contentSha256 === after.contentSha256,
  };
}

interface Parts {
  /** By name: the declaration. */
  readonly elements: ReadonlyMap<string, string>;
  readonly connections: ReadonlyMap<string, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

function partsOf(image: Image, elements: ElementSet): Parts {
  const { manifest, bytes } = image;
  const { router, vifs } = manifest;
  const numbers = new Map([
    ["image, bytes", bytes.length],
    ["memory, KiB", router.pages * 64],
    ["packet buffers", router.pool.count],
    ["interfaces", vifs.length],
  ]);
  const labels = labelsOf(router.elements);
  const label = (name: string): string => labels.get(name) ?? name;
  if (compareCode(image, elements).code === "same")
    for (const { name, bytes } of imageCode(manifest, elements).elements)
      numbers.set(`code of ${label(name)}, bytes`, bytes);
  for (const { name, stateSize } of router.elements) numbers.set(`state of ${label(name)}, bytes`, stateSize);
  const graph = graphOf(image, elements);
  const name = (index: number): string => label(graph?.elements[index]?.name ?? "?");
  const ways = (graph?.connections ?? []).map(
    ({ from, to }) => `${name(from.element)} [${from.port}] -> [${to.port}] ${name(to.element)}`,
  );
  return {
    elements: new Map(
      router.elements.map((e) => [label(e.name), isNamed(e.name) ? `${e.name} :: ${declarationOf(e)}` : label(e.name)]),
    ),
    connections: new Map(ways.map((way) => [way, way])),
    numbers,
  };
}

type ElementText = Pick<Image["manifest"]["router"]["elements"][number], "name" | "className" | "configText">;

function declarationOf({ className, configText }: ElementText): string {
  return configText ? `${className}(${configText})` : className;
}

/** Others have a number, which says how many stand before them. */
function isNamed(name: string): boolean {
  return !/@\d+$/.test(name);
}

/** What elements are called where numbers of those without names would be different for no reason: by what they are. */
function labelsOf(elements: readonly ElementText[]): Map<string, string> {
  const seen = new Map<string, number>();
  return new Map(
    elements.map((e) => {
      if (isNamed(e.name)) return [e.name, e.name];
      const base = e.name.slice(0, e.name.lastIndexOf("/") + 1) + declarationOf(e);
      const count = (seen.get(base) ?? 0) + 1;
      seen.set(base, count);
      return [e.name, count === 1 ? base : `${base} (${count})`];
    }),
  );
}

/** `undefined` for a configuration that cannot be read: an image may say anything. */
function graphOf({ manifest }: Image, elements: ElementSet): Graph | undefined {
  try {
    return flatten(parse(manifest.config), new Diagnostics(), { classes: elements });
  } catch (e) {
    if (e instanceof ConfigurationError) return undefined;
    throw e;
  }
}

function changesOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const [a, b] = [before.get(key), after.get(key)];
    return a === b ? [] : [{ ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) }];
  });
}

export function differenceText({ elements, connections, classes, numbers, same }: ImageDifference): string {
  if (same) return "the images are the same";
  const lines = [...elements, ...connections].flatMap(({ before, after }) => [
    ...(before === undefined ? [] : [`- ${printable(before)}`]),
    ...(after === undefined ? [] : [`+ ${printable(after)}`]),
  ]);
  if (classes.length > 0) lines.push(`made with different versions of ${printable(classes.join(", "))}`);
  if (numbers.length > 0)
    lines.push(
      table(
        numbers.map((n) => [n.name, n.before, "→", n.after, `${n.after > n.before ? "+" : ""}${n.after - n.before}`]),
        "",
      ),
    );
  return lines.length > 0 ? lines.join("\n") : "the same elements, connections and sizes; names or code are different";
}
