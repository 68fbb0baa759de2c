/** What classifiers of one pattern an output share: reading the patterns, reporting what is wrong with them. */
import type { PrepareContext } from "@clickos/click-core/element";
import type { DecisionTree } from "./decision-tree.ts";
import { type Expression, never } from "./expression.ts";
import { laterTree } from "./tree-builder.ts";

/** What is wrong with a pattern. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly code = "BAD_PATTERN";
}

/** The tree that gives each packet the number of its first matching pattern. Mistakes are reported together. */
export function patternTree(
  patterns: readonly string[],
  parse: (text: string) => Expression,
  { noutputs, error }: Pick<PrepareContext<unknown>, "noutputs" | "error">,
): () => DecisionTree {
  if (patterns.length !== noutputs)
    error(`${patterns.length} patterns, but ${noutputs} outputs are connected; each pattern needs one`);
  return laterTree(
    patterns.map((text, result) => {
      try {
        return { when: parse(text), result };
      } catch (e) {
        if (!(e instanceof PatternError)) throw e;
        error(`pattern ${result + 1}: ${e.message}`, result);
        return { when: never, result };
      }
    }),
  );
}
