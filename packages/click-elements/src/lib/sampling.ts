/** Packets that are taken by chance: the probability is a fixed-point number, as Click keeps it and shows it. */
import { type ArgumentType, arg, fixedPointText, type ServiceHost } from "@clickos/click-core/element";

const fractionBits = 28;
const always = 2 ** fractionBits;

/** `SAMPLE`: a probability, in 2^28ths. */
export const probability: ArgumentType<number> = {
  expects: "a number between 0 and 1",
  parse(text, scope) {
    const value = Math.round(Number(arg.real.parse(text, scope) ?? Number.NaN) * always);
    return value >= 0 && value <= 0xffffffff ? value : undefined;
  },
};

export const certain: number = always;

/** What Click says of probabilities that are none, and what they come to. */
export function checkProbability(given: number, warning: (message: string) => void): number {
  if (given > always) warning("SAMPLE probability reduced to 1");
  else if (given === 0) warning("SAMPLE probability is 0; emitting no packets");
  return Math.min(given, always);
}

/** Whether a packet is taken. */
export function isTaken(probability: number, { chance }: Pick<ServiceHost, "chance">): boolean {
  return probability >= always || chance() % always < probability;
}

export function probabilityText(probability: number): string {
  return fixedPointText(BigInt(probability), fractionBits);
}
