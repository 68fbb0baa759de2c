/** The paint annotation, and the arguments of the elements that use it. */
import { type ArgumentType, annotation } from "@clickos/click-core/element";

const names: Record<string, number> = { PAINT: annotation.paint };

/** A byte of the annotation area: a number from 0 to 47, or PAINT. */
export const annotationByte: ArgumentType<number> = {
  expects: "an annotation byte from 0 to 47, or PAINT",
  parse(text) {
    const value = names[text] ?? (/^\d+$/.test(text) ? Number(text) : -1);
    return value >= 0 && value < 48 ? value : undefined;
  },
};
export const paintByte: number = annotation.paint;
