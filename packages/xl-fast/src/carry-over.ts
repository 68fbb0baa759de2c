/**
 * A saved VM under other code: its configurations are compiled again, with the element library that is here, and the state of
 * its elements is moved into the memory of the VM that comes of it, field by field, as a hot swap does.
 */
import type { ElementSet } from "@clickos/click-core";
import { transferState, transferTasks } from "@clickos/click-core/runtime";
import type { Image } from "@clickos/click-image";
import { frameSize } from "@clickos/grant-table";
import type { DomainSnapshot } from "@clickos/hypervisor";
import { checkedGraph } from "./checked-graph.ts";
import { ToolstackError } from "./error.ts";
import type { LinkRouter } from "./link.ts";
import type { SavedVm } from "./vm-file.ts";

const pageSize = 65536;

/**
 * The images of a saved VM's routers, linked again, one behind the other where they have grown.
 *
 * @throws {ToolstackError} OTHER_LIBRARY when a class is not there.
 * @throws {ConfigurationError} when the classes take the configuration no more.
 */
export async function relink(saved: SavedVm, elements: ElementSet, link: LinkRouter): Promise<SavedVm["routers"]> {
  const missing = new Set(
    saved.routers.flatMap(({ image }) =>
      image.manifest.router.elements.map((e) => e.className).filter((name) => !Object.hasOwn(elements, name)),
    ),
  );
  if (missing.size > 0)
    throw new ToolstackError(
      "OTHER_LIBRARY",
      `'${saved.name}' cannot be compiled here: there is no element class ${[...missing].join(", ")}`,
    );
  const linked: { router: number; image: Image }[] = [];
  let end = 0;
  let grants = 0;
  const byPlace = [...saved.routers].sort((a, b) => a.image.manifest.router.base - b.image.manifest.router.base);
  for (const { router, image } of byPlace) {
    const { config, name, vifs, router: plan, grants: entries } = image.manifest;
    const place = {
      base: Math.max(plan.base, Math.ceil(end / frameSize) * frameSize),
      firstGrant: Math.max(entries.first, grants),
    };
    const rings = Object.fromEntries(vifs.map((v) => [v.device, v.rings]));
    const next = await link(config, { name, place, rings });
    end = next.manifest.router.end;
    grants = next.manifest.grants.first + next.manifest.grants.count;
    linked.push({ router, image: next });
  }
  return linked;
}

/** The memory that a snapshot was taken of. */
export function memoryOf({ pages, frames }: DomainSnapshot): Uint8Array {
  const memory = new Uint8Array(pages * pageSize);
  for (const { frame, bytes } of frames) memory.set(bytes, frame * frameSize);
  return memory;
}

/**
 * Makes what moves a router's state from a former memory to another. Much of the work is done by then.
 *
 * @throws {ConfigurationError} when the classes do not take the configuration.
 */
export function stateCarrier(before: Image, after: Image, elements: ElementSet): StateCarrier {
  const checked = checkedGraph(after, elements);
  return (former, memory) => {
    try {
      const was = { memory: former, plan: before.manifest.router };
      transferState(was, memory, { memory: after.manifest.router, checked });
      if (before.manifest.config.text === after.manifest.config.text)
        transferTasks(was, { memory, plan: after.manifest.router });
    } catch (e) {
      if (!(e instanceof RangeError)) throw e;
      throw new ToolstackError("BAD_FILE", `the state of '${before.manifest.name}' cannot be moved: ${e.message}`);
    }
  };
}

/** @throws {ToolstackError} BAD_FILE when the former memory holds what cannot be. */
export type StateCarrier = (former: { readonly buffer: ArrayBufferLike }, memory: WebAssembly.Memory) => void;
