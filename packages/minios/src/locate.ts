/** Finds the element that a crash was in: from the bytes of code on the stack, or from what the router noted last. */
import {
  type CheckedGraph,
  type CompiledRouter,
  checkConfiguration,
  compile,
  type ElementSet,
  lineAndColumn,
  routerControl,
} from "@clickos/click-core";
import type { Locate } from "@clickos/hypervisor";
import type { ImageManifest } from "./image.ts";
import { miniosPlatform } from "./platform.ts";

/**
 * What the configuration of a manifest says of a crash. It is compiled again for it: the same configuration gives the
 * same bytes, and an image need not carry what only crashes need.
 */
export function locateCrash(manifest: ImageManifest, elements: ElementSet): Locate {
  return ({ frames, memory }) => {
    const { checked } = checkConfiguration(manifest.config, elements);
    const { name } = manifest;
    const rings = Object.fromEntries(manifest.vifs.map((v) => [v.device, v.rings]));
    const place = { base: manifest.router.base, firstGrant: manifest.grants.first };
    const compiled: CompiledRouter = compile(checked, miniosPlatform([], place, name, rings));
    const regions = compiled.regions();
    const own = frames.filter((f) => f.module === "" || f.module === name);
    for (const { offset } of own) {
      // Regions lie in one another: the innermost is the last that holds the place.
      const region = regions.findLast((r) => r.start <= offset && offset <= r.end);
      const found = region && where(checked, (e) => e === region.name);
      if (found) return found;
    }
    if (frames.length > 0) return undefined;
    const { running } = routerControl.view(memory.buffer, manifest.router.control);
    return where(checked, (_, index) => index === running - 1);
  };
}

function where(
  checked: CheckedGraph,
  is: (name: string, index: number) => boolean,
): { element: string; configuration: string } | undefined {
  const found = checked.elements.find((e) => is(e.source.name, e.index));
  if (!found) return undefined;
  const { file, line, column } = lineAndColumn(found.source.place);
  return { element: `${found.source.name} :: ${found.class.name}`, configuration: `${file}:${line}:${column}` };
}
