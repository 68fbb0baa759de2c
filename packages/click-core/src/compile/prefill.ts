/**
 * What structures in the heap have from the start: classes put it there when the program is made (`fill`), over a memory like
 * the router's, and it becomes part of the program's data. The heap's free part begins behind it.
 */
import { ConfigurationError } from "@clickos/click-language";
import type { ModuleBuilder } from "@clickos/codegen";
import type { FieldType, Struct } from "@clickos/layout";
import type { HostHeap } from "../element/handler.ts";
import { ElementDefinitionError } from "../element/ownership.ts";
import { HostMemory } from "../runtime/host-memory.ts";
import type { ElementInstance } from "./check.ts";
import { routerControl } from "./platform.ts";

/** Bytes that are tried first. */
const smallest = 1 << 18;
/** As many zeros in a row are left out of the data. */
const gap = 4096;

class NoMemory extends Error {}

export interface Prefilling {
  readonly module: ModuleBuilder;
  readonly elements: readonly ElementInstance[];
  readonly states: readonly { readonly address: number; readonly layout: Struct<any> }[];
  /** Address of the `routerControl` words. */
  readonly control: number;
  /** Where the heap begins, and where it has to end. */
  readonly heap: number;
  readonly limit: number;
}

/** Fills structures and places the data. @returns where the heap's free part begins. */
export function prefill(place: Prefilling): number {
  const fields = place.elements.flatMap((e) =>
    Object.entries(e.class.fill ?? {}).map(([name, fill]) => ({ e, name, fill: fill as Fill })),
  );
  // What is too large already is told of by who looks at the whole.
  if (fields.length === 0 || place.heap >= place.limit) return place.heap;
  for (let bytes = smallest; ; bytes *= 4) {
    const room = Math.min(bytes, place.limit - place.heap);
    const memory = new ArrayBuffer(place.heap + room);
    const control = routerControl.view(memory, place.control);
    control.heapNext = place.heap;
    control.heapEnd = place.heap + room;
    const host = new HostMemory({ buffer: memory }, { control: place.control, pool: { base: 0, count: 0 } });
    const heap: HostHeap = {
      data: host.data,
      allocate(size) {
        const address = host.allocate(size);
        if (address === 0) throw new NoMemory();
        return address;
      },
      free: (address, size) => host.free(address, size),
      get seed(): bigint {
        throw new ElementDefinitionError("what depends on the router's seed cannot be filled before that is drawn");
      },
    };
    try {
      for (const { e, name, fill } of fields) {
        const { address, layout } = place.states[e.index] as Prefilling["states"][number];
        fill(layout.view(memory, address)[name], { heap, config: e.config, plan: e.plan });
      }
    } catch (problem) {
      if (!(problem instanceof NoMemory)) throw problem;
      if (room === bytes) continue;
      throw new ConfigurationError([
        {
          severity: "error",
          message: `the tables of the configuration need more than the ${Math.floor(place.limit / 1024)} KiB of memory allowed`,
          place: undefined,
        },
      ]);
    }
    for (const { e, name } of fields) {
      const { address, layout } = place.states[e.index] as Prefilling["states"][number];
      const { size } = layout.fields[name] as FieldType;
      const at = address + (layout.offsets[name] as number);
      place.module.data(at, new Uint8Array(memory, at, size));
    }
    const lists = place.control + routerControl.offsets.heapFree;
    place.module.data(lists, new Uint8Array(memory, lists, routerControl.fields.heapFree.size));
    placeRuns(place.module, memory, place.heap, control.heapNext);
    return control.heapNext;
  }
}

type Fill = (field: unknown, context: { heap: HostHeap; config: unknown; plan: unknown }) => void;

/** Places the bytes from `start` to `end`, without long runs of zeros. */
function placeRuns(module: ModuleBuilder, memory: ArrayBuffer, start: number, end: number): void {
  const words = new Uint32Array(memory, start, (end - start) / 4);
  let from = 0;
  let last = -1;
  const place = (): void => {
    if (last >= from) module.data(start + from * 4, new Uint8Array(memory, start + from * 4, (last + 1 - from) * 4));
  };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 0) continue;
    if (i - last > gap / 4) {
      place();
      from = i;
    }
    last = i;
  }
  place();
}
