/** Probabilities in 2^28ths, as elements that decide by chance keep them. */
import { type ArgumentType, arg, fixedPointText, Mistake } from "@clickos/click-core/element";

export const probabilityBits = 28;
/** One. */
export const certainty: number = 2 ** probabilityBits;

/** A probability; one above 1 is the element's to refuse. */
export const chance: ArgumentType<number> = {
  expects: "a number between 0 and 1",
  parse(text, scope) {
    const value = arg.real.parse(text, scope);
    if (value === undefined || value instanceof Mistake || value < 0) return undefined;
    return Math.min(Math.floor(value * certainty + 0.5), 0xffffffff);
  },
};

export const chanceText = (value: number): string => fixedPointText(BigInt(value), probabilityBits);
