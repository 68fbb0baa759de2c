/** Click's `BoundedIntArg`: a number with a sign, of which is said what bound it is beyond. */
import { type ArgumentType, arg, Mistake } from "@clickos/click-core/element";

export function boundedInteger(low: number, high: number): ArgumentType<number> {
  return {
    expects: `an integer between ${low} and ${high}`,
    parse(text, scope) {
      const value = arg.i32.parse(text, scope);
      if (typeof value !== "number") return value;
      if (value < low) return new Mistake(`out of range, bound ${low}`);
      return value > high ? new Mistake(`out of range, bound ${high}`) : value;
    },
  };
}
