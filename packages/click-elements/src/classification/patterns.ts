/** What languages of patterns share: mistakes in them, and rules that decide where a packet goes. */
import type { PrepareContext } from "@clickos/click-core/element";
import type { Rule } from "./decision-tree.ts";
import { always } from "./expression.ts";
import { expressionOf, type WordLayout } from "./match-expression.ts";
import type { MatchTree } from "./match-tree.ts";

/** What is wrong with a pattern. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly code = "BAD_PATTERN";
}

/** Told of what is wrong with a pattern. */
export interface Report {
  /** `hint` is asked where it is shown. */
  error(message: string, hint?: () => string | undefined): void;
  warning(message: string): void;
}

/** Reads a text; the first mistake is thrown. @throws {PatternError} */
export function readPattern<T>(read: (report: Report) => T): T {
  return read({
    error(message) {
      throw new PatternError(message);
    },
    warning() {},
  });
}

/** Reports what is wrong with one of an element's arguments, which are counted from 0 in messages. */
export function patternReport(
  { error, warning }: Pick<PrepareContext<unknown>, "error" | "warning">,
  argument: number,
): Report {
  return {
    error: (message, hint) => error(`pattern ${argument}: ${message}`, argument, hint),
    warning: (message) => warning(message, { argument, subject: `pattern ${argument}` }),
  };
}

/** Where packets go that a tree of tests holds for: to an output, or nowhere where that is negative. */
export interface MatchRule {
  /** What tests nothing at all is no rule that always holds: a packet that comes so far goes nowhere. */
  readonly when: MatchTree | undefined;
  readonly output: number;
}

/** Rules for a decision tree; the result of each is its place. */
export function rulesFor(rules: readonly MatchRule[], layout: WordLayout): Rule[] {
  return rules.map(({ when }, result) => ({ when: when ? expressionOf(when, layout) : always, result }));
}
