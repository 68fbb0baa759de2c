/** Finds the element that a crash was in: from the bytes of code on the stack, or from what the router noted last. */
import type { ElementSet } from "@clickos/click-core";
import { type CheckedGraph, checkConfiguration, routerControl } from "@clickos/click-core/compile";
import { lineAndColumn } from "@clickos/click-language";
import { wasmRegions } from "@clickos/codegen";
import type { CrashPlace, Locate } from "@clickos/hypervisor";
import type { ImageManifest } from "./manifest.ts";
import { recompile } from "./recompile.ts";

/**
 * What the configuration of a manifest says of a crash. It is compiled again when somebody asks: the same configuration
 * gives the same bytes, and an image need not carry what only crashes need.
 */
export function locateCrash(manifest: ImageManifest, elements: ElementSet): Locate {
  return ({ frames, memory }) => {
    const { running } = routerControl.view(memory.buffer, manifest.router.control);
    return () => {
      const { checked } = checkConfiguration(manifest.config, elements);
      if (frames.length === 0) return where(checked, (_, index) => index === running - 1);
      const { name } = manifest;
      const regions = wasmRegions(recompile(manifest, elements).ir);
      for (const { module, offset } of frames) {
        if (module !== "" && module !== name) continue;
        // Regions lie in one another: the innermost is the last that holds the place.
        const region = regions.findLast((r) => r.start <= offset && offset <= r.end);
        const found = region && where(checked, (e) => e === region.name);
        if (found) return found;
      }
      return undefined;
    };
  };
}

function where(checked: CheckedGraph, is: (name: string, index: number) => boolean): CrashPlace | undefined {
  const found = checked.elements.find((e) => is(e.source.name, e.index));
  if (!found) return undefined;
  const { file, line, column } = lineAndColumn(found.source.place);
  return { element: `${found.source.name} :: ${found.class.name}`, configuration: `${file}:${line}:${column}` };
}
