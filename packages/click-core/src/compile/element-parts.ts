/** What an element's code is given besides packets and ports: its task, its timers, its notifiers. */
import {
  type FunctionBuilder,
  type I32,
  type I32Like,
  type I64,
  type I64Like,
  staged,
  type Var,
} from "@clickos/codegen";
import type { StagedNote, StagedTimer } from "../element/element.ts";
import { ElementDefinitionError } from "../element/ownership.ts";
import type { ElementInstance } from "./check.ts";
import { type ElementPlace, type NoteKind, wakeFunction } from "./element-place.ts";
import { noTimer, routerControl } from "./platform.ts";
import { scheduleTask, unscheduleTask } from "./tasks.ts";
import { setTimer, timerDue } from "./timers.ts";

/** The task of an element, where other code of the element has it run. */
export class ElementTask {
  private readonly c: FunctionBuilder;
  private readonly place: ElementPlace;
  private readonly task: number | undefined;
  constructor(c: FunctionBuilder, place: ElementPlace, element: number) {
    this.c = c;
    this.place = place;
    this.task = place.taskOf(element);
  }
  schedule(): void {
    if (this.task !== undefined) scheduleTask(this.c, this.place.tasks, this.task);
  }
  unschedule(): void {
    if (this.task !== undefined) unscheduleTask(this.c, this.place.tasks, this.task);
  }
}

/** The task of an element, in its own code. */
export class RunningTask {
  private readonly stays: Var<"i32">;
  /** @param stays whether the task stays scheduled. */
  constructor(stays: Var<"i32">) {
    this.stays = stays;
  }
  schedule(): void {
    this.stays.set(1);
  }
  unschedule(): void {
    this.stays.set(0);
  }
}

const secondNs = 1_000_000_000n;

/** One of an element's timers. */
export class ElementTimer implements StagedTimer {
  private readonly c: FunctionBuilder;
  private readonly place: ElementPlace;
  private readonly e: ElementInstance;
  private readonly number: I32Like;
  private readonly now: () => I64;
  constructor(c: FunctionBuilder, place: ElementPlace, e: ElementInstance, number: I32Like, now: () => I64) {
    this.c = c;
    this.place = place;
    this.e = e;
    this.number = number;
    this.now = now;
  }
  at(when: I64Like): void {
    const { c, place } = this;
    setTimer(c, place.timers, place.control, this.timer(), when);
  }
  after(delay: I64Like): void {
    this.at(this.now().add(delay));
  }
  again(delay: I64Like): void {
    const { c, place } = this;
    const words = staged(c, routerControl, place.control);
    const next = words.timerDue.get().add(delay);
    // One that is more than a second late gives up the time.
    const behind = next.divU(secondNs).add(1n).ltU(words.now.get().divU(secondNs));
    this.at(c.select(behind, words.now.get(), next));
  }
  cancel(): void {
    this.at(noTimer);
  }
  due(): I64 {
    return timerDue(this.c, this.place.timers, this.timer());
  }
  private timer(): I32 {
    const { c, place, e } = this;
    const first = place.firstTimers[e.index];
    if (first === undefined) throw new ElementDefinitionError(`${e.class.name}: sets a timer but defines none`);
    return c.i32(this.number).add(first);
  }
}

/** A notifier of an element. */
export class ElementNote implements StagedNote {
  private readonly c: FunctionBuilder;
  private readonly place: ElementPlace;
  private readonly e: ElementInstance;
  private readonly kind: NoteKind;
  constructor(c: FunctionBuilder, place: ElementPlace, e: ElementInstance, kind: NoteKind) {
    this.c = c;
    this.place = place;
    this.e = e;
    this.kind = kind;
  }
  active(): I32 {
    return this.c.load32(this.address());
  }
  sleep(): void {
    this.c.store32(this.address(), 0);
  }
  wake(): void {
    const { c, place, e, kind } = this;
    c.if(this.active().eqz(), () => c.call(wakeFunction(c, place, e.index, kind)));
  }
  private address(): number {
    const { place, e, kind } = this;
    const address = place.note(e.index, kind);
    if (address === undefined) throw new ElementDefinitionError(`${e.class.name}: has no notifier '${kind}'`);
    return address;
  }
}
