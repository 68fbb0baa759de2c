/** Handlers that read an argument back as it was given. */
import { takeWord } from "@clickos/click-language/arguments";

/** The text of an argument: given by its keyword, the last time it is, or else by its place. */
export function argumentText(texts: readonly string[], place: number, keyword: string): string {
  const given = texts.map((text) => takeWord(text)).findLast(([word, rest]) => word === keyword && rest !== "");
  return given?.[1] ?? texts[place] ?? "";
}
