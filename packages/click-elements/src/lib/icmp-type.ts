/** Types and codes of ICMP, by number or by name. */
import type { ArgumentType } from "@clickos/click-core/element";
import { icmpCodes, icmpTypes } from "@clickos/wire/icmp";

const isByte = (text: string): boolean => /^\d{1,3}$/.test(text) && Number(text) <= 255;

export const icmpTypeArgument: ArgumentType<number> = {
  expects: "an ICMP type",
  parse: (text) => (isByte(text) ? Number(text) : (icmpTypes as Readonly<Record<string, number>>)[text]),
};

/** A code of a type; `undefined` where the text is none. */
export function icmpCodeOf(type: number, text: string): number | undefined {
  return isByte(text) ? Number(text) : icmpCodes[type]?.[text];
}
