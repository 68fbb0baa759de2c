/**
 * Tasks, scheduled by strides as Click schedules them (lib/routerthread.cc): a list of those that are scheduled, in the order of
 * their passes. The first one runs; then it goes on by its stride, which is the shorter the more tickets it has, and takes its new
 * place. One that found nothing to do goes behind the next. A task that is not scheduled costs nothing.
 */
import { type Func, type FunctionBuilder, type I32, type ModuleBuilder, staged } from "@clickos/codegen";
import { type Struct, struct, type U32Field, u32 } from "@clickos/layout";
import { maximumTickets } from "../element/tickets.ts";
import type { CheckedGraph, ElementInstance } from "./check.ts";
import { routerControl } from "./platform.ts";

/**
 * `next` and `previous` are addresses of records, 0 where a task is not in the list. One that was unscheduled stays in it until its
 * turn comes. One that was given no tickets is its own neighbour: it may be scheduled, and never runs. `seen` is the epoch in which the task last found nothing to do: a new one begins with each that finds something.
 */
export const taskRecord: Struct<{
  next: U32Field;
  previous: U32Field;
  pass: U32Field;
  stride: U32Field;
  tickets: U32Field;
  scheduled: U32Field;
  seen: U32Field;
  polls: U32Field;
}> = struct(
  { next: u32, previous: u32, pass: u32, stride: u32, tickets: u32, scheduled: u32, seen: u32, polls: u32 },
  { name: "task", size: 32 },
);

/** The stride of one ticket. */
const stride1 = 65536;

/** Where a router keeps its tasks: the record at the head of the list, and then one for each task. */
export interface TaskTable {
  readonly table: number;
  readonly count: number;
}

/** Bytes of a table. */
export function taskTableSize(count: number): number {
  return (count + 1) * taskRecord.size;
}

const recordOf = ({ table }: TaskTable, task: number): number => table + (task + 1) * taskRecord.size;

// ---- on the host

/** A table as the host reads and changes it; `data` begins at the address `origin`. */
export class TaskList {
  private readonly data: DataView;
  private readonly place: TaskTable;
  private readonly origin: number;

  constructor(data: DataView, place: TaskTable, origin = 0) {
    this.data = data;
    this.place = place;
    this.origin = origin;
  }

  record(task: number): ReturnType<typeof taskRecord.view> {
    return this.at(recordOf(this.place, task));
  }

  /** Nothing in the memory is believed: an address that cannot be is a `RangeError`. */
  private at(address: number): ReturnType<typeof taskRecord.view> {
    const offset = address - this.place.table;
    if (offset < 0 || offset % taskRecord.size !== 0 || offset >= taskTableSize(this.place.count))
      throw new RangeError(`there is no task at ${address}`);
    return taskRecord.view(this.data.buffer, this.data.byteOffset + address - this.origin);
  }

  /** An empty list. */
  clear(): void {
    const head = this.at(this.place.table);
    head.next = this.place.table;
    head.previous = this.place.table;
  }

  schedule(task: number): void {
    const own = this.record(task);
    own.scheduled = 1;
    if (own.next !== 0) return;
    const { table, count } = this.place;
    let next = this.at(table).next;
    own.pass = (this.at(next).pass + own.stride) >>> 0;
    for (let i = 0; i < count && next !== table && !isAfter(this.at(next).pass, own.pass); i++)
      next = this.at(next).next;
    const after = this.at(next);
    const address = recordOf(this.place, task);
    own.next = next;
    own.previous = after.previous;
    this.at(after.previous).next = address;
    after.previous = address;
  }

  /** Whether a task is scheduled that does not wait for a device. */
  get active(): boolean {
    for (let task = 0; task < this.place.count; task++) {
      const { next, scheduled, polls } = this.record(task);
      if (next !== 0 && next !== recordOf(this.place, task) && scheduled !== 0 && polls === 0) return true;
    }
    return false;
  }

  /** The task is none that runs. */
  exclude(task: number): void {
    const own = this.record(task);
    own.next = recordOf(this.place, task);
    own.previous = own.next;
  }

