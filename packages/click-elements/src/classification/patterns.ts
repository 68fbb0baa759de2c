/** What languages of patterns share: mistakes in them, and the tree of classifiers that have one pattern an output. */
import { type ArgumentType, Mistake, type PrepareContext, type Scope } from "@clickos/click-core/element";
import type { DecisionTree } from "./decision-tree.ts";
import type { Expression } from "./expression.ts";
import { laterTree } from "./tree-builder.ts";

/** What is wrong with a pattern. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly code = "BAD_PATTERN";
  /** What may have been meant. */
  readonly hint: (() => string | undefined) | undefined;
  constructor(message: string, hint?: () => string | undefined) {
    super(message);
    this.hint = hint;
  }
}

/** The type of arguments that a parser of patterns reads. */
export function patternType<T>(expects: string, parse: (text: string, scope: Scope) => T): ArgumentType<T> {
  return {
    expects,
    parse(text, scope) {
      try {
        return parse(text, scope);
      } catch (e) {
        if (e instanceof PatternError) return new Mistake(e.message, e.hint);
        throw e;
      }
    },
  };
}

/** The tree that gives each packet the number of its first matching pattern. */
export function patternTree(
  patterns: readonly Expression[],
  { noutputs, error }: Pick<PrepareContext<unknown>, "noutputs" | "error">,
): () => DecisionTree {
  if (patterns.length !== noutputs)
    error(`${patterns.length} patterns, but ${noutputs} outputs are connected; each pattern needs one`);
  return laterTree(patterns.map((when, result) => ({ when, result })));
}
