/**
 * StrideSched(TICKETS0, TICKETS1, ...) — pulls from its inputs in proportion to their tickets.
 *
 * Each input has a number of tickets, up to 32768; one with 0 gets no turn. Inputs are tried in the order in which their turns come,
 * and each that was tried has had its turn, with a packet or without.
 *
 * Handlers: tickets0, tickets1, ... (read, write); config (read, write): all of them.
 *
 *   ... -> Queue -> [0] s :: StrideSched(1, 3); ... -> Queue -> [1] s; s -> Unqueue -> ...
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { initialStrides, insertPort, moveOn, readTickets, strideHandlers, strideState } from "../lib/stride.ts";

export const StrideSched: ElementClass = element({
  name: "StrideSched",
  ports: "1-/1",
  processing: "l/l",
  live: true,
  quiet: true,
  config: { TICKETS: rest(arg.raw) },
  prepare: (context) => readTickets(context, context.ninputs, "input"),
  state: ({ ninputs }) => strideState(ninputs),
  initial: ({ plan }) => initialStrides(plan),
  furtherHandlers: ({ inputs }) => strideHandlers(inputs.length),
  pull(c, _port, { state, input, output, ninputs, mayPull }) {
    const { next } = state;
    const first = next.at(0).get();
    const at = c.var("i32", first, "at");
    const found = c.var("i32", 0, "found");
    c.loop(() => {
      const port = at.get();
      c.if(port.eqz().or(found.get()), () => c.break());
      c.switch(
        port.sub(1),
        Array.from({ length: ninputs }, (_, i) => () => {
          c.if(mayPull(i), () =>
            input(i).pull((packet) => {
              found.set(1);
              output(0).push(packet);
            }),
          );
        }),
      );
      moveOn(state, port);
      at.set(next.at(port).get());
    });
    // Those who had their turn are taken out, and put back to where they belong.
    const end = at.get();
    next.at(0).set(end);
    const had = c.var("i32", first, "had");
    c.loop(() => {
      const port = had.get();
      c.if(port.eq(end), () => c.break());
      had.set(next.at(port).get());
      insertPort(c, state, port);
    });
  },
});