  setTickets(task: number, tickets: number): void {
    const own = this.record(task);
    own.tickets = Math.max(1, Math.min(tickets, maximumTickets));
    own.stride = Math.floor(stride1 / own.tickets);
  }
}

/** Passes wrap around. */
function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** The table as it is at first: all tasks that start scheduled are, in the order in which elements are initialized. */
export function initialTasks(
  place: TaskTable,
  numbers: ReadonlyMap<number, number>,
  graph: CheckedGraph,
  order: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(taskTableSize(place.count));
  const list = new TaskList(new DataView(bytes.buffer), place, place.table);
  list.clear();
  for (const element of order) {
    const task = numbers.get(element);
    if (task === undefined) continue;
    const e = graph.elements[element] as ElementInstance;
    const { tickets } = graph.information.tickets.of(e.source.name);
    if (tickets === 0) {
      list.exclude(task);
      continue;
    }
    list.setTickets(task, tickets);
    if (e.class.polls) list.record(task).polls = 1;
    if (e.class.startsScheduled?.({ config: e.config as never, plan: e.plan }) ?? true) list.schedule(task);
  }
  return bytes;
}

// ---- in the code

type StagedTask = ReturnType<typeof stagedTask>;
const stagedTask = (c: FunctionBuilder, address: I32 | number) => staged(c, taskRecord, address);

/** Puts a task into the list, unless it is there. */
export function scheduleTask(c: FunctionBuilder, place: TaskTable, task: number): void {
  const address = recordOf(place, task);
  const own = stagedTask(c, address);
  own.scheduled.set(1);
  c.if(own.next.get().eqz(), () => c.call(insertion(c, place), address));
}

/** The task stays where it is in the list, and is taken out when its turn comes. */
export function unscheduleTask(c: FunctionBuilder, place: TaskTable, task: number): void {
  stagedTask(c, recordOf(place, task)).scheduled.set(0);
}

/** What a task that is running does to run again. */
export function rescheduleTask(c: FunctionBuilder, place: TaskTable, task: number): void {
  stagedTask(c, recordOf(place, task)).scheduled.set(1);
}

function insertion({ module }: FunctionBuilder, { table }: TaskTable): Func<undefined> {
  return module.once("schedule task", () =>
    module.func("schedule task", { task: "i32" }, undefined, (c, p) => {
      const own = stagedTask(c, p.task);
      const first = stagedTask(c, table).next.get();
      own.pass.set(stagedTask(c, first).pass.get().add(own.stride.get()));
      linkBefore(c, p.task, placeOf(c, table, first, own.pass.get()));
    }),
  );
}

/** The first record from `from` on that is after a pass, or the head. */
function placeOf(c: FunctionBuilder, table: number, from: I32, pass: I32): I32 {
  const next = c.var("i32", from, "next");
  c.while(
    () => next.get().ne(table).and(stagedTask(c, next.get()).pass.get().sub(pass).leS(0)),
    () => next.set(stagedTask(c, next.get()).next.get()),
  );
  return next.get();
}

function linkBefore(c: FunctionBuilder, task: I32, next: I32): void {
  const own = stagedTask(c, task);
  const after = stagedTask(c, next);
  const before = after.previous.get();
  own.next.set(next);
  own.previous.set(before);
  stagedTask(c, before).next.set(task);
  after.previous.set(task);
}

function takeOut(c: FunctionBuilder, own: StagedTask): void {
  unlink(c, own);
  own.next.set(0);
}

function unlink(c: FunctionBuilder, own: StagedTask): void {
  const [next, previous] = [own.next.get(), own.previous.get()];
  stagedTask(c, next).previous.set(previous);
  stagedTask(c, previous).next.set(next);
}

/**
 * A function `(firings)` that runs at most so many tasks: 0 none is scheduled that does not wait for a device, 1 there is more to
 * do, 2 stopped, 3 tasks poll and found nothing. It ends when all that are scheduled were tried and found nothing; with `exact`, when
 * Click ends.
 */
