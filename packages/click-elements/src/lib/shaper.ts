/** Elements that let packets through at a rate, counted in packets or in bytes, answering pulls or pushing. */
import { arg, type ElementClass, element, keyword, required } from "@clickos/click-core";
import { type FunctionBuilder, type I64, u32, u64 } from "@clickos/codegen";
import { activeHandler } from "./active.ts";
import { readValue } from "./handlers.ts";
import { packetsPerTurn } from "./pull-task.ts";
import { mayPass, pass } from "./rate.ts";

/** What the rate counts: bytes where the name says so. */
function measure(name: string): { bytes: boolean; type: typeof arg.u32 } {
  const bytes = name.startsWith("Bandwidth");
  return { bytes, type: bytes ? arg.bandwidth : arg.u32 };
}

const rateHandler = (type: typeof arg.u32) => ({
  read: (s: { rate: number }) => s.rate,
  write: (s: { rate: number; next: bigint }, value: string, context: { now(): bigint; setTimer(at: bigint): void }) => {
    s.rate = readValue(type, value);
    s.next = context.now();
    context.setTimer(context.now());
  },
});

function amount(c: FunctionBuilder, bytes: boolean, length: { toI64(): I64 }): I64 {
  return bytes ? length.toI64() : c.i64(1n);
}

export function pullShaper(name: string): ElementClass {
  const { bytes, type } = measure(name);
  return element({
    name,
    ports: "1/1",
    processing: "l/l",
    live: true,
    config: { RATE: required(type), BURST_DURATION: keyword(arg.time, 0n), BURST_BYTES: keyword(arg.u32, 0) },
    state: { next: u64, rate: u32 },
    initial: ({ config }) => ({ rate: config.RATE }),
    handlers: { rate: rateHandler(type) },
    notifier: {
      through: true,
      active: (_c, { state, clock, mayPull }) =>
        mayPass(state.next, clock.now()).and(state.rate.get().ne(0)).and(mayPull(0)),
    },
    init: (_c, { state, clock }) => state.next.set(clock.now()),
    timer: (_c, { wake }) => wake(),
    pull(c, _port, { state, clock, input, output, timer }) {
      const rate = state.rate.get();
      c.if(rate, () => {
        c.if(
          mayPass(state.next, clock.now()),
          () =>
            input(0).pull((packet) => {
              pass(c, state.next, clock.now(), amount(c, bytes, packet.length), rate.toI64());
              timer.at(state.next.get());
              output(0).push(packet);
            }),
          () => timer.at(state.next.get()),
        );
      });
    },
  });
}

export function ratedUnqueue(name: string): ElementClass {
  const { bytes, type } = measure(name);
  return element({
    name,
    ports: "1/1",
    processing: "l/h",
    live: true,
    config: {
      RATE: required(type),
      BURST: keyword(arg.u32, 32),
      ACTIVE: keyword(arg.bool, true),
      BURST_DURATION: keyword(arg.time, 0n),
      BURST_BYTES: keyword(arg.u32, 0),
      BURST_SIZE: keyword(arg.u32, 0),
    },
    state: { next: u64, rate: u32, active: u32, count: u32 },
    initial: ({ config }) => ({ rate: config.RATE, active: config.ACTIVE ? 1 : 0 }),
    handlers: { rate: rateHandler(type), active: activeHandler, count: { read: (s) => s.count } },
    init: (_c, { state, clock }) => state.next.set(clock.now()),
    timer: (_c, { task }) => task.schedule(),
    task(c, { state, clock, input, output, timer, task, config }) {
      const worked = c.var("i32", 0, "worked");
      const rate = state.rate.get();
      c.if(
        rate.ne(0).and(state.active.get()),
        () => {
          const left = c.var("i32", Math.min(Math.max(1, config.BURST), packetsPerTurn), "left");
          c.loop(() => {
            c.if(left.get().eqz(), () => c.break());
            c.if(mayPass(state.next, clock.now()).eqz(), () => {
              timer.at(state.next.get());
              task.unschedule();
              c.break();
            });
            left.inc(-1);
            input(0).pull(
              (packet) => {
                pass(c, state.next, clock.now(), amount(c, bytes, packet.length), rate.toI64());
                worked.set(1);
                state.count.inc();
                output(0).push(packet);
              },
              () => c.break(),
            );
          });
        },
        () => task.unschedule(),
      );
      return worked.get();
    },
  });
}
