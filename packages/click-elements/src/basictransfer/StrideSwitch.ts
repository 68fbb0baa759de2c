/**
 * StrideSwitch(TICKETS0, TICKETS1, ...) — sends packets to its outputs in proportion to their tickets.
 *
 * Each output has a number of tickets, up to 32768; one with 0 gets no packets. Where all have 0, packets end.
 *
 * Handlers: tickets0, tickets1, ... (read, write); config (read, write): all of them.
 *
 *   ... -> s :: StrideSwitch(1, 3); s [0] -> ...; s [1] -> ...
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { initialStrides, insertPort, moveOn, readTickets, strideHandlers, strideState } from "../lib/stride.ts";

export const StrideSwitch: ElementClass = element({
  name: "StrideSwitch",
  ports: "1/1-",
  processing: "h/h",
  live: true,
  config: { TICKETS: rest(arg.raw) },
  prepare: (context) => readTickets(context, context.noutputs, "output"),
  state: ({ noutputs }) => strideState(noutputs),
  initial: ({ plan }) => initialStrides(plan),
  furtherHandlers: ({ outputs }) => strideHandlers(outputs.length),
  push(c, _port, packet, { state, output, noutputs }) {
    const { next } = state;
    const port = next.at(0).get();
    c.if(port.eqz(), () => packet.kill());
    next.at(0).set(next.at(port).get());
    moveOn(state, port);
    insertPort(c, state, port);
    c.switch(
      port.sub(1),
      Array.from({ length: noutputs - 1 }, (_, i) => () => output(i).push(packet)),
      () => output(noutputs - 1).push(packet),
    );
  },
});
