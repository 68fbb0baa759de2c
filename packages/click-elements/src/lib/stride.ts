/**
 * Stride scheduling: each of several ports has tickets, and its turns come in proportion to them.
 *
 * A port's stride is 65536 by its tickets. Ports stand in a list by their passes, the smallest first; one that has had a turn moves
 * its pass on by its stride and goes to where that belongs, before those of the same pass. Passes are 32 bits and wrap, so they are
 * compared by their difference. In the list, port `i` is `i + 1`; 0 is the head in `next`, and the end.
 *
 * Waldspurger and Weihl, Stride Scheduling, 1995.
 */
import { arg, type Handlers, Mistake, type PrepareContext, readText } from "@clickos/click-core/element";
import type { FunctionBuilder, I32, StagedFields } from "@clickos/codegen";
import { type ArrayField, array, type U32Field, u32 } from "@clickos/layout";
import { readValue } from "./handlers.ts";

const oneStride = 0x10000;
const mostTickets = 0x8000;

export interface StridePlan {
  readonly tickets: readonly number[];
}

/** Reads an argument a port. */
export function readTickets(
  { arguments: texts, scope, error, warning }: PrepareContext<unknown>,
  ports: number,
  kind: "input" | "output",
): StridePlan {
  if (texts.length !== ports) {
    error(`need ${ports} arguments, one per ${kind} port`);
    return { tickets: [] };
  }
  const tickets = texts.map((text, i) => {
    const value = readText(arg.i32, text, scope);
    if (value instanceof Mistake) error(`argument ${i} should be number of tickets (integer)`);
    else if (value < 0) error(`argument ${i} (number of tickets) must be >= 0`);
    else {
      if (value > mostTickets) warning(`input ${i}'s tickets reduced to ${mostTickets}`);
      return Math.min(value, mostTickets);
    }
    return 0;
  });
  return { tickets };
}

type StrideFields = {
  readonly tickets: ArrayField<U32Field>;
  readonly stride: ArrayField<U32Field>;
  readonly pass: ArrayField<U32Field>;
  readonly next: ArrayField<U32Field>;
};

interface HostStrides {
  readonly tickets: number[];
  readonly stride: number[];
  readonly pass: number[];
  readonly next: number[];
}

/** The state, by ports counted from 1; number 0 of `next` is the head of the list. */
export function strideState(ports: number): StrideFields {
  const words = array(u32, ports + 1);
  return { tickets: words, stride: words, pass: words, next: words };
}

const strideOf = (tickets: number): number => (tickets === 0 ? 0 : Math.floor(oneStride / tickets));
const isAfter = (a: number, b: number): boolean => ((a - b) | 0) > 0;

function insertOnHost({ pass, next }: HostStrides, port: number): void {
  let before = 0;
  for (let at = next[0] ?? 0; at !== 0 && isAfter(pass[port] ?? 0, pass[at] ?? 0); at = next[at] ?? 0) before = at;
  next[port] = next[before] ?? 0;
  next[before] = port;
}

/** The state as it is at first. */
export function initialStrides({ tickets }: StridePlan): HostStrides {
  const stride = [0, ...tickets.map(strideOf)];
  const state = { tickets: [0, ...tickets], stride, pass: [...stride], next: stride.map(() => 0) };
  // Those of the same pass have their turns in the order of their numbers.
  for (let port = tickets.length; port > 0; port--) if (tickets[port - 1]) insertOnHost(state, port);
  return state;
}

function setTickets(state: HostStrides, port: number, tickets: number): void {
  const before = state.tickets[port];
  state.tickets[port] = tickets;
  state.stride[port] = strideOf(tickets);
  if (tickets === 0 && before !== 0) {
    let at = 0;
    while (state.next[at] !== port) at = state.next[at] ?? 0;
    state.next[at] = state.next[port] ?? 0;
  } else if (tickets !== 0 && before === 0) {
    const first = state.next[0] ?? 0;
    state.pass[port] = first === 0 ? 0 : ((state.pass[first] ?? 0) + strideOf(tickets)) >>> 0;
    insertOnHost(state, port);
  }
}

/** `tickets0`, `tickets1`, ..., and the configuration, which is all of them. */
export function strideHandlers(ports: number): Handlers<unknown, unknown, any> {
  return {
    ...Object.fromEntries(
      Array.from({ length: ports }, (_, i) => [
        `tickets${i}`,
        {
          kind: "gauge",
          read: (s: any) => s.tickets[i + 1],
          write(s: any, text, { warn }) {
            const tickets = readValue(arg.i32, text, "tickets value must be integer");
            if (tickets < 0) throw "number of tickets must be >= 0";
            if (tickets > mostTickets) warn(`port ${i}'s tickets reduced to ${mostTickets}`);
            setTickets(s, i + 1, Math.min(tickets, mostTickets));
          },
        },
      ]),
    ),
    config: { read: (s: any) => s.tickets.slice(1).join(", "), flags: "" },
  };
}

export type StagedStrides = StagedFields<StrideFields>;

/** The port's turn is over. */
export function moveOn({ pass, stride }: StagedStrides, port: I32): void {
  pass.at(port).inc(stride.at(port).get());
}

/** Puts a port that is not in the list to where its pass belongs. */
export function insertPort(c: FunctionBuilder, { pass, next }: StagedStrides, port: I32): void {
  const own = pass.at(port).get();
  const before = c.var("i32", 0, "before");
  const at = c.var("i32", next.at(0).get(), "at");
  c.loop(() => {
    c.if(at.get().eqz(), () => c.break());
    c.if(own.sub(pass.at(at.get()).get()).leS(0), () => c.break());
    before.set(at.get());
    at.set(next.at(at.get()).get());
  });
  next.at(port).set(at.get());
  next.at(before.get()).set(port);
}
