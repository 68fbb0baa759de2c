/** The code of one element: what its class's functions leave for a push, a pull, its task, its timer. */
import { type FunctionBuilder, type I32, staged, type Var } from "@clickos/codegen";
import type { ElementContext } from "../element/element.ts";
import { ElementDefinitionError, Ownership } from "../element/ownership.ts";
import type { PacketParts } from "../element/packet.ts";
import type { ElementInstance } from "./check.ts";
import { elementContext, elementPacket, type Wiring } from "./element-context.ts";
import type { ElementPlace } from "./element-place.ts";
import { routerControl } from "./platform.ts";
import { rescheduleTask } from "./tasks.ts";

/** Emits elements' code; `wiring` is what is done where it pushes and pulls. */
export class ElementCode {
  private readonly place: ElementPlace;

  constructor(place: ElementPlace) {
    this.place = place;
  }

  push(c: FunctionBuilder, e: ElementInstance, port: number, parts: PacketParts, wiring: Wiring): void {
    this.emit(c, e, wiring, (context, ownership) => {
      const packet = elementPacket(this.place, c, e, parts, ownership, wiring);
      ownership.add(packet);
      if (e.class.push) e.class.push(c, port, packet, context);
      else if (e.class.action) {
        e.class.action(c, packet, context);
        if (c.reachable && ownership.isLive(packet)) context.output(0).push(packet);
      } else throw new ElementDefinitionError(`${e.class.name}: has a push input but neither action nor push`);
    });
  }

  pull(c: FunctionBuilder, e: ElementInstance, port: number, sink: (parts: PacketParts) => void, wiring: Wiring): void {
    this.emit(
      c,
      e,
      wiring,
      (context, ownership) => {
        if (e.class.pull) e.class.pull(c, port, context);
        else if (e.class.action)
          context.input(0).pull((packet) => {
            e.class.action?.(c, packet, context);
            if (c.reachable && ownership.isLive(packet)) context.output(port).push(packet);
          });
        else throw new ElementDefinitionError(`${e.class.name}: has a pull output but neither action nor pull`);
      },
      sink,
    );
  }

  timer(c: FunctionBuilder, e: ElementInstance, number: I32, wiring: Wiring): void {
    this.note(c, e);
    this.emit(c, e, wiring, (context) => e.class.timer?.(c, context, number));
  }

  init(c: FunctionBuilder, e: ElementInstance, wiring: Wiring): void {
    this.emit(c, e, wiring, (context) => e.class.init?.(c, context));
  }

  /** Leaves word of whose task or timer runs: all there is to know of one that never ends. */
  private note(c: FunctionBuilder, e: ElementInstance): void {
    staged(c, routerControl, this.place.control).running.set(e.index + 1);
  }

  task(c: FunctionBuilder, e: ElementInstance, wiring: Wiring): I32 {
    const worked = c.var("i32", 0, "worked");
    const stays = c.var("i32", 1, "stays");
    this.note(c, e);
    const body = (context: ElementContext<any, any, any>): void => {
      const result = e.class.task?.(c, context);
      if (result) worked.set(result);
      const inputs = e.inputs.flatMap((p, port) => (p === "pull" ? [port] : []));
      // Nothing found upstream, and those who know say that there is nothing: sleep until they call.
      if (inputs.length > 0 && !e.class.polls)
        c.if(worked.get().eqz(), () => {
          let any = c.i32(0);
          for (const port of inputs) any = any.or(context.mayPull(port));
          c.if(any.eqz(), () => context.task.unschedule());
        });
    };
    this.emit(c, e, wiring, body, undefined, stays);
    c.if(stays.get(), () => rescheduleTask(c, this.place.tasks, this.place.taskOf(e.index) as number));
    return worked.get();
  }

  /** Runs element code inside a block of its own, whose end a finished path goes to. */
  private emit(
    c: FunctionBuilder,
    e: ElementInstance,
    wiring: Wiring,
    body: (context: ElementContext<any, any, any>, ownership: Ownership) => void,
    sink?: (parts: PacketParts) => void,
    stays?: Var<"i32">,
  ): void {
    const outer = c.observer;
    c.block(
      (end) => {
        const ownership = new Ownership(c, `${e.class.name} ('${e.source.name}')`, () => c.br(end));
        c.observer = ownership;
        try {
          body(elementContext(this.place, c, e, ownership, wiring, { sink, stays }), ownership);
          ownership.finish();
        } finally {
          c.observer = outer;
        }
      },
      e.source.name.replace(/\W/g, "_"),
      e.source.name,
    );
  }
}