export function defineTasks(
  module: ModuleBuilder,
  control: number,
  place: TaskTable,
  tasks: readonly Func<"i32">[],
  exact: boolean,
): Func<"i32"> {
  const { table } = place;
  const first = recordOf(place, 0);
  const shift = Math.log2(taskRecord.size);
  return module.func("tasks", { firings: "i32" }, "i32", (c, { firings }) => {
    const words = staged(c, routerControl, control);
    const head = stagedTask(c, table);
    const left = c.var("i32", firings, "left");
    const worked = c.var("i32", 0, "worked");
    const any = c.var("i32", 0, "any");
    const epoch = words.taskEpoch;
    const end = (): void => {
      c.if(any.get(), () => c.return(1));
      c.return(c.call(quietTasks(c, place, control, exact)));
    };
    epoch.inc();
    c.loop(() => {
      const task = head.next.get();
      c.if(task.eq(table), () => c.return(0));
      c.if(left.get().eqz(), () => (exact ? end() : c.return(1)));
      left.inc(-1);
      const own = stagedTask(c, task);
      c.if(own.scheduled.get().eqz(), () => {
        takeOut(c, own);
        c.continue();
      });
      own.scheduled.set(0);
      c.switch(
        task.sub(first).shrU(shift),
        tasks.map((run) => () => worked.set(c.call(run))),
      );
      any.set(any.get().or(worked.get()));
      const stays = own.scheduled.get();
      c.if(
        stays,
        () => {
          const next = own.next.get();
          const pass = c.var("i32", own.pass.get().add(own.stride.get()), "pass");
          c.if(worked.get().eqz().and(next.ne(table)), () => {
            const other = stagedTask(c, next).pass.get();
            c.if(other.sub(pass.get()).gtS(0), () => pass.set(other));
          });
          own.pass.set(pass.get());
          const to = placeOf(c, table, next, pass.get());
          c.if(to.ne(next), () => {
            unlink(c, own);
            linkBefore(c, task, to);
          });
        },
        () => takeOut(c, own),
      );
      c.if(words.stopped.get(), () => c.return(2));
      c.if(
        worked.get(),
        () => {
          if (!exact) epoch.inc();
        },
        () => {
          // Alone in the list, it is not run again at once.
          if (exact) c.if(stays.and(own.next.get().eq(table)).and(own.previous.get().eq(table)), end);
          else
            c.if(
              own.seen.get().eq(epoch.get()),
              () => {
                const all = c.call(quietTasks(c, place, control, exact));
                c.if(all.ne(1), () => c.return(all));
              },
              () => own.seen.set(epoch.get()),
            );
        },
      );
    });
    c.trap();
  });
}

/**
 * A function that says of the tasks, of which some found nothing to do: 1 where there are some that were not tried in this epoch, which
 * does not matter with `exact`; 3 where none is left, or 0 where all that are scheduled wait for devices.
 */
function quietTasks({ module }: FunctionBuilder, { table }: TaskTable, control: number, exact: boolean): Func<"i32"> {
  return module.once("quiet tasks", () =>
    module.func("quiet tasks", {}, "i32", (c) => {
      const epoch = staged(c, routerControl, control).taskEpoch.get();
      const result = c.var("i32", 0, "result");
      const task = c.var("i32", stagedTask(c, table).next.get(), "task");
      c.while(
        () => task.get().ne(table),
        () => {
          const own = stagedTask(c, task.get());
          c.if(own.scheduled.get(), () => {
            if (!exact) c.if(own.seen.get().ne(epoch), () => c.return(1));
            c.if(own.polls.get().eqz(), () => result.set(3));
          });
          task.set(own.next.get());
        },
      );
      return result.get();
    }),
  );
}

/** Whether an element has a task in its place. */
export function hasTask(e: ElementInstance): boolean {
  return (
    e.class.task !== undefined &&
    (e.class.hasTask?.({
      config: e.config as never,
      inputIsPush: e.inputs[0] === "push",
      outputIsPush: e.outputs[0] === "push",
    }) ??
      true)
  );
}
