/** What `require(...)` and `define(...)` say. */
import { splitArguments, splitWords, takeWord, unquote } from "./arguments.ts";
import type { ConfigText } from "./ast.ts";
import type { Requirement } from "./graph.ts";

/** `library` is a file to be read; the others are of the router. `undefined` for what is no requirement. */
export type WantedItem = { readonly type: "library"; readonly name: string } | Omit<Requirement, "place"> | undefined;

/** The requirements between the parentheses of `require`. `require(NAME)` means `require(package NAME)`. */
export function readRequirements(config: ConfigText): WantedItem[] {
  return splitArguments(config).flatMap(({ text }): WantedItem[] => {
    const words = splitWords(text);
    const [type = "", value] = words.map(unquote);
    if (words.length === 0) return [];
    if (words.length === 1) {
      if (type === "compact_config") return [{ type, name: "" }];
      return isWord(type) && type !== "package" && type !== "library" ? [{ type: "package", name: type }] : [undefined];
    }
    if (words.length === 2 && value !== undefined && (type === "package" || type === "library"))
      return [{ type, name: value }];
    return [undefined];
  });
}

function isWord(text: string): boolean {
  return /^[!-~]+$/.test(text) && !/["'\\,]/.test(text);
}

/** The definitions between the parentheses of `define`; `undefined` for what is none. */
export function readDefinitions(config: ConfigText): ({ readonly name: string; readonly value: string } | undefined)[] {
  return splitArguments(config).flatMap(({ text }) => {
    if (text === "") return [];
    const [variable, value] = takeWord(text);
    return [/^\$\w+$/.test(variable) ? { name: variable.slice(1), value } : undefined];
  });
}
