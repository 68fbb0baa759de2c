/** ReplayUnqueue and MultiReplayUnqueue: they load packets once, and push copies of them, time and again. */
import {
  type ArgumentType,
  accepted,
  annotation,
  arg,
  type ElementClass,
  element,
  keyword,
  live,
  Mistake,
  type Packet,
} from "@clickos/click-core/element";
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import { loadPackets, mostLoaded, type ReplayConfig, type ReplayContext, replayState } from "./replay-load.ts";
import { endReplay, sendPackets } from "./replay-send.ts";

/** A text that is empty or `@0`, which both ask for a speed that does not change. */
const noFunction: ArgumentType<string> = {
  expects: "@0",
  parse: (text) =>
    text === "" || text === "@0"
      ? text
      : new Mistake("speeds that change are not supported, use TIMING and its handler"),
};

const sharedArguments = {
  STOP: keyword(live(arg.i32), -1),
  STOP_TIME: keyword(arg.i32, 0),
  QUICK_CLONE: accepted(arg.bool, "each packet that is sent is a whole copy"),
  BURST: keyword(arg.u32, 64),
  VERBOSE: keyword(arg.bool, false),
  FREEONTERMINATE: keyword(arg.bool, true),
  LIMIT: keyword(arg.i32, -1),
  ACTIVE: keyword(
    live(arg.bool, {
      refusal: "type mismatch",
      flags: "b",
      written({ schedule, unschedule }, s: { active: number; restarted: number }) {
        s.restarted = 1;
        if (s.active) schedule();
        else unschedule();
      },
    }),
    true,
  ),
  USE_SIGNAL: keyword(arg.bool, false),
};

/** `timed`: it has TIMING, and pushes all to output 0; otherwise packets leave where they came in. */
export function replayElement(name: string, { timed }: { readonly timed: boolean }): ElementClass {
  const core = {
    name,
    ports: "1-/=",
    processing: "l/h",
    flow: "#/#",
    holds: ({ LIMIT }: ReplayConfig) => mostLoaded(LIMIT),
    state: ({ ninputs }: { ninputs: number }) => replayState(ninputs),
    endless: ({ STOP, STOP_TIME }: { STOP: number; STOP_TIME: number }) => STOP < 0 && STOP_TIME === 0,
  };
  const reset = { write: (s: { loaded: number }) => void (s.loaded = 0) };
  const loaded = { flag: "loaded", flags: "" } as const;
  if (timed)
    return element({
      ...core,
      config: { ...sharedArguments, TIMING: keyword(live(arg.u32), 0), TIMING_FNT: keyword(noFunction, "") },
      handlerOrder: ["active", "reset", "loaded", "stop", "timing"],
      handlers: { reset, loaded },
      timer: (_c, { task }) => task.schedule(),
      task: (c, context) =>
        turn(
          c,
          { ...context, className: name },
          (packet) => context.output(0).push(packet),
          context.state.timing.get(),
        ),
    });
  return element({
    ...core,
    config: sharedArguments,
    handlerOrder: ["active", "reset", "loaded", "stop"],
    handlers: { reset, loaded },
    task: (c, context) =>
      turn(c, { ...context, className: name }, (packet) =>
        c.switch(
          packet.annotation8(annotation.paint).get(),
          Array.from({ length: Math.min(context.noutputs, 256) }, (_, i) => () => context.output(i).push(packet)),
          () => packet.kill(),
        ),
      ),
  });
}

function turn(c: FunctionBuilder, context: ReplayContext, push: (packet: Packet) => void, timing?: I32): I32 {
  const { state, task } = context;
  const worked = c.var("i32", 0, "worked");
  const active = (): void => {
    c.if(state.loaded.get().eqz(), () => worked.set(loadPackets(c, context)));
    c.if(state.loaded.get(), () =>
      c.if(
        state.stop.get(),
        () => worked.set(sendPackets(c, context, push, timing)),
        () => endReplay(context),
      ),
    );
  };
  c.if(state.active.get(), active, () => task.unschedule());
  return worked.get();
}
