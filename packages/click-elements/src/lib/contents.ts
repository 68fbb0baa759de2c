/** What elements that print packets show of their bytes. */
import { arg, emptyScope } from "@clickos/click-core/element";

export type Contents = "NONE" | "HEX" | "ASCII";

/** Reads NONE, HEX or ASCII in any case, or a boolean for the first two. */
export function readContents(text: string, error: (message: string) => void): Contents {
  const flag = arg.bool.parse(text, emptyScope);
  if (typeof flag === "boolean") return flag ? "HEX" : "NONE";
  const word = text.toUpperCase();
  if (word === "NONE" || word === "HEX" || word === "ASCII") return word;
  error(`bad contents value '${word}'; should be 'NONE', 'HEX', or 'ASCII'`);
  return "NONE";
}
