/** The timers of a pCPU, against a plain list. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Timers } from "../src/timers.ts";

it("give the earliest slot, whatever was set, moved and removed before", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.option(fc.bigInt({ min: -5n, max: 30n }))), {
        maxLength: 200,
      }),
      (steps) => {
        const timers = new Timers();
        const model = new Map<number, bigint>();
        for (const [slot, at] of steps) {
          if (at === null) {
            timers.remove(slot);
            model.delete(slot);
          } else {
            timers.set(slot, at);
            model.set(slot, at);
          }
          const { first } = timers;
          const least = [...model.values()].reduce<bigint | undefined>(
            (a, b) => (a === undefined || b < a ? b : a),
            undefined,
          );
          if (first === undefined) expect(least).toBe(undefined);
          else {
            expect(timers.at(first)).toBe(least);
            expect(model.get(first)).toBe(least);
          }
        }
      },
    ),
  );
});
