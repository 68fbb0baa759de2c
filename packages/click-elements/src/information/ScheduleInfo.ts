/**
 * ScheduleInfo(ELEMENT FACTOR, ...) — says how often tasks run, as factors of the usual.
 *
 * `ELEMENT/` with a slash at its end is all that is in a compound element. Factors for the compounds around an element, and for
 * itself, multiply. A task of factor 0 never runs; none runs more often than 32 times the usual.
 *
 *   ScheduleInfo(urgent 2, rest/ 0.5)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export const ScheduleInfo: ElementClass = element({
  name: "ScheduleInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, complaint }, information) {
    args.forEach((text, argument) => {
      const [name, factor = "", ...more] = splitWords(text);
      if (name === undefined) return;
      const value = more.length === 0 ? arg.real.parse(factor, scope) : undefined;
      if (typeof value !== "number" || !information.tickets.define(compound, name, value))
        complaint("expected 'ELEMENTNAME PARAM'", argument);
    });
  },
});
