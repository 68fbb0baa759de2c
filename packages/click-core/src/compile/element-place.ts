/** Where in a router things are that elements' code needs, and how notifiers wake. */
import type { Func, FunctionBuilder } from "@clickos/codegen";
import type { Struct } from "@clickos/layout";
import type { ElementInstance } from "./check.ts";
import type { Signals } from "./flow.ts";
import type { Platform, StagedDevice, StagedPool } from "./platform.ts";
import { scheduleTask, type TaskTable } from "./tasks.ts";
import type { TimerTree } from "./timers.ts";

/** Whether there are packets (`empty`, when it sleeps) or room (`full`). */
export type NoteKind = "empty" | "full";

/** Where things are that every element's code may need. */
export interface ElementPlace {
  /** Addresses of the router's words and of the buffer for lines of text. */
  readonly elements: readonly ElementInstance[];
  readonly control: number;
  readonly line: number;
  /** By element. */
  readonly states: readonly { readonly address: number; readonly layout: Struct<any> }[];
  /** By element: the number of its first timer. */
  readonly firstTimers: readonly (number | undefined)[];
  readonly timers: TimerTree;
  readonly devices: ReadonlyMap<number, StagedDevice>;
  readonly pool: StagedPool;
  readonly platform: Platform;
  readonly tasks: TaskTable;
  /** The number of an element's task. */
  taskOf(element: number): number | undefined;
  /** The address of the word that says whether an element's notifier is awake. */
  note(element: number, kind: NoteKind): number | undefined;
  /** Elements that are told when this one's notifier wakes. */
  listeners(element: number, kind: NoteKind): readonly number[];
  signals(element: number, port: number, direction: "upstream" | "downstream"): Signals;
}

/** Wakes a notifier: those who listen run, and notifiers that depend on it wake too. */
export function wakeFunction(
  { module }: FunctionBuilder,
  place: ElementPlace,
  element: number,
  kind: NoteKind,
): Func<undefined> {
  return module.once(`wake ${kind} ${element}`, () =>
    module.func(`wake ${kind} ${element}`, {}, undefined, (c) => {
      c.store32(place.note(element, kind) as number, 1);
      const listeners = place.listeners(element, kind);
      for (const listener of listeners) {
        const task = place.taskOf(listener);
        if (task !== undefined) scheduleTask(c, place.tasks, task);
      }
      for (const listener of listeners) {
        const other = place.taskOf(listener) === undefined ? place.note(listener, kind) : undefined;
        if (other !== undefined) c.if(c.load32(other).eqz(), () => c.call(wakeFunction(c, place, listener, kind)));
      }
    }),
  );
}
