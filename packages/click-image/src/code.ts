/** What an image's code is made of: how many bytes each element has of it, and the code for reading. */
import type { ElementSet } from "@clickos/click-core";
import { moduleText, wasmRegions } from "@clickos/codegen";
import type { ImageManifest } from "./manifest.ts";
import { recompile } from "./recompile.ts";

export interface ImageCode {
  /** Bytes of code by element, in the order of the configuration. One whose code nothing reaches has none. */
  readonly elements: readonly { readonly name: string; readonly className: string; readonly bytes: number }[];
  /** Bytes of data: constants of elements, tables, what fields start with. */
  readonly data: number;
  /** The intermediate representation as text: functions with their blocks, each block of an element with its name. */
  readonly text: string;
}

/**
 * Compiles the configuration of an image again and looks at what comes of it. It is the image's own code only where `compareCode`
 * says that it is the same. What several elements share, such as functions of tables, and the kernel count for none.
 *
 * @throws {ConfigurationError} where these classes do not take the configuration.
 */
export function imageCode(manifest: ImageManifest, elements: ElementSet): ImageCode {
  const { ir } = recompile(manifest, elements);
  const bytes = new Map<string, number>();
  const around: { readonly name: string; readonly end: number }[] = [];
  const add = (name: string, count: number): void => void bytes.set(name, (bytes.get(name) ?? 0) + count);
  // Regions lie in one another, outer ones first: what is in an inner one is not the outer's.
  for (const { name, start, end } of wasmRegions(ir)) {
    while (around.length > 0 && (around.at(-1)?.end as number) <= start) around.pop();
    const outer = around.at(-1);
    if (outer) add(outer.name, start - end);
    add(name, end - start);
    around.push({ name, end });
  }
  return {
    elements: manifest.router.elements.map(({ name, className }) => ({ name, className, bytes: bytes.get(name) ?? 0 })),
    data: ir.data.reduce((sum, segment) => sum + segment.bytes.length, 0),
    get text() {
      return moduleText(ir);
    },
  };
}
