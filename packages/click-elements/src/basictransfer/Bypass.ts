/**
 * Bypass([ACTIVE] [, keyword INLINE]) — leads packets past other elements while it is active.
 *
 * What comes in at input 0 leaves at output 0; while ACTIVE is true (false by default) it leaves at output 1, if there is one. What
 * comes in at input 1 leaves at output 0. Pulls go the opposite way: output 0 pulls from input 0, or from input 1 while it is active and
 * there is one; output 1 pulls from input 0. INLINE says in Click whether connections are made anew when ACTIVE changes; packets take
 * the same way either way.
 *
 * Handlers: active (read, write).
 *
 *   ... -> b :: Bypass -> IPPrint -> rest :: Null -> ...; b [1] -> rest
 */
import { accepted, arg, type ElementClass, element, live, positional } from "@clickos/click-core/element";

export const Bypass: ElementClass = element({
  name: "Bypass",
  ports: "1-2/1-2",
  processing: "a/a",
  flow: "xy/[xy]x",
  config: {
    ACTIVE: positional(live(arg.bool, { refusal: "syntax error", flags: "" }), false),
    INLINE: accepted(arg.bool, "packets take the same way with and without it"),
  },
  push(c, port, packet, { state, output, noutputs }) {
    if (port === 0 && noutputs > 1) c.if(state.active.get(), () => output(1).push(packet));
    output(0).push(packet);
  },
  pull(c, port, { state, input, output, ninputs }) {
    const from = (i: number): void => input(i).pull((packet) => output(port).push(packet));
    if (port === 0 && ninputs > 1)
      c.if(
        state.active.get(),
        () => from(1),
        () => from(0),
      );
    else from(0);
  },
});
