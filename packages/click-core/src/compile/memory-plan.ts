/** Where everything of a compiled router is in memory. Plain data: it travels in images. */
import type { Fields, Struct } from "@clickos/layout";

/** A field of an element's state: its name, the name of its type, its offset and size in bytes. */
export type FieldPlace = readonly [name: string, type: string, offset: number, size: number];

export function fieldPlaces(layout: Struct<Fields>): FieldPlace[] {
  return layout.rows.map(({ name, type, offset, size }) => [name, type, offset, size]);
}

/** Whether a layout is the one that these places describe. */
export function sameLayout(layout: Struct<Fields>, places: readonly FieldPlace[]): boolean {
  return JSON.stringify(fieldPlaces(layout)) === JSON.stringify(places);
}

/** What the host knows of an element. */
export interface ElementPlan {
  readonly name: string;
  readonly className: string;
  readonly configText: string;
  /** How its ports are used and connected, as the `ports` handler shows it. */
  readonly ports: string;
  /** Address and size of the state. */
  readonly state: number;
  readonly stateSize: number;
  /** Which of the plan's `layouts` the state has. */
  readonly layout: number;
  /** Number of the element's task. */
  readonly task?: number;
  /** Of elements whose host side wakes those that sleep while a pull finds nothing: their tasks, and the word that says so. */
  readonly wakes?: { readonly note: number; readonly tasks: readonly number[] } | undefined;
  /** Its timers among the router's: the number of the first, and how many. */
  readonly timers?: { readonly first: number; readonly count: number };
}

/** Where a count of drops is: a 64-bit number at `address`. */
export interface DropCounter {
  readonly element: string;
  readonly reason: string;
  readonly address: number;
}

export interface MemoryPlan {
  readonly pages: number;
  /** The router's memory: from `base` to before `end`. */
  readonly base: number;
  readonly end: number;
  /** First byte of the heap, where the router has one: it ends where the memory ends that the router is given. */
  readonly heap?: number;
  /** Address of the `routerControl` words. */
  readonly control: number;
  readonly elements: readonly ElementPlan[];
  /** Layouts that states have; elements of one class mostly share one. */
  readonly layouts: readonly (readonly FieldPlace[])[];
  readonly drops: readonly DropCounter[];
  readonly devices: readonly number[];
  /** The table of tasks: see compile/tasks.ts. */
  readonly tasks: { readonly table: number; readonly count: number };
  /** The words that say of each notifier whether it is awake; plans of former versions may have none. */
  readonly notes?: { readonly start: number; readonly count: number };
  /** The tree of the times that timers are due: see compile/timers.ts. */
  readonly timers: { readonly tree: number; readonly leaves: number };
  readonly pool: { readonly base: number; readonly count: number };
}
