/**
 * ScheduleInfo(ELEMENT FACTOR, ...) — says how often tasks run, as factors of the usual.
 *
 * The factor of a compound element multiplies those of the elements inside.
 *
 *   ScheduleInfo(urgent 2, rest 0.5)
 */
import { arg, type ElementClass, element, rest } from "@clickos/click-core/element";
import { splitWords } from "@clickos/click-language/arguments";

export const ScheduleInfo: ElementClass = element({
  name: "ScheduleInfo",
  ports: "0/0",
  processing: "a/a",
  configurePhase: 20,
  config: { ENTRIES: rest(arg.raw) },
  inform({ arguments: args, compound, scope, error }, information) {
    args.forEach((text, i) => {
      const [name, factor = "", ...more] = splitWords(text);
      if (name === undefined) return;
      const value = arg.real.parse(factor, scope);
      if (typeof value !== "number" || value < 0 || more.length > 0)
        error(`'${text}' is not an element and a factor`, i);
      else information.tickets.set(compound + name, value);
    });
  },
});
