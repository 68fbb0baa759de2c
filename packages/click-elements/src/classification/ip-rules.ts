/** The rules of IPFilter and IPClassifier: read from arguments, made decision trees, shown as programs. */
import { arg, type PrepareContext, type Scope } from "@clickos/click-core/element";
import { unquote } from "@clickos/click-language/arguments";
import { type Decision, decisionOf, describeDecision, treeOf } from "./decision.ts";
import { readIpPattern } from "./ip-pattern.ts";
import { ipWords } from "./ip-words.ts";
import { headerWords, shortHeaderWords } from "./match-expression.ts";
import { type MatchProgram, nowhere } from "./match-program.ts";
import { everything, mayPassShort, sizeOf, usesEther } from "./match-tree.ts";
import { type MatchRule, patternReport, type Report, rulesFor } from "./patterns.ts";
import { filterProgram, formatMerged } from "./program-text.ts";

/** More tests than this have one decision tree for packets of any length. */
const fewTests = 256;

/** Rules, and what is made of them when it is asked for: handlers of an element need no decision tree. */
export class IpRules {
  readonly rules: readonly MatchRule[];
  private trees: IpTrees | undefined;
  private made: MatchProgram | undefined;

  constructor(rules: readonly MatchRule[]) {
    this.rules = rules;
  }

  /** What decides; results are places of rules, or -1. */
  get decisions(): IpTrees {
    this.trees ??= this.makeTrees();
    return this.trees;
  }

  private makeTrees(): IpTrees {
    const trees = this.rules.flatMap(({ when }) => when ?? []);
    const few = sizeOf(trees, fewTests) <= fewTests;
    const exact = few && trees.some(mayPassShort) ? this.compiled : undefined;
    const blurred = exact?.blurred ? exact : undefined;
    return {
      whole: decisionOf(rulesFor(this.rules, headerWords)),
      short: few && !blurred ? treeOf(rulesFor(this.rules, shortHeaderWords)) : undefined,
      program: blurred,
      rules: this.rules,
      ether: trees.some(usesEther),
    };
  }

  private get compiled(): MatchProgram {
    this.made ??= filterProgram(
      this.rules.map(({ when, output }) => ({ when, output: output < 0 ? -nowhere : output })),
    );
    return this.made;
  }

  /** Click's program, as text. */
  get program(): string {
    return formatMerged(this.compiled);
  }

  /** How packets are looked up, as text. */
  get lookup(): string {
    return describeDecision(this.decisions.whole);
  }

  /** Which outputs no packet reaches, as far as Click's program shows. */
  unreached(noutputs: number): number[] {
    return Array.from({ length: noutputs }, (_, i) => i).filter((i) => !this.compiled.reaches(i));
  }
}

/**
 * Decision trees for packets that have a whole IP header, and for those that do not; the first is for all where there is one. A
 * program is for packets that are too short for some of its tests.
 */
export interface IpTrees {
  readonly whole: Decision;
  readonly short: Decision | undefined;
  readonly program: MatchProgram | undefined;
  readonly rules: readonly MatchRule[];
  /** Whether Ethernet headers are looked at. */
  readonly ether: boolean;
}

/** Reads `ACTION PATTERN`; the action is `allow`, `deny`, `drop` or the number of an output. */
export function readFilterRule(words: readonly string[], noutputs: number, scope: Scope, report: Report): MatchRule {
  const [action = "", ...pattern] = words;
  let output = -1;
  if (action === "allow") {
    output = 0;
    if (noutputs === 0) report.error("'allow' is meaningless, element has zero outputs");
  } else if (action !== "deny" && action !== "drop") {
    const number = arg.i32.parse(action, scope);
    if (typeof number !== "number") report.error(`unknown slot ID '${action}'`);
    else if (number < 0 || number >= noutputs) report.error(`slot '${number}' out of range`);
    else output = number;
  }
  if (pattern.length === 0) return { when: everything, output };
  return { when: readIpPattern(pattern, scope, report), output };
}

/** Reads the arguments of an element, each a rule. */
export function readFilterRules(
  texts: readonly string[],
  context: Pick<PrepareContext<unknown>, "noutputs" | "scope" | "error" | "warning">,
): IpRules {
  const rules = texts.flatMap((text, i) => {
    const words = ipWords(unquote(text));
    if (words.length === 0) {
      context.error(`empty pattern ${i}`, i);
      return [];
    }
    return readFilterRule(words, context.noutputs, context.scope, patternReport(context, i));
  });
  return new IpRules(rules);
}
