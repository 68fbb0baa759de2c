/** How a list of rules is looked up: by a decision tree, which is code, or by tables, which are data; by what is estimated to be faster. */
import type { FunctionBuilder, I32 } from "@clickos/codegen";
import type { DecisionTree, Rule, TreeNode } from "./decision-tree.ts";
import type { PlaceData } from "./range-table.ts";
import { type RuleTables, ruleTables } from "./rule-tables.ts";
import { placeTables, sizeOfTables } from "./stage-tables.ts";
import { type KnownLengths, type LookupInput, stageLookup } from "./stage-tree.ts";
import { decisionTree } from "./tree-builder.ts";

/** With both, `tree` is of the rules that the tables do not have. */
export interface Decision {
  readonly tree: DecisionTree | undefined;
  readonly tables: RuleTables | undefined;
}

/** Longer lists are not tried as a tree first. */
const mostForTree = 64;
/** Comparisons on the way to a result, each of which a processor guesses wrong every second time: tables take as long. */
const comparisons = 4;

/** The results of rules ascend. */
export function decisionOf(rules: readonly Rule[]): Decision {
  const first = rules.length <= mostForTree ? decisionTree(rules) : undefined;
  if (first && expectedComparisons(first) <= comparisons) return { tree: first, tables: undefined };
  const tables = ruleTables(rules);
  if (!tables) return { tree: first ?? decisionTree(rules), tables };
  return { tree: tables.others.length > 0 ? decisionTree(tables.others) : undefined, tables };
}

/** A tree, whatever it takes. */
export function treeOf(rules: readonly Rule[]): Decision {
  return { tree: decisionTree(rules), tables: undefined };
}

/** The same, made when it is asked for first: handlers of an element need none. */
export function laterDecision(rules: readonly Rule[]): () => Decision {
  let decision: Decision | undefined;
  return () => {
    decision ??= decisionOf(rules);
    return decision;
  };
}

/** Looks up a packet; the result is the rule's, or -1. */
export function stageDecision(
  c: FunctionBuilder,
  context: { readonly name: string; readonly data: PlaceData },
  { tree, tables }: Decision,
  input: LookupInput,
  known: KnownLengths = {},
): I32 {
  const inTree = tree && stageLookup(c, context, tree, input, known);
  if (!tables) return inTree as I32;
  const { otherwise } = tables;
  const inTables = placeTables(context.data, tables)(c, input, known);
  // No result is the greatest number without a sign.
  const first = inTree ? c.select(inTables.ltU(inTree), inTables, inTree) : inTables;
  return otherwise < 0 ? first : c.select(first.ltS(0), c.i32(otherwise), first);
}

/** What a handler says of a decision: lines of a name and a number. */
export function describeDecision({ tree, tables }: Decision): string {
  const lines = [`trees ${tree?.length ?? 0}`, `automata ${tables?.automata.length ?? 0}`];
  return `${[...lines, `bytes ${tables ? sizeOfTables(tables) : 0}`].join("\n")}\n`;
}

/** How often the value of a field is compared on the way to a result, all ways being taken as often. */
function expectedComparisons([root, ...more]: DecisionTree): number {
  if (!root || more.length > 0 || root.kind === "all" || root.kind === "none") return Number.POSITIVE_INFINITY;
  const known = new Map<TreeNode, number>();
  const visit = (node: TreeNode): number => {
    if (node.kind === "leaf") return 0;
    let expected = known.get(node);
    if (expected === undefined) {
      const { segments } = node;
      expected = Math.log2(segments.length) + segments.reduce((sum, s) => sum + visit(s.next), 0) / segments.length;
      known.set(node, expected);
    }
    return expected;
  };
  return visit(root as TreeNode);
}
