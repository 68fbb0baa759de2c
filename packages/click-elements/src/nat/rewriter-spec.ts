/**
 * What a rewriter does with new flows on an input: `drop`, `pass [OUTPUT]`, `keep FOUTPUT ROUTPUT`, `pattern` with a pattern and
 * FOUTPUT ROUTPUT, or the name of an element that chooses among patterns.
 */
import { arg, type Scope } from "@clickos/click-core/element";
import { splitWords, takeWord } from "@clickos/click-language/arguments";
import { IPMapper } from "./mapper.ts";
import { type OutputPattern, patternText, readOutputPattern, readOutputs } from "./pattern.ts";

interface Outputs {
  readonly forward: number;
  readonly reply: number;
}

export type InputSpec =
  | { readonly kind: "drop" }
  | { readonly kind: "nochange"; readonly output: number }
  | ({ readonly kind: "keep" } & Outputs)
  | ({ readonly kind: "pattern" } & OutputPattern)
  | { readonly kind: "mapper"; readonly element: string };

/** Reads one; a text is what is wrong with it. */
export function readInputSpec(text: string, scope: Scope): InputSpec | string {
  const [word, rest] = takeWord(text);
  const beyond = "output port out of range";
  const connected = <T extends Outputs>(outputs: T | string, spec: (outputs: T) => InputSpec): InputSpec | string => {
    if (typeof outputs === "string") return outputs;
    const there = [outputs.forward, outputs.reply].every((output) => output >= 0 && output < scope.noutputs);
    return there ? spec(outputs) : beyond;
  };
  switch (word) {
    case "":
      return "empty argument";
    case "pass":
    case "passthrough":
    case "nochange": {
      const output = rest === "" ? 0 : arg.i32.parse(rest, scope);
      if (typeof output !== "number") return "syntax error, expected 'nochange [OUTPUT]'";
      return output >= 0 && output < scope.noutputs ? { kind: "nochange", output } : beyond;
    }
    case "keep":
      return connected(readOutputs(splitWords(rest), scope), (outputs) => ({ kind: "keep", ...outputs }));
    case "drop":
    case "discard":
      return rest === "" ? { kind: "drop" } : `syntax error, expected '${word}'`;
    case "pattern":
    case "xpattern":
      return connected(readOutputPattern(splitWords(rest), scope), (pattern) => ({ kind: "pattern", ...pattern }));
    default: {
      const element = scope.element(word);
      if (!element) return "unknown specification";
      if (rest !== "") return "syntax error, expected element name";
      return element.offers(IPMapper) ? { kind: "mapper", element: element.name } : "element is not an IPMapper";
    }
  }
}

/** As the handler `patterns` shows it. */
export function inputSpecText(spec: InputSpec): string {
  return spec.kind === "pattern" ? patternText(spec.pattern) : `<${spec.kind}>`;
}
