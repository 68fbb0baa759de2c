/**
 * What structures in the heap have from the start: classes put it there when the program is made (`fill`), over a memory like
 * the router's, and it becomes part of the program's data. The heap's free part begins behind it.
 *
 * The memory that is filled is a small one, in which the heap comes right behind the states and not behind the pool of
 * buffers. Everything is done twice, with the heap in two places: a word that differs by as much as the places do is an address,
 * and is moved to where the heap will be.
 */
import { ConfigurationError } from "@clickos/click-language";
import type { ModuleBuilder } from "@clickos/codegen";
import { alignUp, type FieldType, type Struct } from "@clickos/layout";
import type { HostHeap } from "../element/handler.ts";
import { ElementDefinitionError } from "../element/ownership.ts";
import { HostMemory } from "../runtime/host-memory.ts";
import type { ElementInstance } from "./check.ts";
import { routerControl } from "./platform.ts";

/** Bytes that are tried first; and how many times as many after that. */
const smallest = 1 << 14;
const growth = 8;
/** Between the two places of the heap. */
const shift = 4096;
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

/** A field that is filled. */
interface Filled {
  readonly instance: ElementInstance;
  readonly name: string;
  /** Of the state. */
  readonly address: number;
  readonly layout: Struct<any>;
  fill(field: unknown, context: { heap: HostHeap; config: unknown; plan: unknown }): void;
}

/** Fills structures and places the data. @returns where the heap's free part begins. */
export function prefill(place: Prefilling): number {
  const { module, control, heap, limit } = place;
  const fields = place.elements.flatMap((instance): Filled[] =>
    Object.entries(instance.class.fill ?? {}).map(([name, fill]) => ({
      instance,
      name,
      ...(place.states[instance.index] as Prefilling["states"][number]),
      fill: fill as Filled["fill"],
    })),
  );
  // What is too large already is told of by who looks at the whole.
  if (fields.length === 0 || heap >= limit) return heap;
  const ends = fields.map((f) => f.address + f.layout.size);
  const first = alignUp(Math.max(control + routerControl.size, ...ends), shift);
  const [one, other] = filledTwice(fields, control, first, limit - heap);
  /** Bytes of the one memory, addresses in them as they will be. */
  const settled = (at: number, bytes: number, otherAt: number): Uint8Array => {
    const [a, b] = [new Uint32Array(one.memory, at, bytes / 4), new Uint32Array(other.memory, otherAt, bytes / 4)];
    const words = a.map((word, i) => {
      const by = ((b[i] as number) - word) >>> 0;
      if (by !== 0 && by !== shift)
        throw new ElementDefinitionError(
          "what `fill` leaves depends on where the heap is, otherwise than by addresses",
        );
      return by === 0 ? word : word - first + heap;
    });
    return new Uint8Array(words.buffer);
  };
  for (const { name, address, layout } of fields) {
    const at = address + (layout.offsets[name] as number);
    module.data(at, settled(at, (layout.fields[name] as FieldType).size, at));
  }
  const lists = control + routerControl.offsets.heapFree;
  module.data(lists, settled(lists, routerControl.fields.heapFree.size, lists));
  placeRuns(module, heap, settled(first, one.next - first, first + shift));
  return heap + one.next - first;
}

interface FilledMemory {
  readonly memory: ArrayBuffer;
  /** Where the heap's free part begins. */
  readonly next: number;
}

/** Two memories, in which the heap begins at `first` and behind it. @throws {ConfigurationError} when there is no room for it. */
function filledTwice(
  fields: readonly Filled[],
  control: number,
  first: number,
  limit: number,
): [FilledMemory, FilledMemory] {
  for (let bytes = smallest; ; bytes *= growth) {
    const room = Math.min(bytes, limit);
    try {
      return [filled(fields, control, first, room), filled(fields, control, first + shift, room)];
    } catch (problem) {
      if (!(problem instanceof NoMemory)) throw problem;
      if (room === bytes) continue;
      throw new ConfigurationError([
        {
          severity: "error",
          message: `the tables of the configuration need more than the ${Math.floor(limit / 1024)} KiB of memory that are left for them`,
          place: undefined,
        },
      ]);
    }
  }
}

function filled(fields: readonly Filled[], controlAt: number, first: number, room: number): FilledMemory {
  const memory = new ArrayBuffer(first + room);
  const control = routerControl.view(memory, controlAt);
  control.heapNext = first;
  control.heapEnd = first + room;
  const host = new HostMemory({ buffer: memory }, { control: controlAt, pool: { base: 0, count: 0 } });
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
  for (const { fill, instance, name, address, layout } of fields)
    fill(layout.view(memory, address)[name], { heap, config: instance.config, plan: instance.plan });
  return { memory, next: control.heapNext };
}

/** Places bytes from an address on, without long runs of zeros. */
function placeRuns(module: ModuleBuilder, address: number, bytes: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer);
  let from = 0;
  let last = -1;
  const place = (): void => {
    if (last >= from) module.data(address + from * 4, bytes.subarray(from * 4, (last + 1) * 4));
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
